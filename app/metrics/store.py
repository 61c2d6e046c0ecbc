"""Stores the figures by minute and by hour in one SQLite file that only this process uses."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from app.metrics import cells as figures
from app.metrics.cells import MetricsCell
from app.system.private_database import PrivateDatabase

Key = tuple[str, str]
"""Server and tool; an empty tool is the server itself."""

HOUR = 3600
_COLUMNS = (
    "calls INTEGER, errors INTEGER, hits INTEGER, misses INTEGER, cpu_sum REAL, cpu_count INTEGER,"
    " rss INTEGER, kinds TEXT, apis TEXT, times BLOB"
)
_NAMES = ", ".join(column.split()[0] for column in _COLUMNS.split(","))
_TABLES = ("minutes", "hours")


class MetricsStore(PrivateDatabase):
    """Adds, reads and deletes cells."""

    def add(self, minutes: Mapping[int, Mapping[Key, MetricsCell]]) -> None:
        """Merge the cells of each minute (seconds since the epoch) into both tables.

        Raises:
            sqlite3.Error: nothing was stored.
            OSError: other users can access the file; nothing was stored.
        """
        with self._connection() as connection:
            for minute, cells in minutes.items():
                for (server, tool), cell in cells.items():
                    for table, at in (("minutes", minute), ("hours", minute - minute % HOUR)):
                        _merge(connection, table, (at, server, tool), cell)

    def read(
        self, table: str, since: int, server: str, tool: str
    ) -> list[tuple[int, Key, MetricsCell]]:
        """The cells of a table from `since` on; an empty name means every one."""
        query = (
            f"SELECT at, server, tool, {_NAMES} FROM {table}"  # noqa: S608 - constants
            " WHERE at >= ? AND (? = '' OR server = ?) AND (? = '' OR tool = ?) ORDER BY at"
        )
        rows = self._connection().execute(query, (since, server, server, tool, tool))
        return [(row[0], (row[1], row[2]), figures.from_row(row[3:])) for row in rows]

    def counts(self, since: int) -> dict[str, tuple[int, int]]:
        """Calls and errors of each server in the minutes from `since` on."""
        query = "SELECT server, sum(calls), sum(errors) FROM minutes WHERE at >= ? GROUP BY server"
        rows = self._connection().execute(query, (since,))
        return {server: (calls, errors) for server, calls, errors in rows}

    def forget(self, before: int) -> None:
        """Delete everything before `before`, in seconds since the epoch."""
        with self._connection() as connection:
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table} WHERE at < ?", (before,))  # noqa: S608

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        for table in _TABLES:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (at INTEGER, server TEXT, tool TEXT,"
                f" {_COLUMNS}, PRIMARY KEY (at, server, tool)) WITHOUT ROWID"
            )


def _merge(
    connection: sqlite3.Connection, table: str, key: tuple[int, str, str], cell: MetricsCell
) -> None:
    query = f"SELECT {_NAMES} FROM {table} WHERE at = ? AND server = ? AND tool = ?"  # noqa: S608
    row = connection.execute(query, key).fetchone()
    merged = figures.from_row(row) if row else MetricsCell()
    merged.add(cell)
    values = (*key, *figures.to_row(merged))
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608
