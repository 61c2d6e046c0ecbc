"""Connections of which nobody knows yet who is behind them: there is room for a number of them.

When there are more, the one that has waited longest goes. Whoever has something to say says it at
once, so a flood of silent connections costs the flood its own and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Hashable

from servers.contract import refusal_log

log = logging.getLogger(__name__)

_MOST = 1024
_PART = 4
"""Of the descriptors of this process, strangers may have one in so many."""


class PendingConnections:
    """Those that wait, the oldest first."""

    def __init__(self) -> None:
        self._most = min(_MOST, _descriptors() // _PART)
        self._waiting: dict[Hashable, asyncio.Transport] = {}

    def admit(self, name: Hashable, connection: asyncio.Transport) -> None:
        """One more waits, under a name of its own."""
        self._waiting[name] = connection
        if len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            self._waiting.pop(oldest).abort()
            refusal_log.warning(log, "A silent connection was closed to make room for another")

    def forget(self, name: Hashable) -> None:
        """It is known now, or gone."""
        self._waiting.pop(name, None)


def _descriptors() -> int:
    if sys.platform == "win32":
        return _MOST * _PART
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
