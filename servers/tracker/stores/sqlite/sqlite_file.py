"""Owns the SQLite file: its lock, threads, integrity checks, backups and repair.

In comes work on a connection, out comes its result or a StoreError. While the disk fails, each
write is an error; reads go on where they can. The disk is tried again until it works.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import apsw

from servers.tracker.stores.base import Clock, StoreError, TroubleListener, Write, Written
from servers.tracker.stores.sqlite import backup, disk, rows, tables
from servers.tracker.stores.sqlite.sqlite_worker import SqliteWorker

log = logging.getLogger(__name__)
T = TypeVar("T")
_CHECK_BEFORE_READY_S = 2.0
_FEW_STEPS = 5_000
"""Of SQLite's machine, for one statement on the loop's own thread: less than a millisecond. A
hundred rows take 3,000."""
_SMALL_CACHE = "PRAGMA cache_size = -2048"
_TRY_AGAIN_S = 1.0
_HOUR_S = 3600.0
_LAST_WORK_S = 1.0
"""How long `close` waits for threads. The next start removes what they leave."""
_SHAPED_BEFORE_READY_S = 8.0
"""A migration that takes longer goes on in the background; a million entries take twice as long."""


class SqliteFile:
    """The only owner of `file`: one thread writes in groups, another one reads.

    Rows are looked up by their keys on the event loop's own thread, which never waits for the file.
    """

    def __init__(
        self, file: Path, report_trouble: TroubleListener, steps: Sequence[str] = tables.PRESENT
    ) -> None:
        self.file = file
        self.backups = file.parent / "backups"
        self.clock = Clock()
        self.trouble: StoreError | None = None
        self._steps = steps
        self._identity: tuple[int, int] | None = None
        self._report_trouble = report_trouble
        self._lock: BinaryIO | None = None
        """Held open while the folder is this process's; the system closes it with the process."""
        self._writer: SqliteWorker | None = None
        self._reader: SqliteWorker | None = None
        self._read_connection = ReadConnection(self._connect)
        self._usable = asyncio.Event()
        self._held = asyncio.Event()
        """Set while another program has the damaged file open."""
        self._is_closed = self._is_prepared = self._is_restoring = self._is_waiting = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadTasks()

    async def open(self) -> None:
        """Take the file, bring it to its present shape, and check it after an unclean stop.

        Raises:
            StoreError: another process has it, or a newer Lou wrote it.
        """
        self._lock = await disk.take(self.file.parent)
        was_clean = not backup.has_waiting_changes(self.file)
        preparing = asyncio.ensure_future(self._threads.do(self._prepare))
        done, _ = await asyncio.wait([preparing], timeout=_SHAPED_BEFORE_READY_S)
        if done:
            await self._take(preparing, was_clean=was_clean)
            await self._wait_until_usable()
        else:
            self.trouble = disk.SHAPING
            self._report_trouble(disk.SHAPING, cleared=False)
            self._begin(self._take(preparing, was_clean=was_clean))
        self._begin(self._back_up_daily())

    async def _take(self, preparing: asyncio.Future[None], *, was_clean: bool) -> None:
        """Start the workers once the file is prepared."""
        try:
            await preparing
        except (apsw.Error, OSError) as broken:
            self._note_failure(broken)
        except StoreError:
            assert self._lock is not None
            self._lock.close()
            raise
        else:
            if self.trouble is not None:
                self._clear_trouble()
            self._start_workers()
            if not was_clean:
                await self._check(_CHECK_BEFORE_READY_S)
        if not self._is_restoring:
            self._start_workers()

    async def _is_usable(self) -> None:
        if self.trouble is disk.SHAPING:
            raise self.trouble
        if not self._usable.is_set():  # nearly always it is, and waiting for two events is dear
            await self._wait_until_usable()
        if self.trouble is disk.HELD:
            raise self.trouble

    async def _wait_until_usable(self) -> None:
        """Wait for the file, or until it is known that another program holds the damaged one."""
        held = asyncio.ensure_future(self._held.wait())
        usable = asyncio.ensure_future(self._usable.wait())
        try:
            await asyncio.wait((held, usable), return_when=asyncio.FIRST_COMPLETED)
        finally:
            held.cancel()
            usable.cancel()

    async def close(self) -> None:
        """Finish acknowledged writes; later ones are refused."""
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._threads.over(_LAST_WORK_S)
        await self._stop_workers()
        self._usable.set()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` finds; raises StoreError if the file cannot be read now."""
        await self._is_usable()
        assert self._reader is not None
        try:
            return await self._reader.run(work)
        except apsw.Error as broken:
            self._require_present_shape()
            raise self._note_failure(broken) from None

    async def look_up(self, work: Callable[[apsw.Connection], T]) -> T:
        """The result of `work`; when it takes more than a few rows, the reading thread does it.

        A full-text search must not come here: SQLite counts it as one step.

        Raises:
            StoreError: the file cannot be read now.
        """
        if self._usable.is_set() and not (self.trouble or self._is_closed):
            try:
                return self._read_connection.look_up(work)
            except apsw.InterruptError:
                log.debug("A look-up had too many steps for the loop's thread")
            except apsw.Error:
                self._read_connection.close()  # the reading thread waits, or reports it
        return await self.read(work)

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """The result of `work`, once on disk; raises StoreError if nothing can be written now."""
        return await self._write(lambda worker: worker.run(work))

    async def apply(self, writes: Sequence[Write]) -> list[Written]:
        """Do each allowed write, in one transaction with the writes of others at this moment.

        Raises:
            StoreError: the file cannot be written now; nothing was.
        """
        return await self._write(lambda worker: worker.do(writes))

    async def _write(self, work: Callable[[SqliteWorker], Awaitable[T]]) -> T:
        await self._is_usable()
        self._require_present_shape()
        assert self._writer is not None
        try:
            found = await work(self._writer)
        except apsw.Error as broken:
            raise self._note_failure(broken) from None
        if self.trouble is not None:
            self._clear_trouble()
        return found

    def _require_present_shape(self) -> None:
        if self.trouble is not None and not self._is_prepared:
            raise self.trouble from None

    def _merge(self, connection: apsw.Connection, writes: Sequence[Write]) -> list[Written]:
        disk.require(self.file, self._identity)
        return rows.write(connection, writes, self.clock)

    async def back_up(self, label: str = "daily") -> Path:
        """A checked copy of the file as it is now; raises StoreError if it could not be made."""
        self._require_present_shape()
        try:
            disk.require(self.file, self._identity)
            return await self._threads.do(backup.back_up, self.file, self.backups, label)
        except (apsw.Error, OSError) as broken:
            raise disk.store_error(broken) or broken from None

    def _note_failure(self, broken: apsw.Error | OSError) -> StoreError:
        """The failure as a StoreError. It is reported once, and its end is awaited."""
        found = disk.store_error(broken)
        if found is None:
            raise broken
        if found.code == "closed" or (self.trouble and self.trouble.code == found.code):
            return found
        if self.trouble is not None:
            self._report_trouble(self.trouble, cleared=True)
        self.trouble = found
        log.error("%s", found.reason)
        self._report_trouble(found, cleared=False)
        if found.code == "damaged":
            self._is_restoring = True
            self._usable.clear()
            self._begin(self._restore_backup())
        elif not self._is_waiting:
            self._is_waiting = True
            self._begin(self._wait_for_disk())
        return found

    def _clear_trouble(self) -> None:
        assert self.trouble is not None
        self._report_trouble(self.trouble, cleared=True)
        self.trouble = None
        log.info("The tracker's file can be used again")

    async def _wait_for_disk(self) -> None:
        """Try until a write succeeds."""
        while self.trouble is not None and not self._is_restoring:
            await asyncio.sleep(_TRY_AGAIN_S)
            with contextlib.suppress(StoreError, apsw.Error, OSError):
                if not self._is_prepared:
                    await self._threads.do(self._prepare)
                await self.write(rows.try_out)
        self._is_waiting = False
        if not self._is_restoring:
            await self._renew_reader()

    async def _restore_backup(self) -> None:
        """Go back to the newest good backup, and report which changes are missing."""
        await self._stop_workers()
        damaged, used = await self._put_aside()
        await self._threads.do(self._prepare)
        self._clear_trouble()
        self._report_trouble(disk.restored(damaged, used), cleared=False)
        self._is_restoring = False
        self._start_workers()

    async def _put_aside(self) -> tuple[Path, Path | None]:
        """As `backup.go_back`, tried until no other program has the damaged file open."""
        while True:
            try:
                found = await self._threads.do(backup.go_back, self.file, self.backups)
            except OSError as refused:
                if not self._held.is_set():
                    log.warning("The damaged file cannot be put aside yet: %s", refused)
                    self._clear_trouble()
                    self.trouble = disk.HELD
                    self._report_trouble(disk.HELD, cleared=False)
                    self._held.set()
                await asyncio.sleep(_TRY_AGAIN_S)
            else:
                self._held.clear()
                return found

    async def _check(self, limit_s: float) -> None:
        """Check the whole file; after `limit_s` go on in the background."""
        sound = await self._threads.do(backup.check, self.file, limit_s, lambda: self._is_closed)
        if sound is None:
            self._begin(self._check(_HOUR_S))
        elif not sound:
            self._note_failure(apsw.CorruptError("the integrity check found damage"))

    async def _back_up_daily(self) -> None:
        while True:
            try:
                if self.clock.last and await asyncio.to_thread(backup.is_due, self.backups):
                    await self.back_up()
            except (apsw.Error, StoreError, OSError) as broken:
                log.warning("The daily backup failed and is tried again in an hour: %s", broken)
            await asyncio.sleep(_HOUR_S)

    def _prepare(self) -> None:
        backup.sweep(self.file.parent)
        backup.sweep(self.backups)
        with contextlib.closing(backup.connect(self.file)) as connection:
            back_up = functools.partial(backup.back_up, self.file, self.backups)
            tables.migrate(connection, back_up, self._steps)
            self.clock.last = max(self.clock.last, rows.last_change(connection))
        self._identity = disk.identity(self.file)
        self._is_prepared = True

    def _connect(self) -> apsw.Connection:
        if self._is_prepared:
            disk.require(self.file, self._identity)
        return backup.connect(self.file)

    def _start_workers(self) -> None:
        if not self._usable.is_set():
            self._writer = SqliteWorker("tracker-writer", self._connect, self._merge)
            self._reader = SqliteWorker("tracker-reader", self._connect_reader)
            self._usable.set()

    async def _renew_reader(self) -> None:
        """Open a new reader: the old one may have opened the file as immutable."""
        former, self._reader = self._reader, SqliteWorker("tracker-reader", self._connect_reader)
        if former is not None:
            await former.close()

    def _connect_reader(self) -> apsw.Connection:
        try:
            return self._connect()
        except disk.StoreGoneError:
            raise
        except apsw.Error:
            return backup.connect_to_read(self.file)

    async def _stop_workers(self) -> None:
        self._usable.clear()
        self._read_connection.close()
        for worker in (self._reader, self._writer):
            if worker is not None:
                await worker.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class ReadConnection:
    """A read-only use of the file on the loop's own thread; it opens at the first look-up."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._connection: apsw.Connection | None = None

    def look_up(self, work: Callable[[apsw.Connection], T]) -> T:
        """The result of `work`.

        Raises:
            apsw.InterruptError: it took more than `_FEW_STEPS`.
            apsw.Error: the file cannot be read, or is locked.
        """
        return work(self._connection or self._opened())

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):
                self._connection.close()
            self._connection = None

    def _opened(self) -> apsw.Connection:
        self._connection = connection = self._connect()
        connection.set_busy_timeout(0)
        connection.execute(_SMALL_CACHE)
        connection.set_progress_handler(lambda: True, _FEW_STEPS)
        return connection


class ThreadTasks:
    """Work in threads; `over` waits for all of it, even when its callers were cancelled."""

    def __init__(self) -> None:
        self._threads: set[asyncio.Future[Any]] = set()

    async def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """The result of `work`, run in a thread."""
        thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        self._threads.add(thread)
        thread.add_done_callback(self._threads.discard)
        return await asyncio.shield(thread)

    async def over(self, limit_s: float) -> None:
        """Wait for all threads, at most `limit_s` seconds."""
        if self._threads:
            await asyncio.wait(self._threads, timeout=limit_s)
