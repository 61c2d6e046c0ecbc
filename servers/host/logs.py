"""Log records on their way out of this process: redacted, short, and never a flood."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any

from servers.contract.server_settings import EVERY
from servers.host.redact import excerpt, redact
from servers.host.tools.calls import current_call

log = logging.getLogger(__name__)

FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
_SETTING = EVERY["log_lines_per_second"]
PER_SECOND = _SETTING.path
"""The setting of a server that says how many of its log lines of one second are kept."""
_TOLD_AFTER_S = 1.0
_LEVEL_IN_TEXT = re.compile(r"\b(DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b")
_LOOKED_AT = 200
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
    """Hands every record to `send` as the data of a `log` event.

    Of one second so many are kept, and as many warnings and errors besides. What is left out is
    counted by level and told when that second is over, whether anything else is logged or not.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self.per_second: int = _SETTING.default
        self._send = send
        self._words = logging.Formatter("%(message)s")
        self._second = 0
        self._passed = {False: 0, True: 0}
        self._left_out: Counter[str] = Counter()
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record`, unless this second had its share."""
        if not self._has_room(record):
            self._leave_out(record.levelname)
            return
        try:
            message = redact(_bounded(self._words.format(record)))
        except Exception:  # noqa: BLE001 - a bad format string must not stop the caller
            message = f"a log line could not be formatted: {excerpt(repr(record.msg), 200)}"
        self._send(_event(record, _shortened(message)))

    def _has_room(self, record: logging.LogRecord) -> bool:
        second, is_grave = int(record.created), record.levelno >= logging.WARNING
        if second != self._second:
            self._second, self._passed = second, {False: 0, True: 0}
            self._tell_left_out()
        self._passed[is_grave] += 1
        return self._passed[is_grave] <= self.per_second

    def _leave_out(self, level: str) -> None:
        self._left_out[level] += 1
        if self._timer is None:
            self._timer = threading.Timer(_TOLD_AFTER_S, self._in_time)
            self._timer.daemon = True
            self._timer.start()

    def _in_time(self) -> None:
        self.acquire()
        try:
            self._tell_left_out()
        finally:
            self.release()

    def _tell_left_out(self) -> None:
        found, self._left_out = self._left_out, Counter()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not found:
            return
        levels = ", ".join(f"{count:,} {level}" for level, count in found.items())
        said = (
            f"suppressed {found.total():,} log lines ({levels}): more than {self.per_second} in a "
            f"second; `{PER_SECOND}` among the server's settings in config.json keeps more"
        )
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


def keep_per_second(lines: Any) -> None:
    """Keep so many lines of each second from now on; the usual number for what is no number."""
    is_number = isinstance(lines, int) and not isinstance(lines, bool)
    wanted = min(max(lines, 1), int(_SETTING.most)) if is_number else _SETTING.default
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogPipe):
            handler.per_second = wanted


def level_of(words: str) -> int:
    """The level that a line of somebody's own log names; INFO for none and for what is below."""
    found = _LEVEL_IN_TEXT.search(words, 0, _LOOKED_AT)
    level = logging.getLevelNamesMapping()[found[1]] if found else logging.INFO
    return max(level, logging.INFO)


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
