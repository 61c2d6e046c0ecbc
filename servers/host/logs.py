"""Sends log records out of this process: redacted, short, and limited in number.

In: records of `logging`, prints and uncaught exceptions. Out: the data of `log` events, or lines on
stderr for a server that runs on its own.
"""

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
"""The setting of a server that limits its log lines per second."""
_REPORTED_AFTER_S = 1.0
_LEVEL_IN_TEXT = re.compile(r"\b(DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b")
_LEVEL_WITHIN = 200
"""Characters at the start of a line in which a level is searched."""
_LONGEST = 8_000
"""Characters of one message."""
_REDACTED = 4 * _LONGEST
"""Characters of one message that are redacted before it is cut: a cut may hide half a secret."""
_VERBOSE_LIBRARIES = (
    "mcp", "asyncio", "aiohttp", "httpx", "httpx2", "httpcore", "uvicorn", "sse_starlette",
    "urllib3", "google", "grpc", "trafilatura", "htmldate",
)  # fmt: skip
"""Loggers that write a line per request, or whole addresses with the key in them."""


class LogPipe(logging.Handler):
    """Hands every record to `send` as the data of a `log` event.

    Each second `per_second` records are sent, and as many warnings and errors besides. The others
    are counted by level, and the count is sent when that second is over.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self.per_second: int = _SETTING.default
        self._send = send
        self._formatter = logging.Formatter("%(message)s")
        self._second = 0
        self._passed = {False: 0, True: 0}
        self._left_out: Counter[str] = Counter()
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record`, or count it when this second is full."""
        if not self._has_room(record):
            self._leave_out(record.levelname)
            return
        try:
            message = _shortened(self._formatter.format(record))
        except Exception:  # noqa: BLE001 - a bad format string must not stop the caller
            message = f"a log line could not be formatted: {excerpt(repr(record.msg), 200)}"
        self._send(_event(record, message))

    def _has_room(self, record: logging.LogRecord) -> bool:
        second, is_warning = int(record.created), record.levelno >= logging.WARNING
        if second != self._second:
            self._second, self._passed = second, {False: 0, True: 0}
            self._report_left_out()
        self._passed[is_warning] += 1
        return self._passed[is_warning] <= self.per_second

    def _leave_out(self, level: str) -> None:
        self._left_out[level] += 1
        if self._timer is None:
            self._timer = threading.Timer(_REPORTED_AFTER_S, self._report_late)
            self._timer.daemon = True
            self._timer.start()

    def _report_late(self) -> None:
        self.acquire()
        try:
            self._report_left_out()
        finally:
            self.release()

    def _report_left_out(self) -> None:
        left_out, self._left_out = self._left_out, Counter()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not left_out:
            return
        levels = ", ".join(f"{count:,} {level}" for level, count in left_out.items())
        message = (
            f"suppressed {left_out.total():,} log lines ({levels}): more than {self.per_second} "
            f"in a second; `{PER_SECOND}` among the server's settings in config.json keeps more"
        )
        self._send({"at": time.time(), "level": "WARNING", "logger": __name__, "message": message})


class _Guarded(io.TextIOBase):
    """A text stream that writes whole, redacted lines to stderr."""

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
        """Do nothing: a line is written when it ends, since half a secret is not recognized."""

    def close(self) -> None:
        if self._rest:
            self._put(self._rest)
            self._rest = ""

    def _put(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(2, redact(line).encode("utf-8", "backslashreplace"))


def guard_prints() -> None:
    """Redact every print, traceback and warning of this process."""
    sys.stdout = sys.stderr = _Guarded()
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda thrown: _log_uncaught(
        thrown.exc_type, thrown.exc_value, thrown.exc_traceback
    )
    sys.unraisablehook = lambda thrown: _log_uncaught(
        thrown.exc_type, thrown.exc_value, thrown.exc_traceback
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    log.error("Nobody caught this", exc_info=(kind, error or kind(), trace))


def set_up(send: Callable[[dict[str, Any]], None]) -> None:
    """Send all records to `send` and nowhere else."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.addHandler(LogPipe(send))
    logging.captureWarnings(capture=True)
    be_verbose(on=False)


def be_verbose(*, on: bool) -> None:
    """Switch debug records on or off; libraries log warnings only, in either mode."""
    logging.getLogger().setLevel(logging.DEBUG if on else logging.INFO)
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def keep_per_second(lines: Any) -> None:
    """Limit the log lines per second to `lines`, 1 to 100,000; to 200 if it is not a number."""
    is_number = isinstance(lines, int) and not isinstance(lines, bool)
    wanted = min(max(lines, 1), int(_SETTING.most)) if is_number else _SETTING.default
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogPipe):
            handler.per_second = wanted


def level_of(line: str) -> int:
    """The level that a log line of another program names, at least INFO; INFO if none."""
    found = _LEVEL_IN_TEXT.search(line, 0, _LEVEL_WITHIN)
    level = logging.getLevelNamesMapping()[found[1]] if found else logging.INFO
    return max(level, logging.INFO)


def to_stderr(data: dict[str, Any]) -> None:
    """Write the data of a `log` event to stderr, for a server that runs without the app."""
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


def _shortened(message: str) -> str:
    """`message` without secrets, and cut in its middle to `_LONGEST` characters."""
    cut = max(len(message) - _REDACTED, 0)
    if cut:
        message = message[: _REDACTED // 2] + message[-_REDACTED // 2 :]
    message = redact(message)
    cut += max(len(message) - _LONGEST, 0)
    if not cut:
        return message
    half = min(len(message), _LONGEST) // 2
    return f"{message[:half]}\n... {cut} characters left out ...\n{message[-half:]}"
