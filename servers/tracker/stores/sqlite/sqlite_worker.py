"""A thread that owns one SQLite connection. In come jobs, out come their results.

A writing worker commits all jobs that arrive during a transaction in the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import apsw

T = TypeVar("T")

_ENOUGH = 16
"""Jobs. With so many the thread starts at once, while the loop prepares others."""
_SOON_S = 0.001
_END: Final[list[_Job]] = []

Work = Callable[[apsw.Connection], T]
_Settled = tuple[asyncio.Future[Any], Any, bool]
"""The waiting future, its result or exception, and whether it is an exception."""
Merge = Callable[[apsw.Connection, Sequence[Any]], list[Any]]
"""Does many things in one transaction; one result each."""


@dataclass(slots=True)
class _Job:
    """Either a work, or things for the worker's `merge`."""

    answer: asyncio.Future[Any]
    work: Work[Any] | None = None
    things: Sequence[Any] = ()


class SqliteWorker:
    """Runs jobs. With `merge`, all jobs that wait are one durable transaction.

    A job is answered after its transaction is on disk. When one job of a group fails, each is run
    again in a transaction of its own, so a job must be repeatable. When another program holds the
    file, all of them fail.
    """

    def __init__(
        self, name: str, connect: Callable[[], apsw.Connection], merge: Merge | None = None
    ) -> None:
        self._connect = connect
        self._merge = merge
        self._connection: apsw.Connection | None = None
        self._waiting: list[_Job] = []
        self._groups: queue.SimpleQueue[list[_Job]] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._closed = False
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """The result of `work`, once durable; raises apsw.Error if nothing of it was kept."""
        found: T = await self._submit(_Job(self._loop.create_future(), work))
        return found

    async def do(self, things: Sequence[Any]) -> list[Any]:
        """What `merge` makes of `things`, once durable; raises apsw.Error if nothing was kept."""
        found: list[Any] = await self._submit(_Job(self._loop.create_future(), things=things))
        return found

    async def _submit(self, job: _Job) -> Any:
        if self._closed:
            raise apsw.ConnectionClosedError("the store is closed")
        self._waiting.append(job)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._send)  # after other tasks that are ready have added theirs
        elif len(self._waiting) == _ENOUGH:
            self._send()
        return await job.answer

    def _send(self) -> None:
        if self._waiting:
            group, self._waiting = self._waiting, []
            self._groups.put(group)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._send()
        self._groups.put(_END)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        while group := self._groups.get():
            if self._merge is None:
                self._answer(group)
            else:
                self._post(self._run_group(group + self._waiting_jobs()))
        self._disconnect()

    def _answer(self, group: list[_Job]) -> None:
        """Run reads one by one. Their results go to the loop together, at most `_SOON_S` late."""
        settled: list[_Settled] = []
        sent_at = time.monotonic()
        for job in group:
            settled += self._run_group([job])
            if time.monotonic() - sent_at > _SOON_S:
                self._post(settled)
                settled, sent_at = [], time.monotonic()
        if settled:
            self._post(settled)

    def _waiting_jobs(self) -> list[_Job]:
        """The jobs that came while the last group was written."""
        jobs: list[_Job] = []
        while not self._groups.empty():
            more = self._groups.get()
            if not more:
                self._groups.put(_END)
                break
            jobs += more
        return jobs

    def _run_group(self, group: list[_Job]) -> list[_Settled]:
        try:
            found = self._commit(group)
        except Exception as broken:  # noqa: BLE001 - handed to whoever waits
            self._roll_back(broken)
            if len(group) == 1 or isinstance(broken, apsw.BusyError):
                # Each job would wait again for the program that holds the file.
                return [(job.answer, broken, True) for job in group]
            return [settled for job in group for settled in self._run_group([job])]
        return [(job.answer, value, False) for job, value in zip(group, found, strict=True)]

    def _commit(self, group: list[_Job]) -> list[Any]:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        if self._merge is None:
            return [job.work(connection) for job in group if job.work]
        connection.execute("BEGIN IMMEDIATE")
        things = [thing for job in group for thing in job.things]
        merged = iter(self._merge(connection, things))
        found = [
            job.work(connection) if job.work else [next(merged) for _ in job.things]
            for job in group
        ]
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

    def _post(self, settled: list[_Settled]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits
            self._loop.call_soon_threadsafe(_settle, settled)


def _settle(settled: list[_Settled]) -> None:
    for answer, value, failed in settled:
        if answer.done():
            continue
        if failed:
            answer.set_exception(value)
        else:
            answer.set_result(value)
