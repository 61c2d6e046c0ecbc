"""Log records on their way out of this process: redacted, short, and never a flood."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from servers.host.calls import current_call
from servers.host.redact import excerpt, redact

log = logging.getLogger(__name__)

FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
_PER_SECOND = 200
_LONGEST = 8_000
"""Characters of one message."""
_LOOKED_AT = 4 * _LONGEST
_LOUD = (
    "mcp",
    "asyncio",
    "aiohttp",
    "httpx",
    "httpx2",
    "httpcore",
    "uvicorn",
    "sse_starlette",
    "urllib3",
    "google",
    "grpc",
    "trafilatura",
    "htmldate",
)
"""Loggers that write a line per request, or whole addresses with the key in them."""


class LogPipe(logging.Handler):
    """Hands every record to `send` as the data of a `log` event."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._send = send
        self._words = logging.Formatter("%(message)s")
        self._second = 0
        self._passed = 0
        self._suppressed = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record`, unless this second had its share."""
        if not self._has_room(record.created):
            self._suppressed += 1
            return
        try:
            message = redact(_bounded(self._words.format(record)))
        except Exception:  # noqa: BLE001 - a bad format string must not stop the caller
            message = f"a log line could not be formatted: {excerpt(repr(record.msg), 200)}"
        self._send(_event(record, _shortened(message)))

    def _has_room(self, created: float) -> bool:
        second = int(created)
        if second != self._second:
            self._second, self._passed = second, 0
            if self._suppressed:
                self._tell_suppressed()
        self._passed += 1
        return self._passed <= _PER_SECOND

    def _tell_suppressed(self) -> None:
        count, self._suppressed = self._suppressed, 0
        said = f"suppressed {count} log lines: more than {_PER_SECOND} in a second"
        self._send({"at": time.time(), "level": "WARNING", "logger": __name__, "message": said})


class _Guarded(io.TextIOBase):
    """Where prints go: stderr, line by line, without secrets."""

    def __init__(self) -> None:
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._put(line + "\n")
        return len(text)

    def fileno(self) -> int:
        return 2

    def flush(self) -> None:
        """Lines are written when they end; a secret cut in two could not be seen."""

    def close(self) -> None:
        if self._rest:
            self._put(self._rest)
            self._rest = ""

    def _put(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(2, redact(line).encode("utf-8", "backslashreplace"))


def guard_prints() -> None:
    """Let no print, traceback or warning past the redaction."""
    sys.stdout = sys.stderr = _Guarded()
    sys.excepthook = _uncaught
    threading.excepthook = lambda thrown: _uncaught(
        thrown.exc_type, thrown.exc_value, thrown.exc_traceback
    )
    sys.unraisablehook = lambda thrown: _uncaught(
        thrown.exc_type, thrown.exc_value, thrown.exc_traceback
    )


def _uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    log.error("Nobody caught this", exc_info=(kind, error or kind(), trace))


def set_up(send: Callable[[dict[str, Any]], None]) -> None:
    """Make `send` the only place records go to."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.addHandler(LogPipe(send))
    logging.captureWarnings(capture=True)
    be_verbose(on=False)


def be_verbose(*, on: bool) -> None:
    """Debug mode; the libraries stay quiet in either."""
    logging.getLogger().setLevel(logging.DEBUG if on else logging.INFO)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def to_stderr(data: dict[str, Any]) -> None:
    """The line of a `log` event on stderr, for a server that nobody supervises."""
    record = logging.LogRecord(data["logger"], 0, "", 0, data["message"], None, None)
    record.levelname, record.created = data["level"], data["at"]
    sys.stderr.write(logging.Formatter(FORMAT).format(record) + "\n")


def _event(record: logging.LogRecord, message: str) -> dict[str, Any]:
    call = current_call.get()
    return {
        "at": record.created,
        "level": record.levelname,
        "logger": record.name,
        "message": message,
        **({"call": call.id} if call else {}),
    }


def _bounded(message: str) -> str:
    """As much as is looked at: secrets are taken out of more than is shown."""
    return _shortened(message, _LOOKED_AT)


def _shortened(message: str, longest: int = _LONGEST) -> str:
    if len(message) <= longest:
        return message
    half = longest // 2
    left_out = f"\n... {len(message) - longest} characters left out ...\n"
    return message[:half] + left_out + message[-half:]
