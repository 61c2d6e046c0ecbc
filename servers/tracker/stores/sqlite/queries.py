"""Finds records in the SQLite file: a query becomes SQL, the end of a page becomes a cursor."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

from servers.tracker.stores.base import CursorError, RecordPage, SealedRecord, Sort, StoreQuery
from servers.tracker.stores.sqlite.rows import COLUMNS, record_of

_BY_CHANGE: dict[Sort, str] = {"changed": "DESC", "oldest": "ASC"}
_BY_COLUMN: dict[Sort, tuple[str, str, str]] = {
    "created": ("created", "DESC", "<"),
    "url": ("url", "ASC", ">"),
}
_SHOWN = {"tag": "instr(',' || tags || ',', ',' || ? || ',') > 0", "status": "status = ?"}
_LAST_NUMBER = (1 << 63) - 1
_FEW = 1000
"""Results that are read and sorted within some milliseconds."""
_MANY = 20_000
"""Results from which a set of row numbers is made within some milliseconds."""
_LOOKED_UP = 150
"""Rows that are looked up one by one before a set is made of a very large result."""
_READ_AHEAD = 4
"""How many times the rows of a page are read: some of the last changes are of old entries."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: after the record changed at `seq`, with this `value` in the order."""

    seq: int
    value: str | int


@dataclass(slots=True)
class _Where:
    """Conditions and their values."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: Any) -> None:
        """Add a condition with the values of its placeholders."""
        self.conditions.append(condition)
        self.values += values

    def __str__(self) -> str:
        return " AND ".join(self.conditions)


def find(connection: apsw.Connection, query: StoreQuery) -> RecordPage:
    place = _read_cursor(query)
    if query.sort in _BY_CHANGE:
        rows = _by_change(connection, query, place)
    else:
        rows = _OrderedQuery(connection, query, place).rows()
    records = tuple(record_of(row) for row in rows[: query.limit])
    more = len(rows) > query.limit
    return RecordPage(records, _cursor(query.sort, records[-1]) if more else "")


def _by_change(connection: apsw.Connection, query: StoreQuery, place: _Place | None) -> list[Any]:
    where = _Where()
    source, seq = "entries INDEXED BY entries_deleted", "seq"
    if query.groups:
        source, seq = "found CROSS JOIN entries ON entries.seq = found.rowid", "found.rowid"
        where.add("found MATCH ?", _match(query.groups))
    else:
        where.add("deleted = ?", int(query.deleted))
    since = query.since
    if place is not None and query.sort == "oldest":
        since = max(since, place.seq + 1)  # of two lower bounds SQLite would walk from one of them
    elif place is not None:
        where.add(f"{seq} < ?", place.seq)
    if since:
        where.add(f"{seq} >= ?", since)
    ordered = f"{where} ORDER BY {seq} {_BY_CHANGE[query.sort]}"
    sql = f"SELECT {COLUMNS} FROM {source} WHERE {ordered} LIMIT ?"  # noqa: S608 - constant names
    return connection.execute(sql, (*where.values, query.limit + 1)).fetchall()


class _OrderedQuery:
    """The rows of one page of `query`, which is sorted by a column: by creation or by URL.

    The index of terms yields rows in the order of their last change. A small result is sorted in
    memory; for a large one the index of the sorted column is walked until the page is full.
    """

    def __init__(
        self, connection: apsw.Connection, query: StoreQuery, place: _Place | None
    ) -> None:
        self._execute = connection.execute
        self._query = query
        self._place = place
        self._column, direction, self._past = _BY_COLUMN[query.sort]
        self._order = f"ORDER BY {self._column} {direction}, seq {direction}"
        self._index = f"entries INDEXED BY entries_{self._column}"

    def rows(self) -> list[Any]:
        """The rows of the page, and the one after it."""
        where, source = self._where(), "entries NOT INDEXED"
        seqs = self._small_result()
        if seqs is None:
            seqs = self._by_creation()
        if seqs is None:
            seqs = self._from_index()
        if seqs is not None:
            where.add("seq IN (SELECT value FROM json_each(?))", json.dumps(seqs))
        else:
            where, source = self._index_conditions(), self._index
            if self._query.hidden:
                among = "seq IN (SELECT rowid FROM found WHERE found MATCH ?)"
                where.add(among, _match(self._query.hidden))
        sql = f"SELECT {COLUMNS} FROM {source} WHERE {where} {self._order} LIMIT ?"  # noqa: S608
        return self._execute(sql, (*where.values, self._query.limit + 1)).fetchall()

    def _where(self) -> _Where:
        where = _Where(["deleted = ?"], [int(self._query.deleted)])
        if self._place is not None:
            past = f"({self._column}, seq) {self._past} (?, ?)"
            where.add(past, self._place.value, self._place.seq)
        return where

    def _index_conditions(self) -> _Where:
        """The conditions that the index of the sorted column can check."""
        where = self._where()
        if self._query.since:
            where.add("seq >= ?", self._query.since)
        for kind, value in self._query.shown:
            where.add(_SHOWN[kind], value)
        return where

    def _small_result(self) -> list[int] | None:
        """The row numbers of the whole result; None when it has more than `_FEW` rows."""
        query, where = self._query, _Where()
        source, seq = ("found", "rowid") if query.groups else ("entries", "seq")
        if query.groups:
            where.add("found MATCH ?", _match(query.groups))
        if query.since:
            where.add(f"{seq} >= ?", query.since)
        if not where.conditions:
            return None
        sql = f"SELECT {seq} FROM {source} WHERE {where} LIMIT ?"  # noqa: S608 - constant names
        rows: list[Any] = self._execute(sql, (*where.values, _FEW + 1)).fetchall()
        return [row[0] for row in rows] if len(rows) <= _FEW else None

    def _by_creation(self) -> list[int] | None:
        """The row numbers of a page by creation, from the last changes before it; None if unsure.

        An entry is never changed before it is created. So the page is complete once all its
        entries are younger than the next change, but for those that were changed later than the
        page begins.
        """
        query, place = self._query, self._place
        if self._column != "created" or query.since or not query.groups:
            return None
        wanted = query.limit + 1
        begin = int(place.value) if place else _LAST_NUMBER
        rows: list[Any] = self._execute(
            "SELECT seq, created FROM found CROSS JOIN entries ON seq = found.rowid WHERE"
            " found MATCH ? AND found.rowid <= ? ORDER BY found.rowid DESC LIMIT ?",
            (_match(query.groups), begin, _READ_AHEAD * wanted),
        ).fetchall()
        if place is not None:
            rows = [row for row in rows if (row[1], row[0]) < (begin, place.seq)]
        ages = sorted((row[1] for row in rows), reverse=True)[:wanted]
        if len(ages) < wanted or ages[-1] < rows[-1][0]:
            return None
        later = self._changed_later(ages[-1], begin)
        return None if later is None else [*(row[0] for row in rows), *later]

    def _changed_later(self, start: int, end: int) -> list[int] | None:
        """The row numbers of entries created in this time and changed later; None if too many."""
        if end == _LAST_NUMBER:
            return []
        rows: list[Any] = self._execute(
            "SELECT seq FROM entries INDEXED BY entries_created"
            " WHERE deleted = ? AND created BETWEEN ? AND ? AND seq > ? LIMIT ?",
            (int(self._query.deleted), start, end, end, _LOOKED_UP + 1),
        ).fetchall()
        if len(rows) > _LOOKED_UP:
            return None
        return [row[0] for row in rows if self._matches(self._query.groups, row[0])]

    def _from_index(self) -> list[int] | None:
        """The row numbers of the page, when most rows match: the next ones of the index do."""
        query, where = self._query, self._index_conditions()
        if not query.hidden or not self._is_large():
            return None
        found: list[int] = []
        sql = f"SELECT seq FROM {self._index} WHERE {where} {self._order} LIMIT ?"  # noqa: S608
        for (seq,) in self._execute(sql, (*where.values, _LOOKED_UP)):
            if self._matches(query.hidden, seq):
                found.append(seq)
            if len(found) > query.limit:
                return found
        return None

    def _is_large(self) -> bool:
        sql = "SELECT count(*) FROM (SELECT 1 FROM found WHERE found MATCH ? LIMIT ?)"
        found: Any = self._execute(sql, (_match(self._query.hidden), _MANY)).get
        return bool(found == _MANY)

    def _matches(self, groups: Sequence[Sequence[str]], seq: int) -> bool:
        sql = "SELECT 1 FROM found WHERE found MATCH ? AND rowid = ?"
        return self._execute(sql, (_match(groups), seq)).get is not None


def _match(groups: Sequence[Sequence[str]]) -> str:
    """The FTS5 query for one term of each group."""
    quoted = ([f'"{term}"' for term in group] for group in groups)
    return " AND ".join(f"({' OR '.join(terms)})" for terms in quoted)


def _cursor(sort: Sort, last: SealedRecord) -> str:
    value = {"created": str(last.created), "url": last.url}.get(sort, "")
    return base64.urlsafe_b64encode(f"{sort} {last.changed} {value}".encode()).decode().rstrip("=")


def _read_cursor(query: StoreQuery) -> _Place | None:
    if not query.cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4)).decode()
        sort, seq, value = text.split(" ", 2)
        place = _Place(int(seq), int(value) if sort == "created" else value)
    except ValueError:
        raise CursorError("This is no cursor that a page gave out.") from None
    if sort != query.sort:
        raise CursorError(f"This cursor belongs to a page sorted by {sort[:20]!r}.")
    numbers = [number for number in (place.seq, place.value) if isinstance(number, int)]
    if not all(0 <= number <= _LAST_NUMBER for number in numbers):
        raise CursorError("This is no cursor that a page gave out.")
    return place
