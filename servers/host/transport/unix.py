"""Listens at a Unix socket that one process owns, for processes of this user only."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from servers.contract import endpoint, exclusive_lock, ownership, refusal_log
from servers.host.transport.address import MAX_LINE, AddressInUseError, hand_over

assert sys.platform != "win32"

log = logging.getLogger(__name__)

_BACKLOG = 1024


class UnixAddress:
    """The socket, and a lock file beside it that decides which process owns it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = -1
        self._inode = -1
        self._server: asyncio.AbstractServer | None = None

    async def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        endpoint.make_private(str(Path(self.path).parent))
        self._lock_path()
        listening = self._bind()
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Admission(protocol), sock=listening, backlog=_BACKLOG
        )

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.path, limit=MAX_LINE)

    def close(self) -> None:
        if self._server:
            self._server.close()
        with contextlib.suppress(OSError):
            if Path(self.path).stat().st_ino == self._inode:
                Path(self.path).unlink()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _bind(self) -> socket.socket:
        """The bound socket; replaces what a dead process left."""
        listening = socket.socket(socket.AF_UNIX)
        Path(self.path).unlink(missing_ok=True)
        previous = os.umask(0o177)
        try:
            listening.bind(self.path)
        finally:
            os.umask(previous)
        self._inode = Path(self.path).stat().st_ino
        return listening

    def _lock_path(self) -> None:
        self._lock = ownership.open_to_write(f"{self.path}.lock", os.O_CREAT | os.O_RDWR)
        if not exclusive_lock.try_take(self._lock):
            raise AddressInUseError(
                f"another process already serves {self.path}; stop it, then start this one"
            )


class _Admission(asyncio.Protocol):
    """Passes a connection of this user to `protocol` and closes any other."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        if not refusal_log.admits(log, stream.get_extra_info("socket")):
            stream.abort()
            return
        hand_over(stream, self._protocol())
