"""Seals every row again after the keys, the rules or the form changed, a few rows at a time.

Each row holds the stamp of what it was made with, so the work resumes after any end of the process.
Until the last row is done, searches compare the digests of all stamps in use.
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
"""The note of a file whose index still holds terms of the first form."""
_AFTER_TROUBLE_S = 5.0


@dataclass(slots=True)
class ResealProgress:
    """How many rows are done. `stuck` rows cannot be opened although their key is known."""

    running: bool = False
    resealed: int = 0
    stuck: int = 0


class Resealer:
    """Seals the rows of one store with the present key and rules."""

    def __init__(self, entry_service: EntryService) -> None:
        self.progress = ResealProgress()
        self._entry_service = entry_service

    async def run(self) -> None:
        """Reseal all rows. While the store fails, wait and try again."""
        self.progress.running = True
        try:
            await self._look_again()
            while self._entry_service.codec.older:
                try:
                    await self._stamp(self._entry_service.codec.older[0])
                except StoreError:
                    await asyncio.sleep(_AFTER_TROUBLE_S)
            await self._tidy()
        finally:
            self.progress.running = False

    async def _tidy(self) -> None:
        """Remove the terms of the first form from the index, once no row needs them."""
        store = self._entry_service.store
        try:
            if await store.recall(UNTIDY):
                await store.tidy()
                await store.remember(UNTIDY, "")
        except StoreError as trouble:
            log.info("The old terms of the index are removed later: %s", trouble.reason)

    async def _look_again(self) -> None:
        """Read the stamps again: rows are written while keys change."""
        while True:
            try:
                self._entry_service.codec.look_for(await self._entry_service.store.stamps())
            except StoreError:
                await asyncio.sleep(_AFTER_TROUBLE_S)
            else:
                return

    async def _stamp(self, stamp: str) -> None:
        store, codec = self._entry_service.store, self._entry_service.codec
        while True:
            records, changes = await store.outdated(stamp, _AT_ONCE)
            fresh = [one for one in map(self._record, records) if one]
            lines = [one for one in map(codec.resealed, changes) if one]
            if not fresh and not lines:
                break
            await store.reseal(fresh, lines)
            self.progress.resealed += len(fresh)
        self.progress.stuck += len(records) + len(changes)
        if records or changes:
            log.error("%d rows cannot be opened and stay as they are", len(records) + len(changes))
        codec.older = tuple(older for older in codec.older if older != stamp)
        log.info("All rows that could be opened are sealed with the present key")

    def _record(self, record: SealedRecord) -> SealedRecord | None:
        entry = self._entry_service.codec.entry(record)
        return None if entry.locked else self._entry_service.codec.record(entry)
