"""One SQLite file with one thread that owns it: the loop never waits for a disk.

The file is expendable (a cache, an index): damaged, it is begun anew; where there is no folder, or
one that cannot be written, it lives in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
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
    """Runs functions over a connection in its own thread, in the order they came.

    A file in which `schema` cannot be run is of no use and begun anew.
    """

    def __init__(self, path: Path | None, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._sent: deque[Callable[[apsw.Connection], object]] = deque()
        self._connection: apsw.Connection | None = None
        self._is_failing = False

    async def open(self) -> None:
        """Open or create the file; on a disk that fails, what is kept is lost, and nothing else."""
        try:
            await self.run(lambda _: None)
        except apsw.Error as error:
            log.warning("%s cannot be opened now: %s", self._path, error)

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` returns for the connection, in one transaction, after what was sent."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._after_sent, work
        )

    def send(self, work: Callable[[apsw.Connection], object]) -> None:
        """Run `work` later, together with what else is sent until then.

        A failure is logged and costs nothing but what was sent with it.
        """
        self._sent.append(work)
        if len(self._sent) == 1:
            self._thread.submit(self._work_off)

    async def clear(self) -> None:
        """Begin anew: nothing of what was in the file stays on the disk."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._begin_anew)

    async def close(self) -> None:
        """Finish what was sent and close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _after_sent(self, work: Callable[[apsw.Connection], T]) -> T:
        self._work_off()
        return self._do(work)

    def _work_off(self) -> None:
        sent: list[Callable[[apsw.Connection], object]] = []
        while self._sent:
            sent.append(self._sent.popleft())
        if not sent:
            return
        try:
            self._do(lambda connection: [work(connection) for work in sent])
        except (apsw.Error, OSError) as error:
            self._note(str(error))
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        """Log once when writing begins to fail, and once when it works again."""
        if trouble and not self._is_failing:
            log.warning("%s cannot be written: %s", self._path, trouble)
        elif self._is_failing and not trouble:
            log.info("%s can be written again", self._path)
        self._is_failing = bool(trouble)

    def _do(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return _in_transaction(self._connected(), work)
        except _DAMAGED:
            self._replace_damaged()
            return _in_transaction(self._connected(), work)

    def _connected(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> apsw.Connection:
        if self._path is None:
            return self._prepared(apsw.Connection(":memory:"))
        try:
            return self._on_disk(self._path)
        except (*_DAMAGED, apsw.SQLError):  # the latter: a file of another version
            self._replace_damaged()
            return self._on_disk(self._path)
        except _UNUSABLE as error:
            log.warning("%s cannot be used (%s); kept in memory instead", self._path, error)
            return self._prepared(apsw.Connection(":memory:"))

    def _on_disk(self, path: Path) -> apsw.Connection:
        ownership.make_private(str(path.parent))
        ownership.require_database(str(path))
        with _private_files():
            return self._prepared(apsw.Connection(str(path)))

    def _prepared(self, connection: apsw.Connection) -> apsw.Connection:
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
        log.warning("%s was damaged; begun anew", self._path)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._sent.clear()
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None
        for suffix in ("", "-wal", "-shm") if self._path else ():
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                Path(f"{self._path}{suffix}").unlink()

    def _close(self) -> None:
        self._work_off()
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


@contextlib.contextmanager
def _private_files() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
