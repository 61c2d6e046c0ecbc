"""Writes down that somebody was refused: one line a kind and minute, however many come."""

from __future__ import annotations

import logging
import time

_EVERY_S = 60.0
_last: dict[str, float] = {}
_untold: dict[str, int] = {}


def warning(log: logging.Logger, text: str, *values: object) -> None:
    """As `log.warning`; `text` is the kind, and says how many more of it there were meanwhile."""
    if not _is_due(text):
        return
    more = _untold.pop(text, 0)
    log.warning(f"{text} (and %d more)" if more else text, *values, *((more,) if more else ()))


def once_a_minute(record: logging.LogRecord) -> bool:
    """A filter for the logger of a library that warns of each stranger."""
    return record.levelno != logging.WARNING or _is_due(str(record.msg))


def _is_due(kind: str) -> bool:
    now = time.monotonic()
    if now - _last.get(kind, -_EVERY_S) < _EVERY_S:
        _untold[kind] = _untold.get(kind, 0) + 1
        return False
    _last[kind] = now
    return True
