"""Examines a changed file of a connected client, and restores lost entries.

In: a client and its file. Out: a `GuardFinding`, or a restored file.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from app.clients.catalog import Client
from app.clients.files.apply import AppliedChange, ClientFile
from app.clients.files.backups import FileRecord
from app.clients.planning import entries, plan
from app.clients.planning.entry_loss import Loss, LossVerdict, judge
from app.clients.planning.file_state import RefusedError, refusal
from app.clients.planning.plan import Change, DesiredEntries
from app.clients.running import Instance
from app.formats import text_edits
from app.formats.spans import FormatError, Outline

log = logging.getLogger(__name__)


class Outcome(Enum):
    """The result of examining one file."""

    FINE = "fine"
    UNREADABLE = "unreadable"
    REMOVED = "removed"
    WIPED = "wiped"
    """Not restored yet: `put_back` does that."""


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """The outcome, with Lou's missing entries and the user's."""

    outcome: Outcome
    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def is_untouched(file: ClientFile) -> bool:
    """Quick check: whether the file holds Lou's entries byte for byte. Does not parse it."""
    content = file.read().content
    if content is None:
        return False
    edits = file.store.record(content).edits
    return bool(edits) and edits[0].new.encode("utf-8", "surrogatepass") in content


def examine(client: Client, file: ClientFile) -> GuardFinding:
    """Examine a file of a connected client, and save it as good when nothing is missing."""
    current = file.read()
    record = file.store.record(current.content)
    is_gone = current.problem is None and not current.real.parent.is_dir()
    if is_gone or not record.wanted:
        return GuardFinding(Outcome.FINE)
    try:
        now = None if current.content is None else _outline(client, current.content)
    except FormatError:
        return GuardFinding(Outcome.UNREADABLE)
    if current.problem is not None:
        return GuardFinding(Outcome.UNREADABLE)
    verdict = _verdict(file, record, now)
    others = tuple(verdict.others)
    if verdict.loss is Loss.WIPED:
        return GuardFinding(Outcome.WIPED, verdict.ours, others)
    if verdict.loss is Loss.REMOVED:
        _respect(file, record, verdict.ours)
        return GuardFinding(Outcome.REMOVED, verdict.ours)
    if not others and now is not None:
        _remember(file, now)
    return GuardFinding(Outcome.FINE, others=others)


def put_back(
    client: Client, file: ClientFile, desired: DesiredEntries, running: tuple[Instance, ...]
) -> None:
    """Restore Lou's wiped entries; `running` are processes that hold the file without them.

    Raises:
        RefusedError: the file cannot be edited.
        ClientConfigError: the file could not be written.
    """

    def with_ours(content: bytes | None, record: FileRecord) -> Change:
        left_out = set(record.left_out)
        servers = [s for s in desired.servers if entries.entry_name(client, s) not in left_out]
        change = plan.connect(client, content, replace(desired, servers=tuple(servers)), record)
        kept = replace(change.record, left_out=record.left_out)
        return replace(change, record=kept)

    file.carry_out(with_ours, cached_by=running)


def put_others_back(client: Client, file: ClientFile) -> AppliedChange:
    """Restore the user's own lost entries from the last good copy; raises as `put_back` does."""

    def with_others(content: bytes | None, record: FileRecord) -> Change:
        others = lost_others(client, file, record, content)
        if content is None or not others:
            return Change(content, content, record)
        try:
            return Change(content, plan.restored(client, content, others), record)
        except FormatError as broken:
            raise RefusedError(refusal(broken)) from broken

    done = file.carry_out(with_others)
    remember_good(client, file, done.after)
    return done


def lost_others(
    client: Client, file: ClientFile, record: FileRecord, content: bytes | None
) -> dict[str, Any]:
    """The user's entries that are in the last good copy and not in the file."""
    try:
        now = None if content is None else _outline(client, content)
    except FormatError:
        return {}
    if not record.wanted:
        return {}
    return dict(_verdict(file, record, now).others)


def forget_old_copies(file: ClientFile) -> None:
    """Record that no process holds an old copy of the file any more."""
    record = file.store.record(file.read().content)
    if record.cached_by:
        file.store.settle(replace(record, cached_by=()))


def remember_good(client: Client, file: ClientFile, content: bytes | None) -> None:
    """Save this content as the last good copy; a failure is only logged."""
    if content is None:
        return
    try:
        _remember(file, _outline(client, content))
    except FormatError:
        log.warning("%s cannot be read; the last good copy stays", file.path)


def _remember(file: ClientFile, outline: Outline) -> None:
    try:
        file.store.keep_good(outline)
    except OSError as failure:
        log.warning("The last good copy could not be kept: %s", failure.strerror)


def _verdict(file: ClientFile, record: FileRecord, now: Outline | None) -> LossVerdict:
    ours = record.servers.keys() - set(record.left_out)
    return judge(file.store.good(), now, ours, has_old_copy=bool(record.cached_by))


def _respect(file: ClientFile, record: FileRecord, names: tuple[str, ...]) -> None:
    left_out = (*record.left_out, *names)
    gone = record.servers.keys() <= set(left_out)
    file.store.settle(replace(record, left_out=left_out, wanted=not gone))


def _outline(client: Client, content: bytes) -> Outline:
    return text_edits.read(text_edits.decode(content, client.layout).text, client.layout)
