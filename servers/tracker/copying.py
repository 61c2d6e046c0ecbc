"""One store's entries into another, once: resumable, and verified entry by entry.

What is newer in the target stays. An entry whose pair the target has under another id is merged
into that one. How far it is stands in the target, so that it goes on after any end.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from servers.tracker.board import Board
from servers.tracker.entry import Draft, Entry, Rejected
from servers.tracker.stores.base import Change, Record, Store, StoreError

log = logging.getLogger(__name__)
State = Literal["none", "running", "done", "stopped", "failed"]
_AT_ONCE = 100


@dataclass(slots=True)
class Progress:
    """How far a copy is: entries seen, taken over, merged, there already, and not as they were."""

    state: State = "none"
    after: str = ""
    total: int = 0
    seen: int = 0
    taken: int = 0
    merged: int = 0
    differing: int = 0
    message: str = ""


class Copying:
    """The copy from `source` into the store of `board`."""

    def __init__(self, source: Store, board: Board) -> None:
        self.progress = Progress()
        self._source = source
        self._board = board
        self._name = f"copy from {source.kind}"

    async def recall(self) -> Progress:
        """How far it came in an earlier life."""
        text = await self._board.store.recall(self._name)
        if text:
            self.progress = Progress(**json.loads(text))
            if self.progress.state == "running":
                self.progress.state = "stopped"
        return self.progress

    async def run(self) -> None:
        """Go on where it stopped, to the end."""
        progress = await self.recall()
        if progress.state == "done":
            self.progress = progress = Progress()
        progress.state, progress.message = "running", ""
        try:
            counts = await self._source.counts()
            progress.total = counts.live + counts.deleted
            while rows := await self._source.scan(progress.after, _AT_ONCE):
                await self._take(rows)
            self._conclude()
        except StoreError as trouble:
            progress.state, progress.message = "stopped", trouble.message
            return
        except asyncio.CancelledError:
            progress.state = "stopped"
            raise
        await self._keep()

    async def _take(self, rows: Sequence[tuple[Record, Sequence[Change]]]) -> None:
        fresh: list[tuple[Record, Sequence[Change]]] = []
        for record, changes in rows:
            entry = self._board.scribe.entry(record)
            if entry.locked:
                fresh.append((record, changes))
            elif not await self._merged(entry):
                fresh.append((self._board.scribe.record(entry), changes))
        self.progress.taken += await self._board.store.adopt(fresh)
        present = await asyncio.gather(*(self._board.store.get(record.id) for record, _ in fresh))
        for (record, _), found in zip(fresh, present, strict=True):
            self.progress.differing += not self._same(record, found)
        self.progress.seen += len(rows)
        self.progress.after = rows[-1][0].id
        await self._keep()

    async def _merged(self, entry: Entry) -> bool:
        """Whether the target has the pair of `entry` under another id, and holds all of it now."""
        others = await self._board.store.paired(self._board.scribe.pairs(entry))
        if not others or any(other.id == entry.id for other in others):
            return False
        draft = Draft(entry.url, entry.email, entry.note, entry.tags, entry.status)
        (result,) = await self._board.track([draft], "copy")
        self.progress.merged += 1
        self.progress.differing += isinstance(result, Rejected)
        return True

    def _same(self, record: Record, found: Record | None) -> bool:
        """Whether the target has all of `record`, or something newer."""
        if found is None:
            return False
        return found.version > record.version or self._hash(found) == self._hash(record)

    def _hash(self, record: Record) -> str:
        entry = asdict(self._board.scribe.entry(record))
        entry.pop("changed")  # the store's own order
        return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()

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
        await self._board.store.remember(self._name, json.dumps(asdict(self.progress)))
