"""One thread for calls that block, and a limit to how long a caller waits for one.

In: a function without arguments. Out: what it returns or raises, on the loop's thread. A call past
its deadline is abandoned with its thread, which ends when the call returns. Few may be abandoned
at a time; beyond that a new call fails at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
_MOST_ABANDONED = 2
"""Calls that may hang before new ones are refused."""

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class WorkerThread:
    """Runs calls one after another, in a daemon thread that starts with the first of them."""

    def __init__(
        self,
        name: str,
        *,
        rest: Callable[[], None] = lambda: None,
        rest_after_s: float | None = None,
    ) -> None:
        """`rest` is called in the thread after `rest_after_s` without work, and at its end."""
        self.came_back: Callable[[], None] = lambda: None
        """Called on the loop's thread when an abandoned call returned after all."""
        self._name = name
        self._abandoned = 0
        self._jobs: queue.SimpleQueue[_Job | None] | None = None
        self._rest = rest
        self._rest_after_s = rest_after_s

    @property
    def abandoned(self) -> int:
        """The number of calls that hang now."""
        return self._abandoned

    async def run(self, call: Callable[[], T], deadline_s: float | None = None) -> T:
        """Run `call` in the thread; returns what it returns and raises what it raises.

        Raises:
            TimeoutError: it did not return within `deadline_s`, or too many calls hang already.
        """
        if self._abandoned >= _MOST_ABANDONED:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        jobs = self._jobs or self._begin(loop)
        jobs.put((call, future))
        try:
            async with asyncio.timeout(deadline_s):
                return await future
        except TimeoutError:
            self._abandon(jobs)
            raise

    def close(self) -> None:
        """Let the thread end after the calls that wait; does not wait for it."""
        if self._jobs:
            self._jobs.put(None)
            self._jobs = None

    def _begin(self, loop: asyncio.AbstractEventLoop) -> queue.SimpleQueue[_Job | None]:
        jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        work = threading.Thread(target=self._work, args=(jobs, loop), name=self._name, daemon=True)
        self._jobs = jobs
        work.start()
        return jobs

    def _abandon(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        if self._jobs is jobs:
            self._jobs = None
            self._abandoned += 1
            jobs.put(None)

    def _work(self, jobs: queue.SimpleQueue[_Job | None], loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._next(jobs)) is not None:
            call, future = job
            if not future.cancelled():
                _post(loop, _settle(call, future))
        _post(loop, lambda: self._thread_ended(jobs))
        self._rest()

    def _next(self, jobs: queue.SimpleQueue[_Job | None]) -> _Job | None:
        try:
            return jobs.get(timeout=self._rest_after_s)
        except queue.Empty:
            self._rest()
            return jobs.get()

    def _thread_ended(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        if self._jobs is not jobs and self._abandoned:
            self._abandoned -= 1
            self.came_back()


def _settle(call: Callable[[], T], future: asyncio.Future[T]) -> Callable[[], None]:
    """Run the call here; the function that is returned sets its outcome on the loop's thread."""
    try:
        result = call()
    except Exception as failure:  # noqa: BLE001 - it belongs to the caller of `run`
        outcome = failure
        return lambda: None if future.done() else future.set_exception(outcome)
    return lambda: None if future.done() else future.set_result(result)


def _post(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(work)
