"""Runs what recurs with one slow timer, so that an idle Lou uses little power."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_EVERY_S = 2.0
_EARLY_S = 0.1
"""How early a coarse timer may fire."""


class Heartbeat:
    """Calls each task at a multiple of 2 s. One that fails does not stop the others."""

    def __init__(self) -> None:
        self._tasks: list[tuple[int, Callable[[], Awaitable[None] | None]]] = []
        self._timer: asyncio.Task[None] | None = None

    def every(self, beats: int, task: Callable[[], Awaitable[None] | None]) -> None:
        """Call `task` at every `beats`-th beat."""
        self._tasks.append((beats, task))

    def start(self) -> None:
        self._timer = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop the timer; cancels a task that runs."""
        if self._timer:
            self._timer.cancel()
            await asyncio.wait([self._timer])

    async def _run(self) -> None:
        count = 0
        while True:
            await pause(1)
            count += 1
            for beats, task in self._tasks:
                if count % beats == 0:
                    await self._call(task)

    async def _call(self, task: Callable[[], Awaitable[None] | None]) -> None:
        try:
            waited = task()
            if waited is not None:
                await waited
        except Exception:
            log.exception("A periodic check failed")


async def pause(beats: int) -> None:
    """Sleep until the `beats`-th beat from now; all who wait for one share its wake-up."""
    await asyncio.sleep(seconds_to_beat(asyncio.get_running_loop().time(), beats))


def seconds_to_beat(now: float, beats: int) -> float:
    """From `now`, a time of the loop; a beat whose timer fired early is over."""
    return beat_before(now + _EARLY_S) + beats * _EVERY_S - now


def beat_before(at: float) -> float:
    """The last beat before `at`, a time of the loop."""
    return at // _EVERY_S * _EVERY_S
