"""Runs what recurs with one timer, which is slow while nobody looks.

Most of what a short check costs is the waking of the machine, so whoever sleeps until the next beat
shares its wake-up with the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from servers.contract import ping_timer

log = logging.getLogger(__name__)

_FAST_S = 2.0
_SLOW_S = 32.0 if sys.platform == "linux" else ping_timer.BEAT_S
"""A multiple of the others, so that every slow beat is one of them. Other systems than Linux tell
of no change of a file and no silent server, so what asks those servers wakes Lou anyway."""
_LOOK_LASTS_S = 10.0

Work = Callable[[], Awaitable[None] | None]


@dataclass(slots=True)
class _Recurring:
    every_s: float
    work: Work
    last: float = -math.inf


class Heartbeat:
    """Calls each task at the first beat after its time. One that fails does not stop the others.

    Beats are slow, until somebody looks.
    """

    def __init__(self) -> None:
        self._tasks: list[_Recurring] = []
        self._timer: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._looked_until = -math.inf

    def every(self, seconds: float, task: Work) -> None:
        """Call `task` every `seconds`; while nobody looks, only at slow beats."""
        self._tasks.append(_Recurring(seconds, task))

    def look(self) -> None:
        """Somebody looks or waits: beat at once if beats are slow, and fast for a while."""
        now = time.monotonic()
        if now > self._looked_until:
            self._looked.set()
        self._looked_until = now + _LOOK_LASTS_S

    @property
    def pace_s(self) -> float:
        """Seconds between two beats now."""
        return _FAST_S if time.monotonic() < self._looked_until else _SLOW_S

    def start(self) -> None:
        self._timer = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop the timer; cancels a task that runs."""
        if self._timer:
            self._timer.cancel()
            await asyncio.wait([self._timer])

    async def _run(self) -> None:
        while True:
            pause = ping_timer.seconds_to_beat(time.monotonic(), self.pace_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._looked.wait()
            self._looked.clear()
            now = time.monotonic()
            for task in self._tasks:
                if now + ping_timer.EARLY_S >= task.last + task.every_s:
                    task.last = now
                    await self._call(task.work)

    async def _call(self, work: Work) -> None:
        try:
            waited = work()
            if waited is not None:
                await waited
        except Exception:
            log.exception("A periodic check failed")


async def slow_beat() -> None:
    """Sleep until the next slow beat; all who wait for it share its wake-up."""
    await asyncio.sleep(seconds_to_slow_beat())


def seconds_to_slow_beat() -> float:
    """From now."""
    return ping_timer.seconds_to_beat(time.monotonic(), _SLOW_S)
