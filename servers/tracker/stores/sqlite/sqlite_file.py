"""Who has the SQLite file and how it fares: lock, threads, checks, backups, and repair.

A failing disk makes every write an error in words; reads go on where they can. The end of the
trouble is looked for all the time, and nobody has to restart anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from servers.tracker.stores.base import StoreError, Tell, Write, Written
from servers.tracker.stores.clock import Clock
from servers.tracker.stores.sqlite import backup as upkeep
from servers.tracker.stores.sqlite import disk, rows, tables
from servers.tracker.stores.sqlite.read_connection import ReadConnection
from servers.tracker.stores.sqlite.sqlite_worker import SqliteWorker
from servers.tracker.stores.thread_tasks import ThreadTasks

log = logging.getLogger(__name__)
T = TypeVar("T")
_CHECK_BEFORE_READY_S = 2.0
_TRY_AGAIN_S = 1.0
_HOUR_S = 3600.0
_LAST_WORK_S = 1.0
"""What is at the file longer than this when it is closed is swept away at the next start."""
_SHAPED_BEFORE_READY_S = 8.0
"""A million entries take twice as long; who waits for the tracker would think that it hangs."""


class SqliteFile:
    """The one owner of `file`: writes go through one thread in groups, reads through another.

    What is read by its key is read on the spot, through a connection that waits for nothing.
    """

    def __init__(self, file: Path, tell: Tell, steps: Sequence[str] = tables.PRESENT) -> None:
        self.file = file
        self.backups = file.parent / "backups"
        self.clock = Clock()
        self.trouble: StoreError | None = None
        self._steps = steps
        self._identity: tuple[int, int] | None = None
        self._tell = tell
        self._lock: disk.Lock | None = None
        self._writer: SqliteWorker | None = None
        self._reader: SqliteWorker | None = None
        self._at_hand = ReadConnection(self._connect)
        self._usable = asyncio.Event()
        self._is_closed = self._is_prepared = self._is_mending = self._is_waiting = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._aside = ThreadTasks()

    async def open(self) -> None:
        """Take the file, bring it to its present shape, and check it after an unclean stop.

        Raises:
            StoreError: another process has it, or a newer Lou wrote it.
        """
        self._lock = await disk.take(self.file.parent)
        was_clean = not upkeep.has_waiting_changes(self.file)
        preparing = asyncio.ensure_future(self._aside.do(self._prepare))
        done, _ = await asyncio.wait([preparing], timeout=_SHAPED_BEFORE_READY_S)
        if done:
            await self._take(preparing, was_clean=was_clean)
            await self._usable.wait()
        else:
            self.trouble = disk.SHAPING
            self._tell(disk.SHAPING, cleared=False)
            self._begin(self._take(preparing, was_clean=was_clean))
        self._begin(self._back_up_daily())

    async def _take(self, preparing: asyncio.Future[None], *, was_clean: bool) -> None:
        """Let the file be used once it is prepared."""
        try:
            await preparing
        except apsw.Error as broken:
            self._failed(broken)
        except StoreError:
            assert self._lock is not None
            self._lock.release()
            raise
        else:
            if self.trouble is not None:
                self._healed()
            self._start_lanes()
            if not was_clean:
                await self._check(_CHECK_BEFORE_READY_S)
        if not self._is_mending:
            self._start_lanes()

    async def _is_usable(self) -> None:
        if self.trouble is disk.SHAPING:
            raise self.trouble
        await self._usable.wait()

    async def close(self) -> None:
        """Finish what was acknowledged; what comes later is refused."""
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._aside.over(_LAST_WORK_S)
        await self._stop_lanes()
        self._usable.set()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` finds.

        Raises:
            StoreError: the file cannot be read now.
        """
        await self._is_usable()
        assert self._reader is not None
        try:
            return await self._reader.run(work)
        except apsw.Error as broken:
            if self.trouble is not None and not self._is_prepared:
                raise self.trouble from None
            raise self._failed(broken) from None

    async def look_up(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` finds; what turns out to be more than a few rows is left to the thread.

        A search for words must not come here: SQLite counts its steps as one.

        Raises:
            StoreError: the file cannot be read now.
        """
        if self._usable.is_set() and not (self.trouble or self._is_closed):
            try:
                return self._at_hand.look_up(work)
            except apsw.InterruptError:
                log.debug("A look-up was longer than it seemed")
            except apsw.Error:
                self._at_hand.let_go()  # a thread may wait, and says what is wrong
        return await self.read(work)

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` says, once what it did is on disk.

        Raises:
            StoreError: the file cannot be written now; nothing was.
        """
        return await self._written(lambda lane: lane.run(work))

    async def apply(self, writes: Sequence[Write]) -> list[Written]:
        """Do each write that may be done, together with what others write at this moment.

        Raises:
            StoreError: the file cannot be written now; nothing was.
        """
        return await self._written(lambda lane: lane.do(writes))

    async def _written(self, work: Callable[[SqliteWorker], Awaitable[T]]) -> T:
        await self._is_usable()
        assert self._writer is not None
        try:
            found = await work(self._writer)
        except apsw.Error as broken:
            raise self._failed(broken) from None
        if self.trouble is not None:
            self._healed()
        return found

    def _merge(self, connection: apsw.Connection, writes: Sequence[Write]) -> list[Written]:
        disk.require(self.file, self._identity)
        return rows.write(connection, writes, self.clock)

    async def back_up(self, label: str = "daily") -> Path:
        """A checked copy of the file as it is now."""
        try:
            disk.require(self.file, self._identity)
            return await self._aside.do(upkeep.back_up, self.file, self.backups, label)
        except apsw.Error as broken:
            raise disk.told(broken) or broken from None

    def _failed(self, broken: apsw.Error) -> StoreError:
        """The failure in words; told once, and its end looked for."""
        found = disk.told(broken)
        if found is None:
            raise broken
        if found.code == "closed" or (self.trouble and self.trouble.code == found.code):
            return found
        if self.trouble is not None:
            self._tell(self.trouble, cleared=True)
        self.trouble = found
        log.error("%s", found.said)
        self._tell(found, cleared=False)
        if found.code == "damaged":
            self._is_mending = True
            self._usable.clear()
            self._begin(self._mend())
        elif not self._is_waiting:
            self._is_waiting = True
            self._begin(self._outwait())
        return found

    def _healed(self) -> None:
        assert self.trouble is not None
        self._tell(self.trouble, cleared=True)
        self.trouble = None
        log.info("The tracker's file can be used again")

    async def _outwait(self) -> None:
        """Try until the disk takes a write again."""
        while self.trouble is not None and not self._is_mending:
            await asyncio.sleep(_TRY_AGAIN_S)
            with contextlib.suppress(StoreError, apsw.Error, OSError):
                if not self._is_prepared:
                    await self._aside.do(self._prepare)
                await self.write(rows.try_out)
        self._is_waiting = False
        if not self._is_mending:
            await self._renew_reader()

    async def _mend(self) -> None:
        """Go back to the newest good backup, and say what that costs."""
        await self._stop_lanes()
        aside, backup = await self._aside.do(upkeep.go_back, self.file, self.backups)
        await self._aside.do(self._prepare)
        self._healed()
        self._tell(disk.restored(aside, backup), cleared=False)
        self._is_mending = False
        self._start_lanes()

    async def _check(self, limit_s: float) -> None:
        """Look through the whole file; go on in the background when that takes long."""
        sound = await self._aside.do(upkeep.check, self.file, limit_s, lambda: self._is_closed)
        if sound is None:
            self._begin(self._check(_HOUR_S))
        elif not sound:
            self._failed(apsw.CorruptError("the integrity check found damage"))

    async def _back_up_daily(self) -> None:
        while True:
            try:
                if self.clock.last and await asyncio.to_thread(upkeep.is_due, self.backups):
                    await self.back_up()
            except (apsw.Error, StoreError, OSError) as broken:
                log.warning("The daily backup failed and is tried again in an hour: %s", broken)
            await asyncio.sleep(_HOUR_S)

    def _prepare(self) -> None:
        upkeep.sweep(self.file.parent)
        upkeep.sweep(self.backups)
        with contextlib.closing(upkeep.connect(self.file)) as connection:
            back_up = functools.partial(upkeep.back_up, self.file, self.backups)
            tables.migrate(connection, back_up, self._steps)
            self.clock.last = max(self.clock.last, rows.last_change(connection))
        self._identity = disk.identity(self.file)
        self._is_prepared = True

    def _connect(self) -> apsw.Connection:
        if self._is_prepared:
            disk.require(self.file, self._identity)
        return upkeep.connect(self.file)

    def _start_lanes(self) -> None:
        if not self._usable.is_set():
            self._writer = SqliteWorker("tracker-writer", self._connect, self._merge)
            self._reader = SqliteWorker("tracker-reader", self._connect_reader)
            self._usable.set()

    async def _renew_reader(self) -> None:
        """Read from the file as it is now, after a time in which it could only be looked at."""
        former, self._reader = self._reader, SqliteWorker("tracker-reader", self._connect_reader)
        if former is not None:
            await former.close()

    def _connect_reader(self) -> apsw.Connection:
        try:
            return self._connect()
        except disk.StoreGoneError:
            raise
        except apsw.Error:
            return upkeep.connect_to_read(self.file)

    async def _stop_lanes(self) -> None:
        self._usable.clear()
        self._at_hand.let_go()
        for lane in (self._reader, self._writer):
            if lane is not None:
                await lane.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
