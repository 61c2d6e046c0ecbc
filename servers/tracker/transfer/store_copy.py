"""Copies the entries of one store into another, and verifies each of them.

A newer version in the target stays. An entry whose pair the target has under another id is merged
into that one, unless it is deleted. The progress is stored in the target, so the copy can resume.
If the source changes during the copy, the copy goes through it again.
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
    """The progress of a copy: entries seen, copied, merged, and different from the source.

    `mark` says what the source held when the pass began.
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
    """The copy from `source` into the store in use."""

    def __init__(self, source: Store, get_service: Callable[[], EntryService]) -> None:
        self.progress = CopyProgress()
        self._source = source
        self._get_service = get_service
        """Returns the service in use: keys may change during the copy."""
        self._name = f"copy from {source.kind}"

    async def recall(self) -> CopyProgress:
        """The progress that an earlier process stored."""
        text = await self._get_service().store.recall(self._name)
        if text:
            self.progress = CopyProgress(**json.loads(text))
            if self.progress.state == "running":
                self.progress.state = "stopped"
        return self.progress

    async def run(self) -> None:
        """Copy, from where an earlier copy stopped."""
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
        """Copy all of the source, again if it changed meanwhile."""
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
        entry_service = self._get_service()
        with entry_service.running:
            await self._take_over(entry_service, rows)
        self.progress.seen += len(rows)
        self.progress.after = rows[-1][0].id
        await self._keep()

    async def _take_over(
        self, entry_service: EntryService, rows: Sequence[tuple[SealedRecord, Sequence[Change]]]
    ) -> None:
        fresh: list[tuple[SealedRecord, Sequence[Change]]] = []
        for record, changes in rows:
            entry = entry_service.codec.entry(record)
            if entry.locked:
                fresh.append((record, changes))
            elif not await self._merged(entry_service, entry):
                fresh.append((entry_service.codec.record(entry), changes))
        self.progress.taken += await entry_service.store.adopt(fresh)
        present = await asyncio.gather(*(entry_service.store.get(record.id) for record, _ in fresh))
        for (record, _), found in zip(fresh, present, strict=True):
            self.progress.differing += not _same(entry_service, record, found)

    async def _merged(self, entry_service: EntryService, entry: Entry) -> bool:
        """Merge `entry` into an entry of the target with its pair; whether there is one."""
        others = await entry_service.store.paired(entry_service.codec.pairs(entry))
        if not others or any(other.id == entry.id for other in others):
            return False
        self.progress.merged += 1
        if entry.deleted:
            return True
        draft = Draft(entry.url, entry.email, entry.note, entry.tags, entry.status)
        (result,) = await entry_service.track([draft], "copy")
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
        await self._get_service().store.remember(self._name, json.dumps(asdict(self.progress)))


def _mark(counts: Counts) -> str:
    return f"{counts.live} {counts.deleted} {counts.last_changed}"


def _same(entry_service: EntryService, record: SealedRecord, found: SealedRecord | None) -> bool:
    """Whether the target has all of `record`, or something newer."""
    if found is None:
        return False
    return found.version > record.version or _hash(entry_service, found) == _hash(
        entry_service, record
    )


def _hash(entry_service: EntryService, record: SealedRecord) -> str:
    entry = asdict(entry_service.codec.entry(record))
    entry.pop("changed")  # the store's own order
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
