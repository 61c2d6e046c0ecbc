"""What the window and the command line show of a client: files, states, proof, next step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from app.clients.catalog import Client
from app.clients.files.apply import ClientFile, ReadFile
from app.clients.files.backups import FileRecord
from app.clients.planning import connection_proof
from app.clients.planning.connection_proof import Proof, ProofProgress, ProofStep
from app.clients.planning.file_state import FileState, Finding
from app.clients.planning.plan import DesiredEntries, find_state

_WORST_FIRST = (
    FileState.UNREADABLE,
    FileState.AMBIGUOUS,
    FileState.FOREIGN,
    FileState.OUTDATED,
    FileState.ABSENT,
    FileState.CONNECTED,
)
_TITLES = {
    ProofStep.WRITTEN: "Written",
    ProofStep.RESTARTED: "Restarted",
    ProofStep.INITIALIZED: "Session opened",
    ProofStep.LISTED: "Tools listed",
    ProofStep.CALLED: "Last call",
}

_OF_CLIENT = (
    *("id", "name", "tier", "has_file", "list_changed"),
    *("reload_words", "limits", "evidence", "note"),
)
"""The fields of a view that are those of its client."""


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of a client."""

    path: str
    exists: bool
    state: str
    reason: str = ""
    hint: str = ""
    line: int = 0
    column: int = 0
    entries: tuple[str, ...] = ()
    """Lou's entries in it."""
    switched_off: tuple[str, ...] = ()
    can_undo: bool = False
    backups: int = 0
    backup_folder: str = ""


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the proof; `at` is in epoch seconds, 0 for not reached."""

    step: str
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class EntryProofView:
    """How far the client got with one server, in epoch seconds; 0 for never since the write."""

    server: str
    initialized: float
    listed: float
    called: float


@dataclass(frozen=True, slots=True)
class ClientView:
    """One row of the Clients page, and of `lou clients list --json`."""

    id: str
    name: str
    tier: int
    installed: bool
    has_file: bool
    state: str
    """absent, connected, outdated, foreign, unreadable or ambiguous: the worst of its files."""
    reason: str
    hint: str
    files: tuple[FileView, ...]
    wanted: bool
    """The user connected it."""
    proof: tuple[StepView, ...]
    entries: tuple[EntryProofView, ...]
    """The same for each server whose entry is in its files."""
    missing: tuple[str, ...]
    """Entries that it does not have yet, while all that it has are right."""
    advice: str
    """What to do next, as a sentence, or empty."""
    needs_restart: bool
    version: str
    protocol: str
    """The version of MCP that it spoke last, or empty."""
    capabilities: tuple[str, ...]
    """What it declared to a server of the user's own, by the names of the protocol."""
    running: bool
    can_quit: bool
    """Lou can ask it to quit and start it again."""
    guard: str
    """off, watching or stopped"""
    lost: tuple[str, ...]
    """The user's own entries that were lost together with Lou's and can be restored."""
    can_undo: bool
    has_link: bool
    has_command: bool
    has_bundle: bool
    list_changed: bool | None
    reload_words: str
    limits: Mapping[str, int]
    evidence: str
    note: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """One file: its content, Lou's record of it, and its state."""

    file: ClientFile
    current: ReadFile
    record: FileRecord
    finding: Finding


def inspect(client: Client, file: ClientFile, desired: DesiredEntries) -> Inspected:
    """Read one file and find its state."""
    current = file.read()
    record = file.store.record(current.content)
    finding = current.problem or find_state(client, current.content, desired, record)
    return Inspected(file, current, record, finding)


@dataclass(frozen=True, slots=True)
class ClientContext:
    """What Lou knows of a client beyond its files."""

    installed: bool = False
    running: bool = False
    can_quit: bool = False
    guard: str = "off"
    lost: tuple[str, ...] = ()


def client_view(
    client: Client, files: tuple[Inspected, ...], context: ClientContext, proof: Proof
) -> ClientView:
    worst = _worst(files)
    wanted = any(each.record.wanted for each in files)
    present = any(each.finding.present for each in files)
    servers = _servers(files) if wanted and present else ()
    shown = proof if servers else replace(proof, written=0.0)
    step = shown.step(servers)
    return ClientView(
        **{name: getattr(client, name) for name in _OF_CLIENT},
        **asdict(context),
        state=worst.state.value,
        reason=worst.reason,
        hint=worst.hint,
        files=tuple(_file_view(each) for each in files),
        wanted=wanted,
        proof=tuple(StepView(s.name.lower(), t, shown.at(s, servers)) for s, t in _TITLES.items()),
        entries=tuple(_entry_proof(name, shown) for name in servers),
        missing=worst.missing,
        advice=connection_proof.advice(shown, servers, client)
        if step is not ProofStep.CALLED
        else "",
        needs_restart=step is ProofStep.WRITTEN and client.reload == "restart",
        version=shown.version,
        protocol=shown.protocol,
        capabilities=tuple(shown.capabilities),
        can_undo=any(each.record.undo for each in files),
        has_link=bool(client.link),
        has_command=bool(client.cli),
        has_bundle=client.bundle,
    )


def _entry_proof(server: str, proof: Proof) -> EntryProofView:
    """A session that is older than the last write proves nothing."""
    reached = proof.servers.get(server, ProofProgress())
    since = proof.written or math.inf
    times = (reached.initialized, reached.listed, reached.called)
    return EntryProofView(server, *(at if at >= since else 0.0 for at in times))


def _worst(files: tuple[Inspected, ...]) -> Finding:
    if not files:
        return Finding(FileState.ABSENT)
    return min((each.finding for each in files), key=lambda found: _WORST_FIRST.index(found.state))


def _servers(files: tuple[Inspected, ...]) -> tuple[str, ...]:
    """The servers whose entries are in the files now."""
    named = {each.record.servers.get(name, "") for each in files for name in each.finding.present}
    return tuple(sorted(named - {""}))


def _file_view(each: Inspected) -> FileView:
    found = each.finding
    return FileView(
        path=str(each.file.path),
        exists=each.current.content is not None or each.current.problem is not None,
        state=found.state.value,
        reason=found.reason,
        hint=found.hint,
        line=found.line,
        column=found.column,
        entries=found.present,
        switched_off=found.switched_off,
        can_undo=each.record.undo is not None,
        backups=len(each.file.store.backups()),
        backup_folder=str(each.file.store.folder),
    )
