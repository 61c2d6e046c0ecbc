"""New keys, rules and forms reach every row: in the background, a few at a time, and resumable.

What a row was made with is written in the row, so nothing else has to be remembered: whatever ends
the process, the rows that are left are found again. Until the last one is done, lookups compare
the digests of all keys in use.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from servers.tracker.entry_service import EntryService
from servers.tracker.stores.base import SealedRecord, StoreError

log = logging.getLogger(__name__)
_AT_ONCE = 50
UNTIDY = "untidy"
"""The note of a file whose index still holds what its rows were found by in an earlier form."""
_AFTER_TROUBLE_S = 5.0


@dataclass(slots=True)
class ResealProgress:
    """How far it is. `stuck` rows cannot be opened although their key is here."""

    running: bool = False
    resealed: int = 0
    stuck: int = 0


class Resealer:
    """Brings the rows of one board to its present key and rules."""

    def __init__(self, board: EntryService) -> None:
        self.progress = ResealProgress()
        self._board = board

    async def run(self) -> None:
        """Go on until nothing is left; trouble with the store is outwaited."""
        self.progress.running = True
        try:
            await self._look_again()
            while self._board.scribe.older:
                try:
                    await self._stamp(self._board.scribe.older[0])
                except StoreError:
                    await asyncio.sleep(_AFTER_TROUBLE_S)
            await self._tidy()
        finally:
            self.progress.running = False

    async def _tidy(self) -> None:
        """Once rows are of the present form, leave nothing of the index that they had before."""
        store = self._board.store
        try:
            if await store.recall(UNTIDY):
                await store.tidy()
                await store.remember(UNTIDY, "")
        except StoreError as trouble:
            log.info("What is left of an earlier index is removed later: %s", trouble.said)

    async def _look_again(self) -> None:
        """See what there is by now: rows are written while keys change."""
        while True:
            try:
                self._board.scribe.look_for(await self._board.store.stamps())
            except StoreError:
                await asyncio.sleep(_AFTER_TROUBLE_S)
            else:
                return

    async def _stamp(self, stamp: str) -> None:
        store, scribe = self._board.store, self._board.scribe
        while True:
            records, changes = await store.outdated(stamp, _AT_ONCE)
            fresh = [one for one in map(self._record, records) if one]
            lines = [one for one in map(scribe.resealed, changes) if one]
            if not fresh and not lines:
                break
            await store.reseal(fresh, lines)
            self.progress.resealed += len(fresh)
        self.progress.stuck += len(records) + len(changes)
        if records or changes:
            log.error("%d rows cannot be opened and stay as they are", len(records) + len(changes))
        scribe.older = tuple(older for older in scribe.older if older != stamp)
        log.info("All rows that could be opened are sealed with the present key")

    def _record(self, record: SealedRecord) -> SealedRecord | None:
        entry = self._board.scribe.entry(record)
        return None if entry.locked else self._board.scribe.record(entry)
