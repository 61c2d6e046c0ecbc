"""Runs periodic checks with one slow timer, so that an idle Lou uses little power."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_EVERY_S = 2.0


class Heartbeat:
    """Calls each task at a multiple of 2 s. One that fails does not stop the others."""

    def __init__(self) -> None:
        self._tasks: list[tuple[int, Callable[[], Awaitable[None]]]] = []
        self._timer: asyncio.Task[None] | None = None

    def every(self, beats: int, task: Callable[[], Awaitable[None]]) -> None:
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
            await asyncio.sleep(_EVERY_S)
            count += 1
            for beats, task in self._tasks:
                if count % beats == 0:
                    await self._call(task)

    async def _call(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Exception:
            log.exception("A periodic check failed")
