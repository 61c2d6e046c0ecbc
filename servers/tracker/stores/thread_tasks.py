"""Work in threads that is waited for at the end, even when nobody else waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class ThreadTasks:
    """The threads of one owner."""

    def __init__(self) -> None:
        self._threads: set[asyncio.Future[Any]] = set()

    async def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` returns in a thread."""
        thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        self._threads.add(thread)
        thread.add_done_callback(self._threads.discard)
        return await asyncio.shield(thread)

    async def over(self, limit_s: float) -> None:
        """Wait for all of them, but not for longer than this."""
        if self._threads:
            await asyncio.wait(self._threads, timeout=limit_s)
