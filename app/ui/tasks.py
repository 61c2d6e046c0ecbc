"""The one place that starts coroutines from slots: keeps them, logs them, shows their errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from app.errors import AppError

log = logging.getLogger(__name__)

Show = Callable[[AppError], None]

_UNEXPECTED = "Something went wrong inside Lou."
_UNEXPECTED_HINT = "What happened is in Lou's own log. Trying again may help."


class Tasks:
    """Every coroutine the window started and that has not ended."""

    def __init__(self, show: Show, loop: asyncio.AbstractEventLoop) -> None:
        self._show = show
        self._loop = loop
        self.running: set[asyncio.Task[Any]] = set()

    def start(
        self, work: Coroutine[Any, Any, Any], *, on_error: Show | None = None
    ) -> asyncio.Task[Any]:
        """Run `work` now. An error goes to `on_error`, or is shown to the person."""
        task = self._loop.create_task(work)
        self.running.add(task)
        task.add_done_callback(lambda done: self._finish(done, on_error or self._show))
        return task

    async def stop(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        running = tuple(self.running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _finish(self, task: asyncio.Task[Any], show: Show) -> None:
        self.running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, AppError):
            show(error)
        elif error is not None:
            log.error("A task of the window failed", exc_info=error)
            show(AppError(_UNEXPECTED, _UNEXPECTED_HINT, code="internal"))
