"""Starts coroutines from Qt slots, and shows their errors to the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from app.errors import AppError
from app.system.background_tasks import BackgroundTasks

log = logging.getLogger(__name__)

Show = Callable[[AppError], None]

_UNEXPECTED = "Something went wrong inside Lou."
_UNEXPECTED_HINT = "What happened is in Lou's own log. Trying again may help."


class Tasks:
    """The running tasks of the window."""

    def __init__(self, show: Show, loop: asyncio.AbstractEventLoop) -> None:
        self._show = show
        self._background = BackgroundTasks(loop=loop)
        self.running = self._background.running
        self.stop = self._background.stop

    def start(
        self, work: Coroutine[Any, Any, Any], *, on_error: Show | None = None
    ) -> asyncio.Task[Any]:
        """Run `work` as a task. Its error goes to `on_error`, or is shown to the user."""
        return self._background.start(work, lambda error: _shown(error, on_error or self._show))


def _shown(error: Exception, show: Show) -> None:
    if isinstance(error, AppError):
        show(error)
    else:
        log.error("A task of the window failed", exc_info=error)
        show(AppError(_UNEXPECTED, _UNEXPECTED_HINT, code="internal"))
