"""How documents of Firestore are written: in batches under conditions, as a whole or not at all.

A pair is claimed by a document named after its digest: whoever creates it first has the pair. A
record is replaced only while it is what was read. Transactions are not used: under contention they
fail where conditions do not.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from google.api_core import exceptions

from servers.host.tools.service import ToolError
from servers.tracker.stores.base import Change, SealedRecord, Write, Written
from servers.tracker.stores.clock import Clock
from servers.tracker.stores.firestore import documents
from servers.tracker.stores.firestore.connection import BOUNDED, FirestoreConnection

_T = TypeVar("_T")
_R = TypeVar("_R")
_AT_ONCE = 16
_TRIES = 8
_CHANGES_AT_ONCE = 200
_LONGEST = 2_000_000
"""Characters of a request; names and numbers are about as much again."""
_REFUSED = (
    exceptions.AlreadyExists,
    exceptions.FailedPrecondition,
    exceptions.Aborted,
    exceptions.NotFound,  # what was to be replaced
)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A record that may be written, as far as was seen: over what, and with which claim."""

    record: SealedRecord
    snapshot: Any = None
    new_claim: bool = True
    old_claim: bool = False


class BatchWriter:
    """Writes the documents of one tracker."""

    def __init__(self, cloud: FirestoreConnection, clock: Clock) -> None:
        self._cloud = cloud
        self._clock = clock

    async def apply(self, writes: Sequence[Write], *, together: bool) -> list[Written]:
        """Write each that may be; `together` all of them or none."""
        if together:
            return await self._apply(writes, together=True)
        found: list[Written] = []
        for part in _parts(writes):
            found += await self._apply(part, together=False)
        return found

    async def _apply(self, writes: Sequence[Write], *, together: bool) -> list[Written]:
        seen = await each(lambda one: self._look(one, claims=False), writes)
        done = await self._at_once(writes, seen, together=together)
        if done is not None:
            return done
        if together:
            seen = await each(lambda one: self._look(one, claims=True), writes)
            return [one if isinstance(one, Written) else Written(False, None) for one in seen]
        return await each(self._alone, writes)

    async def reseal(self, record: SealedRecord) -> None:
        """Store a record again when nobody changed it meanwhile."""
        snapshot = await self._snapshot(record.id)
        if not snapshot.exists or snapshot.get("changed") != record.changed:
            return
        ready = await self._with_claims(record, snapshot)
        batch = self._cloud.client.batch()
        self._put(batch, ready)
        try:
            await batch.commit(**BOUNDED)
        except _REFUSED:
            return  # changed at this moment: it is found outdated again

    async def adopt(self, row: tuple[SealedRecord, Sequence[Change]]) -> int:
        """Take over one record with its history; 1 when it was new or newer, and its pair free."""
        record, changes = row
        snapshot = await self._snapshot(record.id)
        if snapshot.exists and snapshot.get("version") >= record.version:
            return 0
        other = await self.claimed(record.pair)
        if other is not None and other.id != record.id:
            return 0
        for start in range(0, len(changes), _CHANGES_AT_ONCE):
            batch = self._cloud.client.batch()
            for change in changes[start : start + _CHANGES_AT_ONCE]:
                place = self._cloud.collection("changes").document(documents.change_name(change))
                batch.set(place, documents.change_document(change))
            await batch.commit(**BOUNDED)
        batch = self._cloud.client.batch()
        self._put(batch, await self._with_claims(record, snapshot))
        try:
            await batch.commit(**BOUNDED)
        except _REFUSED:
            return 0  # somebody was quicker, with a version of their own or with the pair
        return 1

    async def claimed(self, pair: str) -> SealedRecord | None:
        """The record that has `pair`."""
        claim = await self._cloud.collection("claims").document(pair).get(**BOUNDED)
        if not claim.exists:
            return None
        snapshot = await self._snapshot(claim.get("entry"))
        return documents.record(snapshot.id, snapshot.to_dict()) if snapshot.exists else None

    async def all_claimed(self, pairs: Sequence[str]) -> list[SealedRecord]:
        """The records that have one of `pairs`, in two requests however many they are."""
        claims = await self._all("claims", pairs)
        names = sorted({str(claim.get("entry")) for claim in claims})
        return [
            documents.record(one.id, one.to_dict()) for one in await self._all("entries", names)
        ]

    async def _all(self, kind: str, names: Sequence[str]) -> list[Any]:
        """The documents that there are of those called `names`."""
        places = [self._cloud.collection(kind).document(name) for name in names]
        if not places:
            return []
        found = self._cloud.client.get_all(places, **BOUNDED)
        return [snapshot async for snapshot in found if snapshot.exists]

    async def _at_once(
        self, writes: Sequence[Write], seen: Sequence[_Ready | Written], *, together: bool
    ) -> list[Written] | None:
        """Everything in one batch; None when something stood in the way."""
        blocked = any(isinstance(one, Written) and not one.done for one in seen)
        if together and blocked:
            return None
        batch = self._cloud.client.batch()
        found: list[Written] = []
        for one, ready in zip(writes, seen, strict=True):
            found.append(self._fill(batch, one, ready) if isinstance(ready, _Ready) else ready)
        if not len(batch):
            return found
        try:
            await batch.commit(**BOUNDED)
        except _REFUSED:
            return None
        return found

    async def _alone(self, one: Write) -> Written:
        """One write in a batch of its own, again while others get in between."""
        for attempt in range(_TRIES):
            ready = await self._look(one, claims=True)
            if isinstance(ready, Written):
                return ready
            batch = self._cloud.client.batch()
            written = self._fill(batch, one, ready)
            try:
                await batch.commit(**BOUNDED)
            except _REFUSED:
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
                continue
            return written
        raise ToolError("Many others change this entry right now. Try again.", kind="busy")

    async def _look(self, one: Write, *, claims: bool) -> _Ready | Written:
        """Whether `one` may be written, and over what."""
        snapshot = None
        if one.seen or claims:
            snapshot = await self._snapshot(one.record.id)
            present = _record(snapshot)
            if present and present.secret == one.record.secret:
                return Written(done=True, record=present)  # an earlier answer was lost
            if (present.version if present else 0) != one.seen:
                return Written(done=False, record=present)
        # The first claim of a new entry need not be looked for: creating it tells.
        for pair in one.pairs if claims or one.seen else one.pairs[1:]:
            other = await self.claimed(pair)
            if other is not None and other.id != one.record.id:
                return Written(done=False, record=other)
        if one.seen:
            return await self._with_claims(one.record, snapshot)
        return _Ready(one.record)

    async def _with_claims(self, record: SealedRecord, snapshot: Any) -> _Ready:
        """Which claims move when `record` takes the place of `snapshot`."""
        old = str(snapshot.get("pair")) if snapshot.exists else ""
        if old == record.pair:
            return _Ready(record, snapshot, new_claim=False)
        claims = self._cloud.collection("claims")
        new_one = await claims.document(record.pair).get(**BOUNDED)
        old_one = await claims.document(old).get(**BOUNDED) if old else None
        owned = bool(old_one and old_one.exists and old_one.get("entry") == record.id)
        return _Ready(record, snapshot, new_claim=not new_one.exists, old_claim=owned)

    def _fill(self, batch: Any, one: Write, ready: _Ready) -> Written:
        at = self._clock.tick()
        record = ready.record.at(at)
        self._put(batch, replace(ready, record=record))
        change = replace(one.change, at=at)
        place = self._cloud.collection("changes").document(documents.change_name(change))
        batch.create(place, documents.change_document(change))
        return Written(done=True, record=record)

    def _put(self, batch: Any, ready: _Ready) -> None:
        record, snapshot = ready.record, ready.snapshot
        claims = self._cloud.collection("claims")
        if ready.new_claim:
            batch.create(claims.document(record.pair), {"entry": record.id})
        if ready.old_claim:
            batch.delete(claims.document(str(snapshot.get("pair"))))
        place = self._cloud.collection("entries").document(record.id)
        if snapshot is None or not snapshot.exists:
            batch.create(place, documents.document(record))
        else:
            unchanged = self._cloud.client.write_option(last_update_time=snapshot.update_time)
            batch.update(place, documents.document(record), option=unchanged)

    async def _snapshot(self, name: str) -> Any:
        return await self._cloud.collection("entries").document(name).get(**BOUNDED)


def _parts(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """`writes` in parts that Firestore takes: a request may have 10 MB, to the emulator 4."""
    start = size = 0
    for number, one in enumerate(writes):
        record = one.record
        length = sum(map(len, (record.secret, one.change.what, record.url, *record.terms)))
        if number > start and size + length > _LONGEST:
            yield writes[start:number]
            start, size = number, 0
        size += length
    if start < len(writes):
        yield writes[start:]


async def each(work: Callable[[_T], Awaitable[_R]], things: Sequence[_T]) -> list[_R]:
    """What `work` makes of each thing, a few at a time."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(thing: _T) -> _R:
        async with slots:
            return await work(thing)

    return list(await asyncio.gather(*(one(thing) for thing in things)))


def _record(snapshot: Any) -> SealedRecord | None:
    return documents.record(snapshot.id, snapshot.to_dict()) if snapshot.exists else None
