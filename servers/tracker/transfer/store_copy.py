"""One store's entries into another, once: resumable, and verified entry by entry.

What is newer in the target stays. An entry whose pair the target has under another id is merged
into that one, unless it is deleted. How far it is stands in the target, so that it goes on after
any end. What others change in the source meanwhile is found by going through it again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from servers.host.tools.service import ToolError
from servers.tracker.entry import Draft, Entry, RejectedEntryError
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.base import Change, Counts, SealedRecord, Store

log = logging.getLogger(__name__)
State = Literal["none", "running", "done", "stopped", "failed"]
_AT_ONCE = 100
_PASSES = 5


@dataclass(slots=True)
class CopyProgress:
    """How far a copy is: entries seen, taken over, merged, there already, and not as they were.

    `mark` is what the source held when it was begun to be gone through.
    """

    state: State = "none"
    mark: str = ""
    after: str = ""
    total: int = 0
    seen: int = 0
    taken: int = 0
    merged: int = 0
    differing: int = 0
    message: str = ""


class StoreCopy:
    """The copy from `source` into the store of `board`."""

    def __init__(self, source: Store, boards: Callable[[], EntryService]) -> None:
        self.progress = CopyProgress()
        self._source = source
        self._boards = boards
        """The board in use: keys may change before the copy is over."""
        self._name = f"copy from {source.kind}"

    async def recall(self) -> CopyProgress:
        """How far it came in an earlier life."""
        text = await self._boards().store.recall(self._name)
        if text:
            self.progress = CopyProgress(**json.loads(text))
            if self.progress.state == "running":
                self.progress.state = "stopped"
        return self.progress

    async def run(self) -> None:
        """Go on where it stopped, to the end."""
        try:
            if (await self.recall()).state == "done":
                self.progress = CopyProgress()
            self.progress.state, self.progress.message = "running", ""
            await self._go_through()
            await self._keep()
        except ToolError as trouble:
            self.progress.state, self.progress.message = "stopped", trouble.message
        except asyncio.CancelledError:
            self.progress.state = "stopped"
            raise
        except Exception:
            self.progress.state = "failed"
            self.progress.message = "It failed; the log of this server says why."
            raise

    async def _go_through(self) -> None:
        """Take over what the source holds, again while it changes."""
        for _ in range(_PASSES):
            if not self.progress.after:
                self._begin(await self._source.counts())
            while rows := await self._source.scan(self.progress.after, _AT_ONCE):
                await self._take(rows)
            if _mark(await self._source.counts()) == self.progress.mark:
                self._conclude()
                return
            self.progress.after = ""
        self.progress.state = "stopped"
        self.progress.message = "The old store is being changed all the time. Copy again later."

    def _begin(self, counts: Counts) -> None:
        progress = self.progress
        progress.mark = _mark(counts)
        progress.total = counts.live + counts.deleted
        progress.seen = progress.merged = progress.differing = 0

    async def _take(self, rows: Sequence[tuple[SealedRecord, Sequence[Change]]]) -> None:
        board = self._boards()
        with board.underway:
            await self._take_over(board, rows)
        self.progress.seen += len(rows)
        self.progress.after = rows[-1][0].id
        await self._keep()

    async def _take_over(
        self, board: EntryService, rows: Sequence[tuple[SealedRecord, Sequence[Change]]]
    ) -> None:
        fresh: list[tuple[SealedRecord, Sequence[Change]]] = []
        for record, changes in rows:
            entry = board.scribe.entry(record)
            if entry.locked:
                fresh.append((record, changes))
            elif not await self._merged(board, entry):
                fresh.append((board.scribe.record(entry), changes))
        self.progress.taken += await board.store.adopt(fresh)
        present = await asyncio.gather(*(board.store.get(record.id) for record, _ in fresh))
        for (record, _), found in zip(fresh, present, strict=True):
            self.progress.differing += not _same(board, record, found)

    async def _merged(self, board: EntryService, entry: Entry) -> bool:
        """Whether the target has the pair of `entry` under another id, and holds all of it now."""
        others = await board.store.paired(board.scribe.pairs(entry))
        if not others or any(other.id == entry.id for other in others):
            return False
        self.progress.merged += 1
        if entry.deleted:
            return True
        draft = Draft(entry.url, entry.email, entry.note, entry.tags, entry.status)
        (result,) = await board.track([draft], "copy")
        self.progress.differing += isinstance(result, RejectedEntryError)
        return True

    def _conclude(self) -> None:
        progress = self.progress
        progress.state = "failed" if progress.differing else "done"
        progress.message = (
            f"{progress.differing} entries are not in the new store as they were in the old one. "
            "The old store is untouched; start the copy again."
            if progress.differing
            else f"All {progress.seen} entries are in the new store, compared one by one."
        )
        if progress.differing:
            progress.after = ""
        log.info("%s", progress.message)

    async def _keep(self) -> None:
        await self._boards().store.remember(self._name, json.dumps(asdict(self.progress)))


def _mark(counts: Counts) -> str:
    return f"{counts.live} {counts.deleted} {counts.last_changed}"


def _same(board: EntryService, record: SealedRecord, found: SealedRecord | None) -> bool:
    """Whether the target has all of `record`, or something newer."""
    if found is None:
        return False
    return found.version > record.version or _hash(board, found) == _hash(board, record)


def _hash(board: EntryService, record: SealedRecord) -> str:
    entry = asdict(board.scribe.entry(record))
    entry.pop("changed")  # the store's own order
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
