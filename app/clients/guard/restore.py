"""What the guard does with a file that changed: nothing, respect it, or put Lou's entry back."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from app.clients.catalog import Client
from app.clients.files.apply import AppliedChange, ClientFile, ReadFile
from app.clients.files.backups import FileRecord
from app.clients.planning import entries, plan
from app.clients.planning.entry_loss import Loss, LossVerdict, judge
from app.clients.planning.file_state import RefusedError, refusal
from app.clients.planning.plan import Change, DesiredEntries
from app.clients.running import Instance, as_marks
from app.formats import text_edits
from app.formats.spans import FormatError, Outline

log = logging.getLogger(__name__)


class Outcome(Enum):
    """What a look at one file came to."""

    FINE = "fine"
    UNREADABLE = "unreadable"
    REMOVED = "removed"
    WIPED = "wiped"
    """Not put back yet: `put_back` does that."""


@dataclass(frozen=True, slots=True)
class Look:
    """The outcome, with the entries it is about."""

    outcome: Outcome
    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def is_untouched(file: ClientFile) -> bool:
    """Whether Lou's entries stand in the file letter for letter: known without reading it all."""
    content = file.see().content
    if content is None:
        return False
    edits = file.shelf.record(content).edits
    return bool(edits) and edits[0].new.encode("utf-8", "surrogatepass") in content


def look(client: Client, file: ClientFile) -> Look:
    """Look at a file of a connected client, and remember it as good when nothing is missing."""
    seen = file.see()
    record = file.shelf.record(seen.content)
    if not record.wanted or _is_gone(seen):
        return Look(Outcome.FINE)
    try:
        now = None if seen.content is None else _outline(client, seen.content)
    except FormatError:
        return Look(Outcome.UNREADABLE)
    if seen.problem is not None:
        return Look(Outcome.UNREADABLE)
    verdict = _verdict(file, record, now)
    others = tuple(verdict.others)
    if verdict.loss is Loss.WIPED:
        return Look(Outcome.WIPED, verdict.ours, others)
    if verdict.loss is Loss.REMOVED:
        _respect(file, record, verdict.ours)
        return Look(Outcome.REMOVED, verdict.ours)
    if not others and now is not None:
        _remember(file, now)
    return Look(Outcome.FINE, others=others)


def _is_gone(seen: ReadFile) -> bool:
    """Whether the file's own folder is gone: then the client is."""
    return seen.problem is None and not seen.real.parent.is_dir()


def put_back(
    client: Client, file: ClientFile, wish: DesiredEntries, running: tuple[Instance, ...]
) -> None:
    """Put Lou's wiped entries into what the file says now; `running` have it without them.

    Raises:
        RefusedError: the file cannot be edited.
        ClientConfigError: it could not be written.
    """

    def again(content: bytes | None, record: FileRecord) -> Change:
        away = set(record.left_out)
        servers = [s for s in wish.servers if entries.entry_name(client, s) not in away]
        change = plan.connect(client, content, replace(wish, servers=tuple(servers)), record)
        kept = replace(change.record, left_out=record.left_out)
        return replace(change, record=kept)

    file.carry_out(again, cached_by=as_marks(running))


def put_others_back(client: Client, file: ClientFile) -> AppliedChange:
    """Put the user's own lost entries back, as they were in the last good copy.

    Raises:
        RefusedError: the file cannot be edited.
        ClientConfigError: it could not be written.
    """

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
    """The user's own entries that the last good copy has and the file has not."""
    try:
        now = None if content is None else _outline(client, content)
    except FormatError:
        return {}
    if not record.wanted:
        return {}
    return dict(_verdict(file, record, now).others)


def forget_old_copies(file: ClientFile) -> None:
    """No process holds the file any more as it was before Lou wrote it."""
    record = file.shelf.record(file.see().content)
    if record.cached_by:
        file.shelf.settle(replace(record, cached_by=()))


def remember_good(client: Client, file: ClientFile, content: bytes | None) -> None:
    """Take this content for the last good one; no change depends on it."""
    if content is None:
        return
    try:
        _remember(file, _outline(client, content))
    except FormatError:
        log.warning("%s cannot be read; the last good copy stays", file.path)


def _remember(file: ClientFile, outline: Outline) -> None:
    try:
        file.shelf.keep_good(outline)
    except OSError as failure:
        log.warning("The last good copy could not be kept: %s", failure.strerror)


def _verdict(file: ClientFile, record: FileRecord, now: Outline | None) -> LossVerdict:
    ours = record.servers.keys() - set(record.left_out)
    return judge(file.shelf.good(), now, ours, has_old_copy=bool(record.cached_by))


def _respect(file: ClientFile, record: FileRecord, names: tuple[str, ...]) -> None:
    left_out = (*record.left_out, *names)
    gone = record.servers.keys() <= set(left_out)
    file.shelf.settle(replace(record, left_out=left_out, wanted=not gone))


def _outline(client: Client, content: bytes) -> Outline:
    return text_edits.read(text_edits.decode(content, client.layout).text, client.layout)
