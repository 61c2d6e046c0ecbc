"""Finds the state of a client file and plans each change to it. Pure: bytes in, bytes out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.clients.catalog import Client
from app.clients.files.backups import FileRecord
from app.clients.planning import entries as own
from app.clients.planning.file_state import FileState, Finding, RefusedError, refusal
from app.formats import text_edits
from app.formats.spans import FormatError, Outline
from app.formats.text_edits import ClientText


@dataclass(frozen=True, slots=True)
class DesiredEntries:
    """What should be in the file: the servers, and how the bridge is started."""

    servers: tuple[str, ...]
    bridge: own.Bridge
    paused: tuple[str, ...] = ()
    """Servers that are switched off: their entries may stay, and need not exist."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after a change; None stands for no file."""

    before: bytes | None
    after: bytes | None
    record: FileRecord

    @property
    def is_needed(self) -> bool:
        return self.before != self.after


def find_state(
    client: Client, content: bytes | None, desired: DesiredEntries, record: FileRecord
) -> Finding:
    """The state of a file with this content; None stands for no file."""
    wanted = own.entries(client, desired.servers, desired.bridge)
    try:
        page = _page(client, content)
        outline = text_edits.read(page.text, client.layout)
        if wanted and not wanted.keys() & outline.servers.keys():
            text_edits.add(page.text, client.layout, wanted, outline)
    except FormatError as broken:
        return refusal(broken)
    known = {**wanted, **own.entries(client, desired.paused, desired.bridge)}
    own_entries = _own_entries(client, outline, known, record)
    foreign = tuple(name for name in wanted if name in outline.servers and name not in own_entries)
    found = Finding(
        FileState.CONNECTED,
        present=tuple(own_entries),
        foreign=foreign,
        switched_off=tuple(n for n in own_entries if own.switched_off(client, outline.servers[n])),
    )
    if foreign:
        return _foreign_finding(found)
    if not own_entries:
        return replace(found, state=FileState.ABSENT)
    right = {name for name, entry in known.items() if _runs_the_same(client, outline, name, entry)}
    expected = wanted.keys() - set(record.left_out)
    if expected <= own_entries.keys() <= right:
        return found
    return _outdated_finding(found, own_entries.keys() - right, expected - own_entries.keys())


def connect(
    client: Client,
    content: bytes | None,
    desired: DesiredEntries,
    record: FileRecord,
    *,
    replace_foreign: bool = False,
) -> Change:
    """The change that writes Lou's entries.

    Raises:
        RefusedError: the file cannot be edited, or has a foreign entry with Lou's name.
    """
    finding = find_state(client, content, desired, record)
    _check(finding, replace_foreign=replace_foreign)
    paused = own.entries(client, desired.paused, desired.bridge)
    kept = {name: entry for name, entry in paused.items() if name in finding.present}
    wanted = {**own.entries(client, desired.servers, desired.bridge), **kept}
    claimed = replace(record, wanted=True, left_out=(), servers=_servers(client, desired, wanted))
    if finding.state is FileState.CONNECTED and not set(wanted) - set(finding.present):
        return Change(content, content, _with_launches(client, claimed, wanted))
    try:
        return _connect_change(client, content, wanted, record=claimed, finding=finding)
    except FormatError as broken:
        raise RefusedError(refusal(broken)) from broken


def disconnect(
    client: Client, content: bytes | None, desired: DesiredEntries, record: FileRecord
) -> Change:
    """The change that removes Lou's entries, and the file if Lou made it and nothing else is in it.

    Raises:
        RefusedError: the file cannot be edited.
    """
    free = replace(record, wanted=False, left_out=(), cached_by=())
    finding = find_state(client, content, desired, record)
    _check(finding, replace_foreign=True)
    if content is None or not finding.present:
        return Change(content, content, free)
    try:
        page = text_edits.decode(content, client.layout)
        text = _without_entries(client, page.text, record, finding.present)
    except FormatError as broken:
        raise RefusedError(refusal(broken)) from broken
    if record.made_file and text.split() in ([], ["{}"], ["{", "}"]):
        return Change(content, None, free)
    return Change(content, page.with_text(text).encoded(), free)


def restored(client: Client, content: bytes, entries: Mapping[str, Any]) -> bytes:
    """The file with the user's own lost entries; raises FormatError if it cannot be edited."""
    page = text_edits.decode(content, client.layout)
    missing = {
        name: entry
        for name, entry in entries.items()
        if name not in text_edits.read(page.text, client.layout).servers
    }
    if not missing:
        return content
    edit = text_edits.add(page.text, client.layout, missing)
    return page.with_text(edit.apply(page.text)).encoded()


def snippet(client: Client, desired: DesiredEntries) -> str:
    """Lou's entries in the format of the client's file, for a person to paste.

    For a client without a file they are JSON under `mcpServers`, as most clients take them.
    """
    if not client.has_file:
        found = own.entries(client, desired.servers, desired.bridge)
        return json.dumps({"mcpServers": found}, indent=2, ensure_ascii=False)
    written = connect(client, None, desired, FileRecord()).after or b""
    return text_edits.decode(written, client.layout).text


def _check(finding: Finding, *, replace_foreign: bool) -> None:
    refused = {FileState.UNREADABLE, FileState.AMBIGUOUS}
    if finding.state in (refused if replace_foreign else refused | {FileState.FOREIGN}):
        raise RefusedError(finding)


def _connect_change(
    client: Client,
    content: bytes | None,
    wanted: Mapping[str, Any],
    *,
    record: FileRecord,
    finding: Finding,
) -> Change:
    page = _page(client, content)
    outline = text_edits.read(page.text, client.layout)
    found = outline.servers
    merged = {name: own.repaired(client, found.get(name), wanted[name]) for name in wanted}
    known = record if finding.present else replace(record, made_file=False, made_root=False)
    text = _without_entries(client, page.text, known, (*finding.present, *finding.foreign))
    if text != page.text:
        outline = text_edits.read(text, client.layout)
    edit = text_edits.add(text, client.layout, merged, outline)
    after = replace(
        record.with_write(
            edit, {name: own.launch(client, entry) for name, entry in merged.items()}
        ),
        made_file=known.made_file or content is None,
        made_root=not outline.has_root,
    )
    return Change(content, page.with_text(edit.apply(text)).encoded(), after)


def _without_entries(client: Client, text: str, record: FileRecord, names: Sequence[str]) -> str:
    """`text` without these entries; exactly the earlier text where the record allows that."""
    before = text_edits.take_back(text, client.layout, record.edits, names)
    left = text if before is None else before
    return text_edits.remove(left, client.layout, names, drop_root=record.made_root)


def _page(client: Client, content: bytes | None) -> ClientText:
    if content is not None:
        return text_edits.decode(content, client.layout)
    return ClientText("" if client.layout.format in ("toml", "yaml") else "{}\n")


def _own_entries(
    client: Client, outline: Outline, wanted: Mapping[str, Any], record: FileRecord
) -> dict[str, Any]:
    """Lou's entries: those with a launch that Lou wrote or would write now."""
    return {
        name: entry
        for name, entry in outline.servers.items()
        if record.knows(name, own.launch(client, entry))
        or (name in wanted and _runs_the_same(client, outline, name, wanted[name]))
    }


def _runs_the_same(client: Client, outline: Outline, name: str, entry: Any) -> bool:
    found = outline.servers.get(name)
    return found is not None and own.launch(client, found) == own.launch(client, entry)


def _with_launches(client: Client, record: FileRecord, wanted: Mapping[str, Any]) -> FileRecord:
    launches = {name: own.launch(client, entry) for name, entry in wanted.items()}
    return record.with_write(None, launches)


def _servers(client: Client, desired: DesiredEntries, wanted: Mapping[str, Any]) -> dict[str, str]:
    named = {
        own.entry_name(client, server): server for server in (*desired.servers, *desired.paused)
    }
    return {name: named[name] for name in wanted}


def _foreign_finding(found: Finding) -> Finding:
    names = ", ".join(f"`{name}`" for name in found.foreign)
    return replace(
        found,
        state=FileState.FOREIGN,
        reason=f"There is an entry {names} that Lou did not write.",
        hint="Look at the difference; replace it (in a terminal: --replace), or rename it.",
    )


def _outdated_finding(found: Finding, wrong: set[str], missing: set[str]) -> Finding:
    names = ", ".join(f"`{name}`" for name in sorted(missing))
    lacks = (
        f"{names} {'is' if len(missing) == 1 else 'are'} not in its file yet." if missing else ""
    )
    if not wrong:
        return replace(
            found,
            state=FileState.OUTDATED,
            reason=lacks,
            hint="Add it, or leave the client as it is: what it has goes on working.",
            missing=tuple(sorted(missing)),
        )
    one = len(wrong) == 1
    points = f"{len(wrong)} {'entry' if one else 'entries'} of Lou's {'points' if one else 'point'}"
    return replace(
        found,
        state=FileState.OUTDATED,
        reason=f"{points} to another place or to a server that is off. {lacks}".strip(),
        hint="Repair writes the right ones.",
    )
