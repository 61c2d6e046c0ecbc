"""Finds records in the SQLite file: a query becomes SQL, the end of a page becomes a cursor."""

from __future__ import annotations

import base64
from typing import Any

import apsw

from servers.tracker.stores.base import CursorError, RecordPage, SealedRecord, Sort, StoreQuery
from servers.tracker.stores.sqlite.ordered_queries import (
    LAST_NUMBER,
    OrderedQuery,
    Place,
    Where,
    match,
)
from servers.tracker.stores.sqlite.rows import COLUMNS, record_of

_BY_CHANGE: dict[Sort, tuple[str, str]] = {"changed": ("DESC", "<"), "oldest": ("ASC", ">")}


def find(connection: apsw.Connection, query: StoreQuery) -> RecordPage:
    place = _read_cursor(query)
    if query.sort in _BY_CHANGE:
        rows = _by_change(connection, query, place)
    else:
        rows = OrderedQuery(connection, query, place).rows()
    records = tuple(record_of(row) for row in rows[: query.limit])
    more = len(rows) > query.limit
    return RecordPage(records, _cursor(query.sort, records[-1]) if more else "")


def _by_change(connection: apsw.Connection, query: StoreQuery, place: Place | None) -> list[Any]:
    where = Where()
    source, seq = "entries INDEXED BY entries_deleted", "seq"
    if query.groups:
        source, seq = "found CROSS JOIN entries ON entries.seq = found.rowid", "found.rowid"
        where.add("found MATCH ?", match(query.groups))
    else:
        where.add("deleted = ?", int(query.deleted))
    direction, past = _BY_CHANGE[query.sort]
    since = query.since
    if place is not None and past == ">":
        since = max(since, place.seq + 1)  # of two lower bounds SQLite would walk from one of them
    elif place is not None:
        where.add(f"{seq} < ?", place.seq)
    if since:
        where.add(f"{seq} >= ?", since)
    ordered = f"{where} ORDER BY {seq} {direction}"
    sql = f"SELECT {COLUMNS} FROM {source} WHERE {ordered} LIMIT ?"  # noqa: S608 - constant names
    return connection.execute(sql, (*where.values, query.limit + 1)).fetchall()


def _cursor(sort: Sort, last: SealedRecord) -> str:
    value = {"created": str(last.created), "url": last.url}.get(sort, "")
    return base64.urlsafe_b64encode(f"{sort} {last.changed} {value}".encode()).decode().rstrip("=")


def _read_cursor(query: StoreQuery) -> Place | None:
    if not query.cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4)).decode()
        sort, seq, value = text.split(" ", 2)
        place = Place(int(seq), int(value) if sort == "created" else value)
    except ValueError:
        raise CursorError("This is no cursor that a page gave out.") from None
    if sort != query.sort:
        raise CursorError(f"This cursor belongs to a page sorted by {sort[:20]!r}.")
    numbers = [number for number in (place.seq, place.value) if isinstance(number, int)]
    if not all(0 <= number <= LAST_NUMBER for number in numbers):
        raise CursorError("This is no cursor that a page gave out.")
    return place
