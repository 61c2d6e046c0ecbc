"""Limits the connections that have not proved who they are.

In: new connections. Out: when there are too many, the oldest is closed. An honest client proves
itself at once, so a flood of silent connections closes only its own.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Hashable

from servers.contract import refusal_log

log = logging.getLogger(__name__)

_MOST = 1024
_SHARE = 4
"""One in so many descriptors of this process may be a pending connection."""


class PendingConnections:
    """The pending connections by name, the oldest first."""

    def __init__(self) -> None:
        self._most = min(_MOST, _descriptors() // _SHARE)
        self._waiting: dict[Hashable, asyncio.Transport] = {}

    def admit(self, name: Hashable, connection: asyncio.Transport) -> None:
        """Add `connection` under the unique `name`; close the oldest if there are too many."""
        self._waiting[name] = connection
        if len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            self._waiting.pop(oldest).abort()
            refusal_log.warning(log, "A silent connection was closed to make room for another")

    def close(self) -> None:
        while self._waiting:
            self._waiting.popitem()[1].abort()

    def forget(self, name: Hashable) -> None:
        """Remove a connection that proved itself or closed."""
        self._waiting.pop(name, None)


def _descriptors() -> int:
    if sys.platform == "win32":
        return _MOST * _SHARE
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
