"""A Unix socket for this user alone, which waits while this process has no free descriptor.

In: a path. Out: each accepted connection, to a callback.

The accept loop of asyncio logs a record for every connection that it has no descriptor for,
thousands a second (CPython gh-151615), and blocks the loop meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from servers.contract import refusal_log

assert sys.platform != "win32"

log = logging.getLogger(__name__)

_BACKLOG = 1024
"""A Unix socket whose backlog is full refuses at once, as if no process listened."""
_RETRY_S = 0.5


class UnixListener:
    """Listens at `path` from its creation until `close`."""

    def __init__(self, path: Path, accepted: Callable[[socket.socket], None]) -> None:
        self._accepted = accepted
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._listening = socket.socket(socket.AF_UNIX)
        try:
            self._listening.setblocking(False)
            self._listening.bind(str(path))
            path.chmod(0o600)
            self._listening.listen(_BACKLOG)
        except OSError:
            self._listening.close()
            raise
        self._open()

    def close(self) -> None:
        """Accept no further connection."""
        if self._retry:
            self._retry.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _open(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:  # no descriptor is left; the callers wait in the backlog
            self._loop.remove_reader(self._listening)
            self._retry = self._loop.call_later(_RETRY_S, self._open)
            return
        if refusal_log.admits(log, connection):
            self._accepted(connection)
        else:
            connection.close()
