"""A Unix socket that lets callers in one by one, and waits while this process has no room.

The accept loop of asyncio writes a record for every caller it has no descriptor for, thousands in a
second (CPython gh-151615), and works on nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from servers.contract import endpoint, refusal_log

log = logging.getLogger(__name__)

_BACKLOG = 1024
"""A Unix socket with a full one refuses at once, as if nobody listened."""
_LOOK_AGAIN_S = 0.5


class UnixListener:
    """Listens at `path`, for this user alone, from the moment it is made."""

    def __init__(self, path: Path, welcome: Callable[[socket.socket], None]) -> None:
        self._welcome = welcome
        self._loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
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
        """Let nobody in any more."""
        if self._again:
            self._again.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _open(self) -> None:
        self._again = None
        self._loop.add_reader(self._listening, self._admit)

    def _admit(self) -> None:
        try:
            link, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:  # no descriptor is left; whoever knocks goes on waiting
            self._loop.remove_reader(self._listening)
            self._again = self._loop.call_later(_LOOK_AGAIN_S, self._open)
            return
        if _is_same_user(link):
            self._welcome(link)
        else:
            link.close()


def _is_same_user(connection: socket.socket) -> bool:
    user = endpoint.peer_user(connection)
    if user != os.getuid():
        refusal_log.warning(log, "A connection of the user %d was refused", user)
    return user == os.getuid()
