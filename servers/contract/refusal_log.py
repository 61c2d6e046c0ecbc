"""Refuses connections of other users, and logs refusals: at most one line per kind and minute."""

from __future__ import annotations

import _socket
import logging
import os
import sys
import time

from servers.contract import endpoint

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


def admits(log: logging.Logger, link: _socket.socket) -> bool:
    """Whether a process of this user is at the other end of a Unix socket; tells of another."""
    if sys.platform == "win32":
        raise NotImplementedError
    try:
        user = endpoint.peer_user(link)
    except OSError:  # it has left, and macOS does not know any more who it was
        return False
    if user != os.getuid():
        warning(log, "A connection of the user %d was refused", user)
    return user == os.getuid()
