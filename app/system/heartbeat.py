"""What the core looks at again and again, because nobody tells it: the file, the vault, the load.

One slow timer for all of it, so that an idle Lou stays idle.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_EVERY_S = 2.0


class Heartbeat:
    """Calls each task at its own multiple of two seconds; one that fails never stops the others."""

    def __init__(self) -> None:
        self._tasks: list[tuple[int, Callable[[], Awaitable[None]]]] = []
        self._beating: asyncio.Task[None] | None = None

    def every(self, beats: int, task: Callable[[], Awaitable[None]]) -> None:
        """Call `task` at every `beats`-th beat."""
        self._tasks.append((beats, task))

    def start(self) -> None:
        """Begin to beat."""
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def stop(self) -> None:
        """End after the beat that is under way was cancelled."""
        if self._beating:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    async def _beat(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(_EVERY_S)
            count += 1
            for beats, task in self._tasks:
                if count % beats == 0:
                    await self._do(task)

    async def _do(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Exception:
            log.exception("A regular look failed")
