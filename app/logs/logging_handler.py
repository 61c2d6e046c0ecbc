"""Puts the log records and unhandled exceptions of this process into the logbook."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
from types import TracebackType
from typing import Any

from app.logs.logbook import Logbook
from app.views import APP

log = logging.getLogger("app")

_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class LoggingHandler(logging.Handler):
    """Puts the records of this process into the logbook."""

    def __init__(self, logbook: Logbook) -> None:
        super().__init__(logging.DEBUG)
        self._logbook = logbook
        self._formatter = logging.Formatter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()

    def open(self) -> None:
        """Attach to the root logger and to the hooks for unhandled exceptions."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        root = logging.getLogger()
        root.addHandler(self)
        root.setLevel(logging.INFO)
        sys.excepthook = lambda kind, error, trace: _log_unhandled((kind, error, trace))
        sys.unraisablehook = threading.excepthook = _log_stray
        self._loop.set_exception_handler(_log_loop_error)

    def close_hooks(self) -> None:
        logging.getLogger().removeHandler(self)
        sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
        threading.excepthook = threading.__excepthook__

    def emit(self, record: logging.LogRecord) -> None:
        """Store one record, from any thread."""
        text = self._formatter.format(record)
        if threading.get_ident() == self._thread:
            self._keep(record, text)
        elif self._loop:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                self._loop.call_soon_threadsafe(self._keep, record, text)

    def _keep(self, record: logging.LogRecord, text: str) -> None:
        self._logbook.add(APP, record.levelname, record.name, text, at=record.created)


def _log_unhandled(found: _ExceptionInfo) -> None:
    if issubclass(found[0], KeyboardInterrupt):
        return
    log.error("Something failed that nobody expected", exc_info=found)


def _log_stray(stray: sys.UnraisableHookArgs | threading.ExceptHookArgs) -> None:
    error = stray.exc_value or stray.exc_type()
    _log_unhandled((stray.exc_type, error, stray.exc_traceback))


def _log_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    del loop
    error = context.get("exception")
    log.error("%s", context.get("message", "A callback failed"), exc_info=error)
