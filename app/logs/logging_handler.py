"""The app's own records and accidents: logging and every kind of stray exception, one way in."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from types import TracebackType
from typing import Any

from app.logs.logbook import Logbook
from app.views import APP

log = logging.getLogger("app")

_Accident = tuple[type[BaseException], BaseException, TracebackType | None]


class LoggingHandler(logging.Handler):
    """Puts the records of this process into the logbook."""

    def __init__(self, logbook: Logbook) -> None:
        super().__init__(logging.DEBUG)
        self._logbook = logbook
        self._words = logging.Formatter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()

    def open(self) -> None:
        """Take over the root logger and the hooks of last resort."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        root = logging.getLogger()
        root.addHandler(self)
        root.setLevel(logging.INFO)
        sys.excepthook = lambda kind, error, trace: _accident((kind, error, trace))
        sys.unraisablehook = lambda stray: _accident(
            (stray.exc_type, stray.exc_value or stray.exc_type(), stray.exc_traceback)
        )
        threading.excepthook = lambda stray: _accident(
            (stray.exc_type, stray.exc_value or stray.exc_type(), stray.exc_traceback)
        )
        self._loop.set_exception_handler(_loop_accident)

    def shut(self) -> None:
        """Give everything back."""
        logging.getLogger().removeHandler(self)
        sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
        threading.excepthook = threading.__excepthook__

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, from any thread."""
        words = self._words.format(record)
        if threading.get_ident() == self._thread:
            self._keep(record, words)
        elif self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._keep, record, words)

    def _keep(self, record: logging.LogRecord, words: str) -> None:
        self._logbook.add(APP, record.levelname, record.name, words, at=record.created)


def _accident(found: _Accident) -> None:
    if issubclass(found[0], KeyboardInterrupt):
        return
    log.error("Something failed that nobody expected", exc_info=found)


def _loop_accident(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    del loop
    error = context.get("exception")
    log.error("%s", context.get("message", "A callback failed"), exc_info=error)
