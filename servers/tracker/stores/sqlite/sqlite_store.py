"""The embedded store: one SQLite file, durable before it answers."""

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
    Tell,
    Write,
    Written,
    untold,
)
from servers.tracker.stores.sqlite import backup, queries, rows, tables
from servers.tracker.stores.sqlite.sqlite_file import SqliteFile


class SqliteStore:
    """The Store in the file `tracker.db` of a folder that nobody else uses."""

    kind = "sqlite"
    is_remote = False

    def __init__(
        self, folder: Path, *, tell: Tell = untold, steps: Sequence[str] = tables.PRESENT
    ) -> None:
        self._custody = SqliteFile(folder / "tracker.db", tell, steps)

    @property
    def trouble(self) -> StoreError | None:
        """What keeps it from working now."""
        return self._custody.trouble

    async def open(self) -> None:
        """Take the file and bring it to its present shape."""
        await self._custody.open()

    async def close(self) -> None:
        """Finish what was acknowledged."""
        await self._custody.close()

    def backups(self) -> list[str]:
        """The backups there are, the newest first."""
        return [path.name for path in backup.backups(self._custody.backups)]

    async def back_up(self) -> Path:
        """A checked copy of the file as it is now."""
        return await self._custody.back_up()

    async def apply(self, writes: Sequence[Write], *, together: bool = False) -> list[Written]:
        """Write each that may be; `together` all of them or none."""
        if not together:
            return await self._custody.apply(writes)
        clock = self._custody.clock
        return await self._custody.write(
            lambda connection: rows.write_together(connection, writes, clock)
        )

    async def get(self, id: str) -> SealedRecord | None:  # noqa: A002 - what it is
        """The record called `id`."""
        return await self._custody.look_up(lambda connection: rows.get(connection, id))

    async def paired(self, pairs: Collection[str]) -> list[SealedRecord]:
        """The records that have one of `pairs`."""
        return await self._custody.read(lambda connection: rows.paired(connection, pairs))

    async def history(self, entry: str, *, limit: int) -> list[Change]:
        """The last changes of one entry."""
        return await self._custody.look_up(
            lambda connection: rows.history(connection, entry, limit)
        )

    async def find(self, query: StoreQuery) -> RecordPage:
        """One page."""
        ask = self._custody.read if query.groups else self._custody.look_up
        return await ask(lambda connection: queries.find(connection, query))

    async def counts(self) -> Counts:
        """How many there are now."""
        return await self._custody.read(rows.counts)

    async def stamps(self) -> set[str]:
        """What the records and their histories were sealed with."""
        return await self._custody.read(rows.stamps)

    async def outdated(self, stamp: str, limit: int) -> tuple[list[SealedRecord], list[Change]]:
        """Some records and some changes that were made with `stamp`."""
        return await self._custody.read(lambda connection: rows.outdated(connection, stamp, limit))

    async def reseal(self, records: Sequence[SealedRecord], changes: Sequence[Change]) -> None:
        """Store these again, each only when it is unchanged."""
        await self._custody.write(lambda connection: rows.reseal(connection, records, changes))

    async def tidy(self) -> None:
        """Merge the index of terms into one, a little at a time."""
        begins = more = True
        while more:
            more = await self._custody.write(functools.partial(rows.tidy, begins=begins))
            begins = False

    async def scan(self, after: str, limit: int) -> list[tuple[SealedRecord, list[Change]]]:
        """The records whose id comes after `after`, each with its whole history."""
        return await self._custody.read(lambda connection: rows.scan(connection, after, limit))

    async def adopt(self, taken: Sequence[tuple[SealedRecord, Sequence[Change]]]) -> int:
        """Take over records of another store as they are."""
        clock = self._custody.clock
        return await self._custody.write(lambda connection: rows.adopt(connection, taken, clock))

    async def recall(self, name: str) -> str:
        """What was remembered under `name`."""
        return await self._custody.read(lambda connection: rows.recall(connection, name))

    async def remember(self, name: str, value: str) -> None:
        """Keep a note of the tracker's own."""
        await self._custody.write(lambda connection: rows.remember(connection, name, value))
