"""Keeps the tasks that run in the background, so that none is lost and all end with their owner.

In: coroutines. Out: nothing; what a task raises is logged, or given to a handler of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from app.errors import AppError

log = logging.getLogger(__name__)


class BackgroundTasks:
    """The background tasks of one owner."""

    def __init__(
        self,
        failed: Callable[[Exception], None] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """`failed` receives what a task raised, which else is logged; Qt's slots need a `loop`."""
        self._failed = failed or log_failure
        self._loop = loop
        self.running: set[asyncio.Task[Any]] = set()
        """The tasks that have not ended."""

    def start(
        self, work: Coroutine[Any, Any, Any], failed: Callable[[Exception], None] | None = None
    ) -> asyncio.Task[Any]:
        """Run `work` now; `failed` receives its error instead of the handler for all tasks."""
        task = (self._loop or asyncio.get_running_loop()).create_task(work)
        self.running.add(task)
        task.add_done_callback(lambda done: self._finish(done, failed or self._failed))
        return task

    async def stop(self) -> None:
        """Cancel every task and wait until all have ended."""
        running = tuple(self.running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _finish(self, task: asyncio.Task[Any], failed: Callable[[Exception], None]) -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)  # type: ignore[arg-type] # a BaseException ends the loop itself


def log_failure(error: Exception) -> None:
    """Log an error: what was refused as one line, a bug with its stack."""
    if isinstance(error, AppError):
        log.warning("%s", error)
    else:
        log.error("A background task failed", exc_info=error)
