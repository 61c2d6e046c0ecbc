"""Logs refused connections and requests: at most one line per kind and minute."""

from __future__ import annotations

import logging
import time

_EVERY_S = 60.0
_last: dict[str, float] = {}
_left_out: dict[str, int] = {}


def warning(log: logging.Logger, text: str, *values: object) -> None:
    """As `log.warning`, once a minute for each `text`, with the number left out since then."""
    if not _is_due(text):
        return
    more = _left_out.pop(text, 0)
    log.warning(f"{text} (and %d more)" if more else text, *values, *((more,) if more else ()))


def once_a_minute(record: logging.LogRecord) -> bool:
    """A filter for a library's logger that limits its warnings in the same way."""
    return record.levelno != logging.WARNING or _is_due(str(record.msg))


def _is_due(kind: str) -> bool:
    now = time.monotonic()
    if now - _last.get(kind, -_EVERY_S) < _EVERY_S:
        _left_out[kind] = _left_out.get(kind, 0) + 1
        return False
    _last[kind] = now
    return True
