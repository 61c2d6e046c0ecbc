"""One thread that owns one SQLite connection, and commits in groups what arrives meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import apsw

T = TypeVar("T")
_MOST_TOGETHER = 512


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[apsw.Connection], T]
    answer: asyncio.Future[T]


class Lane:
    """Runs work in order. With `commits`, a group of works is one durable transaction.

    An answer is given after its transaction is on disk. When one work of a group fails, the
    others are done again, each in a transaction of its own; so a work must be repeatable.
    """

    def __init__(self, name: str, connect: Callable[[], apsw.Connection], *, commits: bool) -> None:
        self._connect = connect
        self._commits = commits
        self._connection: apsw.Connection | None = None
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._closed = False
        self._thread.start()

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` returns, once that is durable.

        Raises:
            apsw.Error: the database could not do it; nothing of it was kept.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            raise apsw.ConnectionClosedError("the store is closed")
        self._jobs.put(_Job(work, answer))
        return await answer

    async def close(self) -> None:
        """Finish what was handed over and close the connection."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        open_for_more = True
        while open_for_more:
            group, open_for_more = self._take()
            if group:
                settled = self._attempt(group)
                with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits
                    self._loop.call_soon_threadsafe(_settle, settled)
        self._disconnect()

    def _take(self) -> tuple[list[_Job[Any]], bool]:
        first = self._jobs.get()
        if first is None:
            return [], False
        group = [first]
        while self._commits and len(group) < _MOST_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, False
            group.append(job)
        return group, True

    def _attempt(self, group: list[_Job[Any]]) -> list[tuple[asyncio.Future[Any], Any, bool]]:
        try:
            found = self._commit(group)
        except Exception as broken:  # noqa: BLE001 - handed to whoever waits
            self._roll_back(broken)
            if len(group) == 1:
                return [(group[0].answer, broken, True)]
            return [settled for job in group for settled in self._attempt([job])]
        return [(job.answer, value, False) for job, value in zip(group, found, strict=True)]

    def _commit(self, group: list[_Job[Any]]) -> list[Any]:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        if not self._commits:
            return [job.work(connection) for job in group]
        connection.execute("BEGIN IMMEDIATE")
        found = [job.work(connection) for job in group]
        connection.execute("COMMIT")
        return found

    def _roll_back(self, broken: Exception) -> None:
        if self._connection is None:
            return
        with contextlib.suppress(apsw.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if isinstance(broken, apsw.Error) and not isinstance(broken, apsw.FullError):
            # After an I/O error only a new connection sees the disk as it is.
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):
                self._connection.close()
            self._connection = None


def _settle(settled: list[tuple[asyncio.Future[Any], Any, bool]]) -> None:
    for answer, value, failed in settled:
        if answer.done():
            continue
        if failed:
            answer.set_exception(value)
        else:
            answer.set_result(value)
