"""The shared store: entries, claims, changes and notes as documents of a Firestore database."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from google.cloud.firestore_v1.base_query import FieldFilter

from servers.tracker.entry import STATUSES
from servers.tracker.stores.base import (
    Change,
    Clock,
    Counts,
    RecordPage,
    SealedRecord,
    StoreError,
    StoreQuery,
    TroubleListener,
    Write,
    Written,
    ignore_trouble,
)
from servers.tracker.stores.firestore import documents
from servers.tracker.stores.firestore.commits import BatchWriter, gather_bounded
from servers.tracker.stores.firestore.connection import CALL_LIMITS, FirestoreConnection

_NAME = "__name__"
_SCANNED_AT_ONCE = 200
_SCANNED_AT_MOST = 2000


class FirestoreStore:
    """The Store in the collections of one Firestore database."""

    kind = "firestore"
    is_remote = True

    def __init__(
        self,
        credentials: str,
        *,
        collection: str,
        emulator: str = "",
        report_trouble: TroubleListener = ignore_trouble,
    ) -> None:
        self._connection = FirestoreConnection(credentials, collection, emulator, report_trouble)
        self.open, self.close = self._connection.open, self._connection.close
        self._of = self._connection.collection
        self._commits = BatchWriter(self._connection, Clock())

    @property
    def trouble(self) -> StoreError | None:
        return self._connection.trouble

    async def apply(self, writes: Sequence[Write], *, together: bool = False) -> list[Written]:
        return await self._connection.call(lambda: self._commits.apply(writes, together=together))

    async def get(self, id: str) -> SealedRecord | None:
        snapshot = await self._connection.call(
            lambda: self._of("entries").document(id).get(**CALL_LIMITS)
        )
        return documents.record(snapshot) if snapshot.exists else None

    async def paired(self, pairs: Collection[str]) -> list[SealedRecord]:
        wanted = list(dict.fromkeys(pairs))
        found = await self._connection.call(lambda: self._commits.all_claimed(wanted))
        return sorted(found, key=lambda record: (record.created, record.id))

    async def history(self, entry: str, *, limit: int) -> list[Change]:
        return await self._connection.call(lambda: self._history(entry, limit))

    async def find(self, query: StoreQuery) -> RecordPage:
        place = documents.place(query)
        return await self._connection.call(lambda: self._find(query, place))

    async def counts(self) -> Counts:
        return await self._connection.call(self._counts)

    async def stamps(self) -> set[str]:
        return await self._connection.call(self._stamps)

    async def outdated(self, stamp: str, limit: int) -> tuple[list[SealedRecord], list[Change]]:
        made_so = FieldFilter("stamp", "==", stamp)

        async def found(kind: str) -> Any:
            return await self._of(kind).where(filter=made_so).limit(limit).get(**CALL_LIMITS)

        entries = await self._connection.call(lambda: found("entries"))
        changes = await self._connection.call(lambda: found("changes"))
        return [documents.record(one) for one in entries], [
            documents.change(one) for one in changes
        ]

    async def reseal(self, records: Sequence[SealedRecord], changes: Sequence[Change]) -> None:
        await self._connection.call(lambda: gather_bounded(self._commits.reseal, records))
        await self._connection.call(lambda: self._reseal_changes(changes))

    async def tidy(self) -> None:
        """Nothing to do: a replaced document leaves no terms behind."""

    async def scan(self, after: str, limit: int) -> list[tuple[SealedRecord, list[Change]]]:
        return await self._connection.call(lambda: self._scan(after, limit))

    async def adopt(self, taken: Sequence[tuple[SealedRecord, Sequence[Change]]]) -> int:
        return sum(await self._connection.call(lambda: gather_bounded(self._commits.adopt, taken)))

    async def recall(self, name: str) -> str:
        note = await self._connection.call(
            lambda: self._of("notes").document(name).get(**CALL_LIMITS)
        )
        return str(note.get("value")) if note.exists else ""

    async def remember(self, name: str, value: str) -> None:
        await self._connection.call(
            lambda: self._of("notes").document(name).set({"value": value}, **CALL_LIMITS)
        )

    async def _history(self, entry: str, limit: int) -> list[Change]:
        query = self._of("changes").where(filter=FieldFilter("entry", "==", entry))
        last = query.order_by("version", direction="DESCENDING").limit(limit)
        return [documents.change(one) for one in await last.get(**CALL_LIMITS)]

    async def _scan(self, after: str, limit: int) -> list[tuple[SealedRecord, list[Change]]]:
        query = self._of("entries").order_by(_NAME).limit(limit)
        if after:
            query = query.start_after({_NAME: self._of("entries").document(after)})
        records = [documents.record(one) for one in await query.get(**CALL_LIMITS)]
        histories = await gather_bounded(
            lambda record: self._history(record.id, record.version), records
        )
        return list(zip(records, histories, strict=True))

    async def _find(self, query: StoreQuery, place: tuple[Any, str] | None) -> RecordPage:
        """A page of matching records; reads as many documents as it needs."""
        is_filtered = len(query.groups) > 1 or bool(
            query.since and query.sort in {"created", "url"}
        )
        at_once = max(_SCANNED_AT_ONCE, query.limit + 1) if is_filtered else query.limit + 1
        found: list[SealedRecord] = []
        scanned = 0
        while True:
            rows = [documents.record(one) for one in await self._rows(query, place, at_once)]
            for record in rows:
                if documents.matches(record, query):
                    found.append(record)
                if len(found) > query.limit:
                    page = tuple(found[: query.limit])
                    return RecordPage(page, documents.cursor(query.sort, page[-1]))
            scanned += len(rows)
            if len(rows) < at_once:
                return RecordPage(tuple(found), "")
            if scanned >= _SCANNED_AT_MOST:
                return RecordPage(tuple(found), documents.cursor(query.sort, rows[-1]))
            place = documents.value(query.sort, rows[-1]), rows[-1].id

    async def _rows(self, query: StoreQuery, place: tuple[Any, str] | None, limit: int) -> Any:
        entries = self._of("entries")
        wanted = entries.where(filter=_first_filter(query))
        field, direction = documents.ORDER[query.sort]
        if query.since and field == "changed":
            wanted = wanted.where(filter=FieldFilter("changed", ">=", query.since))
        wanted = wanted.order_by(field, direction=direction).order_by(_NAME, direction=direction)
        if place is not None:
            wanted = wanted.start_after({field: place[0], _NAME: entries.document(place[1])})
        return await wanted.limit(limit).get(**CALL_LIMITS)

    async def _counts(self) -> Counts:
        live = self._of("entries").where(filter=FieldFilter("deleted", "==", False))
        gone = self._of("entries").where(filter=FieldFilter("deleted", "==", True))
        queries = [live.where(filter=FieldFilter("status", "==", one)) for one in STATUSES]
        numbers = await asyncio.gather(*(_count(query) for query in (*queries, gone)))
        last = self._of("entries").order_by("changed", direction="DESCENDING").limit(1)
        newest = await last.get(**CALL_LIMITS)
        by_status = zip(STATUSES, numbers[:-1], strict=True)
        return Counts(
            {status: number for status, number in by_status if number},
            numbers[-1],
            int(newest[0].get("changed")) if newest else 0,
        )

    async def _stamps(self) -> set[str]:
        """Every stamp in use, found by hops along the index."""
        found: set[str] = set()
        for kind in ("entries", "changes"):
            last = ""
            while True:
                after = FieldFilter("stamp", ">", last)
                query = self._of(kind).where(filter=after).order_by("stamp").limit(1)
                rows = await query.get(**CALL_LIMITS)
                if not rows:
                    break
                last = str(rows[0].get("stamp"))
                found.add(last)
        return found

    async def _reseal_changes(self, changes: Sequence[Change]) -> None:
        batch = self._connection.client.batch()
        for change in changes:
            place = self._of("changes").document(documents.change_name(change))
            batch.update(place, {"what": change.what, "stamp": change.stamp})
        if changes:
            await batch.commit(**CALL_LIMITS)


def _first_filter(query: StoreQuery) -> FieldFilter:
    """The filter for Firestore. It takes one condition on a list: the first group."""
    if not query.groups:
        return FieldFilter("deleted", "==", query.deleted)
    first = query.groups[0]
    if len(first) == 1:
        return FieldFilter("terms", "array_contains", first[0])
    return FieldFilter("terms", "array_contains_any", list(first))


async def _count(query: Any) -> int:
    # An empty answer is the float 0.0.
    return int((await query.count().get(**CALL_LIMITS))[0][0].value)
