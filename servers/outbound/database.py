"""One SQLite file and the thread that owns it, so that the loop never waits for a disk.

In: functions over a connection. Out: their results. The file holds nothing that is needed (a cache,
an index): a damaged one is replaced, and without a writable folder the data are kept in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from servers.contract import ownership

log = logging.getLogger(__name__)

T = TypeVar("T")

_DAMAGED = (apsw.NotADBError, apsw.CorruptError)
_UNUSABLE = (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, OSError)


class Database:
    """Runs functions over a connection in its own thread, in order.

    A file in which `schema` fails is replaced.
    """

    def __init__(self, path: Path | None, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._sent: deque[Callable[[apsw.Connection], object]] = deque()
        self._connection: apsw.Connection | None = None
        self._is_failing = False

    async def open(self) -> None:
        """Open or create the file; if the disk fails, only the stored data are lost."""
        try:
            await self.run(lambda _: None)
        except apsw.Error as error:
            log.warning("%s cannot be opened now: %s", self._path, error)

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` in one transaction, after the work that was sent; returns its result."""
        return await self._in_thread(lambda: self._run_sent_first(work))

    def send(self, work: Callable[[apsw.Connection], object]) -> None:
        """Run `work` later, in one transaction with other work sent until then.

        A failure is logged; only the work of that transaction is lost.
        """
        self._sent.append(work)
        if len(self._sent) == 1:
            self._thread.submit(self._run_sent)

    async def clear(self) -> None:
        """Delete the file and start with an empty one."""
        await self._in_thread(self._start_anew)

    async def close(self) -> None:
        """Finish the work that was sent and close the file."""
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _run_sent_first(self, work: Callable[[apsw.Connection], T]) -> T:
        self._run_sent()
        return self._execute(work)

    def _run_sent(self) -> None:
        sent: list[Callable[[apsw.Connection], object]] = []
        while self._sent:
            sent.append(self._sent.popleft())
        if not sent:
            return
        try:
            self._execute(lambda connection: [work(connection) for work in sent])
        except (apsw.Error, OSError) as error:
            self._note_health(str(error))
        else:
            self._note_health("")

    def _note_health(self, trouble: str) -> None:
        """Log once when writing begins to fail, and once when it works again."""
        if trouble and not self._is_failing:
            log.warning("%s cannot be written: %s", self._path, trouble)
        elif self._is_failing and not trouble:
            log.info("%s can be written again", self._path)
        self._is_failing = bool(trouble)

    def _execute(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return _in_transaction(self._connect(), work)
        except _DAMAGED:
            self._replace_damaged()
            return _in_transaction(self._connect(), work)

    def _connect(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._open_file()
        return self._connection

    def _open_file(self) -> apsw.Connection:
        if self._path is None:
            return self._prepare(apsw.Connection(":memory:"))
        try:
            return self._on_disk(self._path)
        except (*_DAMAGED, apsw.SQLError):  # SQLError: a file of another version
            self._replace_damaged()
            return self._on_disk(self._path)
        except _UNUSABLE as error:
            log.warning("%s cannot be used (%s); kept in memory instead", self._path, error)
            return self._prepare(apsw.Connection(":memory:"))

    def _on_disk(self, path: Path) -> apsw.Connection:
        ownership.make_private(str(path.parent))
        ownership.require_database(str(path))
        return self._prepare(apsw.Connection(str(path)))

    def _prepare(self, connection: apsw.Connection) -> apsw.Connection:
        connection.set_busy_timeout(2000)
        try:
            connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA temp_store=MEMORY")
            connection.execute(self._schema)
        except apsw.Error:
            connection.close()
            raise
        return connection

    def _replace_damaged(self) -> None:
        log.warning("%s was damaged; begun again", self._path)
        self._start_anew()

    def _start_anew(self) -> None:
        self._sent.clear()
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None
        for suffix in ("", "-wal", "-shm") if self._path else ():
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                Path(f"{self._path}{suffix}").unlink()

    def _close(self) -> None:
        self._run_sent()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _in_transaction(connection: apsw.Connection, work: Callable[[apsw.Connection], T]) -> T:
    connection.execute("BEGIN")
    try:
        done = work(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return done
