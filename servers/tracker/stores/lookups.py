"""How a query becomes SQL, and a page a cursor: the SQLite store's way to find records."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import apsw

from servers.tracker.stores.base import CursorError, Page, Query, Record, Sort
from servers.tracker.stores.rows import COLUMNS, record_of

_BY_CHANGE: dict[Sort, tuple[str, str]] = {"changed": ("DESC", "<"), "oldest": ("ASC", ">")}
_BY_COLUMN: dict[Sort, tuple[str, str, str]] = {
    "created": ("created", "DESC", "<"),
    "url": ("url", "ASC", ">"),
}
_LAST = (1 << 63) - 1


def find(connection: apsw.Connection, query: Query) -> Page:
    """One page of `query`."""
    sql, values = _sql(query)
    rows = connection.execute(sql, values).fetchall()
    records = tuple(record_of(row) for row in rows[: query.limit])
    more = len(rows) > query.limit
    return Page(records, _cursor(query.sort, records[-1]) if more else "")


def _sql(query: Query) -> tuple[str, list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if query.groups:
        source = "found CROSS JOIN entries ON entries.seq = found.rowid"
        order = "found.rowid"
        where.append("found MATCH ?")
        values.append(" AND ".join(f"({' OR '.join(map(_quoted, g))})" for g in query.groups))
    else:
        source, order = "entries", "seq"
        # Without the plus the planner takes an index that is in another order.
        where.append("+deleted = ?" if query.sort in _BY_CHANGE else "deleted = ?")
        values.append(int(query.deleted))
    if query.since:
        where.append(f"{order} >= ?")
        values.append(query.since)
    ordered = _order(query, order, where, values)
    values.append(query.limit + 1)
    conditions = " AND ".join(where)
    return (
        f"SELECT {COLUMNS} FROM {source} WHERE {conditions} ORDER BY {ordered} LIMIT ?",  # noqa: S608
        values,
    )


def _order(query: Query, seq: str, where: list[str], values: list[Any]) -> str:
    sort, at, value = _read_cursor(query)
    if sort in _BY_CHANGE:
        direction, past = _BY_CHANGE[sort]
        if query.cursor:
            where.append(f"{seq} {past} ?")
            values.append(at)
        return f"{seq} {direction}"
    column, direction, past = _BY_COLUMN[sort]
    if query.cursor:
        where.append(f"({column}, seq) {past} (?, ?)")
        values += [int(value) if column == "created" else value, at]
    return f"{column} {direction}, seq {direction}"


def _quoted(term: str) -> str:
    return f'"{term}"'


def _cursor(sort: Sort, last: Record) -> str:
    value = {"created": str(last.created), "url": last.url}.get(sort, "")
    return base64.urlsafe_b64encode(f"{sort} {last.changed} {value}".encode()).decode().rstrip("=")


def _read_cursor(query: Query) -> tuple[Sort, int, str]:
    if not query.cursor:
        return query.sort, 0, ""
    try:
        text = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4)).decode()
        sort, at, value = text.split(" ", 2)
        place = int(at)
        if sort == "created":
            int(value)
    except (binascii.Error, ValueError):
        raise CursorError("This is no cursor that a page gave out.") from None
    if sort != query.sort or not 0 <= place <= _LAST:
        raise CursorError(f"This cursor belongs to a page sorted by {sort[:20]!r}.")
    return query.sort, place, value
