"""Writes the documents of Firestore in batches with preconditions: each whole or not at all.

A pair is claimed by a document named after its digest; the first to create it has the pair. A
record is replaced only if it is unchanged since it was read. Transactions are not used: under
contention they fail where preconditions do not.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from google.api_core import exceptions

from servers.host.tools.service import ToolError
from servers.tracker.stores.base import Change, Clock, SealedRecord, Write, Written
from servers.tracker.stores.firestore import documents
from servers.tracker.stores.firestore.connection import CALL_LIMITS, FirestoreConnection

_T = TypeVar("_T")
_R = TypeVar("_R")
_AT_ONCE = 16
_TRIES = 8
_CHANGES_AT_ONCE = 200
_LONGEST = 2_000_000
"""Characters of the values of a request; names and numbers take as much again."""
_REFUSED = (
    exceptions.AlreadyExists,
    exceptions.FailedPrecondition,
    exceptions.Aborted,
    exceptions.NotFound,  # the document to replace is gone
)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A record to write, the snapshot it replaces, and the claims that change with it."""

    record: SealedRecord
    snapshot: Any = None
    new_claim: bool = True
    old_claim: bool = False


class BatchWriter:
    """Writes the documents of one tracker."""

    def __init__(self, connection: FirestoreConnection, clock: Clock) -> None:
        self._connection = connection
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
        seen = await gather_bounded(lambda one: self._look(one, claims=False), writes)
        done = await self._at_once(writes, seen, together=together)
        if done is not None:
            return done
        if together:
            seen = await gather_bounded(lambda one: self._look(one, claims=True), writes)
            return [one if isinstance(one, Written) else Written(False, None) for one in seen]
        return await gather_bounded(self._alone, writes)

    async def reseal(self, record: SealedRecord) -> None:
        """Store a record again when nobody changed it meanwhile."""
        snapshot = await self._snapshot(record.id)
        if not snapshot.exists or snapshot.get("changed") != record.changed:
            return
        ready = await self._with_claims(record, snapshot)
        batch = self._connection.client.batch()
        self._put(batch, ready)
        try:
            await batch.commit(**CALL_LIMITS)
        except _REFUSED:
            return  # changed at this moment; it will be found outdated again

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
            batch = self._connection.client.batch()
            for change in changes[start : start + _CHANGES_AT_ONCE]:
                batch.set(self._place_of(change), asdict(change))
            await batch.commit(**CALL_LIMITS)
        batch = self._connection.client.batch()
        self._put(batch, await self._with_claims(record, snapshot))
        try:
            await batch.commit(**CALL_LIMITS)
        except _REFUSED:
            return 0  # another write was first, with a newer version or with the pair
        return 1

    async def claimed(self, pair: str) -> SealedRecord | None:
        claim = await self._connection.collection("claims").document(pair).get(**CALL_LIMITS)
        if not claim.exists:
            return None
        return _record(await self._snapshot(claim.get("entry")))

    async def all_claimed(self, pairs: Sequence[str]) -> list[SealedRecord]:
        """The records that have one of `pairs`, in two requests however many they are."""
        claims = await self._all("claims", pairs)
        names = sorted({str(claim.get("entry")) for claim in claims})
        return [documents.record(one) for one in await self._all("entries", names)]

    async def _all(self, kind: str, names: Sequence[str]) -> list[Any]:
        """The documents that there are of those called `names`."""
        places = [self._connection.collection(kind).document(name) for name in names]
        if not places:
            return []
        found = self._connection.client.get_all(places, **CALL_LIMITS)
        return [snapshot async for snapshot in found if snapshot.exists]

    async def _at_once(
        self, writes: Sequence[Write], seen: Sequence[_Ready | Written], *, together: bool
    ) -> list[Written] | None:
        """Write all in one batch; None when a precondition failed."""
        blocked = any(isinstance(one, Written) and not one.done for one in seen)
        if together and blocked:
            return None
        batch = self._connection.client.batch()
        found: list[Written] = []
        for one, ready in zip(writes, seen, strict=True):
            found.append(self._fill(batch, one, ready) if isinstance(ready, _Ready) else ready)
        if not len(batch):
            return found
        try:
            await batch.commit(**CALL_LIMITS)
        except _REFUSED:
            return None
        return found

    async def _alone(self, one: Write) -> Written:
        """One write in a batch of its own, tried again while others change the record."""
        for attempt in range(_TRIES):
            ready = await self._look(one, claims=True)
            if isinstance(ready, Written):
                return ready
            batch = self._connection.client.batch()
            written = self._fill(batch, one, ready)
            try:
                await batch.commit(**CALL_LIMITS)
            except _REFUSED:
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
                continue
            return written
        raise ToolError("Many others change this entry right now. Try again.", kind="busy")

    async def _look(self, one: Write, *, claims: bool) -> _Ready | Written:
        """Whether `one` may be written, and the snapshot it would replace."""
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
        claims = self._connection.collection("claims")
        new_one = await claims.document(record.pair).get(**CALL_LIMITS)
        old_one = await claims.document(old).get(**CALL_LIMITS) if old else None
        owned = bool(old_one and old_one.exists and old_one.get("entry") == record.id)
        return _Ready(record, snapshot, new_claim=not new_one.exists, old_claim=owned)

    def _fill(self, batch: Any, one: Write, ready: _Ready) -> Written:
        at = self._clock.tick()
        record = ready.record.at(at)
        self._put(batch, replace(ready, record=record))
        change = replace(one.change, at=at)
        batch.create(self._place_of(change), asdict(change))
        return Written(done=True, record=record)

    def _place_of(self, change: Change) -> Any:
        return self._connection.collection("changes").document(documents.change_name(change))

    def _put(self, batch: Any, ready: _Ready) -> None:
        record, snapshot = ready.record, ready.snapshot
        claims = self._connection.collection("claims")
        if ready.new_claim:
            batch.create(claims.document(record.pair), {"entry": record.id})
        if ready.old_claim:
            batch.delete(claims.document(str(snapshot.get("pair"))))
        place = self._connection.collection("entries").document(record.id)
        if snapshot is None or not snapshot.exists:
            batch.create(place, documents.document(record))
        else:
            unchanged = self._connection.client.write_option(last_update_time=snapshot.update_time)
            batch.update(place, documents.document(record), option=unchanged)

    async def _snapshot(self, name: str) -> Any:
        return await self._connection.collection("entries").document(name).get(**CALL_LIMITS)


def _parts(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """`writes` in parts that fit into a request: 10 MB, for the emulator 4."""
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


async def gather_bounded(work: Callable[[_T], Awaitable[_R]], things: Sequence[_T]) -> list[_R]:
    """The results of `work` for each thing, `_AT_ONCE` at a time."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(thing: _T) -> _R:
        async with slots:
            return await work(thing)

    return list(await asyncio.gather(*(one(thing) for thing in things)))


def _record(snapshot: Any) -> SealedRecord | None:
    return documents.record(snapshot) if snapshot.exists else None
