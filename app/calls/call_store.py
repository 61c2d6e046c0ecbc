"""Stores calls in one SQLite file that only this process uses, bounded by bytes and by age.

The table `calls` is small and indexed, so that a million rows are filtered quickly; request and
answer are in `details`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.calls.kept_call import CallDetail, CallQuery, KeptCall
from app.system.private_database import PrivateDatabase

_COLUMNS = ("at", "server", "tool", "client", "version", "ms", "outcome", "error", "size", "own")
_NAMES = ", ".join((*_COLUMNS, "cut"))
_FILTERED = ("server", "tool", "client", "outcome")
_SEARCHED_AT_ONCE = 200
_DELETED_AT_ONCE = 0.02
"""Of the kept calls, when there is no room for new ones."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, server TEXT,
 tool TEXT, client TEXT, version TEXT, ms REAL, outcome TEXT, error TEXT, size INTEGER,
 own INTEGER, cut TEXT);
CREATE TABLE IF NOT EXISTS details (id INTEGER PRIMARY KEY, request TEXT, answer TEXT);
CREATE INDEX IF NOT EXISTS by_own ON calls (own);
{"".join(f"CREATE INDEX IF NOT EXISTS by_{name} ON calls (own, {name});" for name in _FILTERED)}
"""


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call to store; `row` has the values of the columns of `calls` but its id."""

    row: tuple[Any, ...]
    detail: CallDetail

    @property
    def size(self) -> int:
        """Roughly its bytes in the file."""
        return 300 + len(self.detail.request) + len(self.detail.answer)


@dataclass(frozen=True, slots=True)
class CallPage:
    """Found calls, the newest first; `before` continues the search, None at its end."""

    calls: tuple[KeptCall, ...]
    before: int | None


class CallStore(PrivateDatabase):
    """Adds, finds and deletes calls; the file has at most `most_bytes` after each `add`."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        super().__init__(path)
        self.most_bytes = most_bytes

    def add(self, calls: Sequence[NewCall]) -> None:
        """Store `calls`; the oldest go when there is no room.

        Raises:
            sqlite3.Error: nothing was stored.
            OSError: other users can access the file; nothing was stored.
        """
        connection = self._connection()
        self._make_room(sum(call.size for call in calls))
        marks = ", ".join("?" * (len(_COLUMNS) + 1))
        with connection:
            for call in calls:
                added = connection.execute(
                    f"INSERT INTO calls ({_NAMES}) VALUES ({marks})",  # noqa: S608 - constants
                    call.row,
                )
                detail = call.detail
                if detail.request or detail.answer:
                    values = (added.lastrowid, detail.request, detail.answer)
                    connection.execute("INSERT INTO details VALUES (?, ?, ?)", values)

    def find(self, query: CallQuery, before: int | None, limit: int, budget_s: float) -> CallPage:
        """The newest calls with an id below `before`; a search for a text ends with its budget."""
        end = time.monotonic() + budget_s
        found: list[KeptCall] = []
        while True:
            at_once = _SEARCHED_AT_ONCE if query.text else limit
            rows = self._rows(query, before, at_once)
            for row in rows:
                if not query.text or self._holds(row, query.text):
                    found.append(row)
                    if len(found) == limit:
                        return CallPage(tuple(found), row.id)
            if len(rows) < at_once:
                return CallPage(tuple(found), None)
            before = rows[-1].id
            if time.monotonic() > end:
                return CallPage(tuple(found), before)

    def call(self, id: int) -> KeptCall | None:
        query = f"SELECT id, {_NAMES} FROM calls WHERE id = ?"  # noqa: S608 - constants
        row = self._connection().execute(query, (id,)).fetchone()
        return _call(row) if row else None

    def detail(self, id: int) -> CallDetail:
        query = "SELECT request, answer FROM details WHERE id = ?"
        row = self._connection().execute(query, (id,)).fetchone()
        return CallDetail(*row) if row else CallDetail()

    def names(self, column: str) -> tuple[str, ...]:
        """The different values of server, tool, client or outcome in calls of the user's."""
        assert column in _FILTERED
        found: list[str] = []
        query = f"SELECT min({column}) FROM calls WHERE own = 0 AND {column} > ?"  # noqa: S608
        last = ""
        while (row := self._connection().execute(query, (last,)).fetchone()) and row[0]:
            last = str(row[0])
            found.append(last)
        return tuple(found)

    def forget(self, before: float) -> None:
        """Delete the calls that ended before `before`, in seconds since the epoch."""
        query = "SELECT max(id) FROM calls WHERE at < ?"
        last = self._connection().execute(query, (before,)).fetchone()[0]
        if last is not None:
            self._delete(last)

    def clear(self) -> None:
        """Delete every call, and the file."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _rows(self, query: CallQuery, before: int | None, limit: int) -> list[KeptCall]:
        """One page without a look at texts. Own calls are read apart: both use an index."""
        conditions = ["id < ?", *(f"{name} = ?" for name in _FILTERED if getattr(query, name))]
        values = [getattr(query, name) for name in _FILTERED if getattr(query, name)]
        where = " AND ".join(conditions)
        sql = f"SELECT id, {_NAMES} FROM calls WHERE own = ? AND {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
        newest = 1 << 62 if before is None else before
        rows: list[tuple[Any, ...]] = []
        for own in (0, 1) if query.own else (0,):
            rows += self._connection().execute(sql, (own, newest, *values, limit))
        rows.sort(reverse=True)
        return [_call(row) for row in rows[:limit]]

    def _holds(self, call: KeptCall, text: str) -> bool:
        detail, wanted = self.detail(call.id), text.lower()
        places = (call.server, call.tool, call.client, call.error, detail.request, detail.answer)
        return any(wanted in place.lower() for place in places)

    def _make_room(self, wanted: int) -> None:
        """Delete the oldest calls until `wanted` more bytes fit."""
        while (used := self._size_bytes()) + wanted > self.most_bytes:
            first, last = (
                self._connection().execute("SELECT min(id), max(id) FROM calls").fetchone()
            )
            if first is None:
                return
            self._delete(first + int((last - first) * _DELETED_AT_ONCE))
            if self._size_bytes() >= used and first == last:
                return

    def _delete(self, last: int) -> None:
        connection = self._connection()
        with connection:
            connection.execute("DELETE FROM details WHERE id <= ?", (last,))
            connection.execute("DELETE FROM calls WHERE id <= ?", (last,))
        connection.execute("PRAGMA incremental_vacuum").fetchall()

    def _size_bytes(self) -> int:
        ask = self._connection().execute
        pages = ask("PRAGMA page_count").fetchone()[0] - ask("PRAGMA freelist_count").fetchone()[0]
        return int(pages * ask("PRAGMA page_size").fetchone()[0])

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # what was deleted is not in the file
        connection.execute("PRAGMA journal_size_limit = 4000000")
        connection.executescript(_SCHEMA)


def _call(row: tuple[Any, ...]) -> KeptCall:
    id, at, server, tool, client, version, ms, outcome, error, size, own, cut = row
    facts = (server, tool, client, version, ms, outcome, error, size)
    return KeptCall(id, at, *facts, bool(own), cut)
