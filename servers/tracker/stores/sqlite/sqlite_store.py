"""The embedded store in one SQLite file. A write is on disk before its call returns."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from pathlib import Path

from servers.tracker.stores.base import (
    Change,
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
from servers.tracker.stores.sqlite import backup, queries, rows, tables
from servers.tracker.stores.sqlite.sqlite_file import SqliteFile


class SqliteStore:
    """A Store in the file `tracker.db` of a folder, which only this process uses."""

    kind = "sqlite"
    is_remote = False

    def __init__(
        self,
        folder: Path,
        *,
        report_trouble: TroubleListener = ignore_trouble,
        steps: Sequence[str] = tables.PRESENT,
    ) -> None:
        self._file = SqliteFile(folder / "tracker.db", report_trouble, steps)
        self.open, self.close, self.back_up = self._file.open, self._file.close, self._file.back_up

    @property
    def trouble(self) -> StoreError | None:
        return self._file.trouble

    def backups(self) -> list[str]:
        return [path.name for path in backup.backups(self._file.backups)]

    async def apply(self, writes: Sequence[Write], *, together: bool = False) -> list[Written]:
        if not together:
            return await self._file.apply(writes)
        clock = self._file.clock
        return await self._file.write(
            lambda connection: rows.write(connection, writes, clock, together=True)
        )

    async def get(self, id: str) -> SealedRecord | None:
        return await self._file.look_up(lambda connection: rows.get(connection, id))

    async def paired(self, pairs: Collection[str]) -> list[SealedRecord]:
        return await self._file.read(lambda connection: rows.paired(connection, pairs))

    async def history(self, entry: str, *, limit: int) -> list[Change]:
        return await self._file.look_up(lambda connection: rows.history(connection, entry, limit))

    async def find(self, query: StoreQuery) -> RecordPage:
        ask = self._file.read if query.groups else self._file.look_up
        return await ask(lambda connection: queries.find(connection, query))

    async def counts(self) -> Counts:
        return await self._file.read(rows.counts)

    async def stamps(self) -> set[str]:
        return await self._file.read(rows.stamps)

    async def outdated(self, stamp: str, limit: int) -> tuple[list[SealedRecord], list[Change]]:
        return await self._file.read(lambda connection: rows.outdated(connection, stamp, limit))

    async def reseal(self, records: Sequence[SealedRecord], changes: Sequence[Change]) -> None:
        await self._file.write(lambda connection: rows.reseal(connection, records, changes))

    async def tidy(self) -> None:
        begins = more = True
        while more:
            more = await self._file.write(functools.partial(rows.tidy, begins=begins))
            begins = False

    async def scan(self, after: str, limit: int) -> list[tuple[SealedRecord, list[Change]]]:
        return await self._file.read(lambda connection: rows.scan(connection, after, limit))

    async def adopt(self, taken: Sequence[tuple[SealedRecord, Sequence[Change]]]) -> int:
        clock = self._file.clock
        return await self._file.write(lambda connection: rows.adopt(connection, taken, clock))

    async def recall(self, name: str) -> str:
        return await self._file.read(lambda connection: rows.recall(connection, name))

    async def remember(self, name: str, value: str) -> None:
        await self._file.write(lambda connection: rows.remember(connection, name, value))
