"""A Unix socket that this process alone owns, for processes of this user alone."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

from servers.contract import endpoint, ownership, refusal_log
from servers.host.transport.address import MAX_LINE, AddressInUseError

log = logging.getLogger(__name__)

_BACKLOG = 1024


class UnixAddress:
    """The socket, and the lock beside it that settles who owns it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = -1
        self._inode = -1
        self._server: asyncio.AbstractServer | None = None

    async def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Listen.

        Raises:
            AddressInUse: a living process does already.
        """
        endpoint.make_private(str(Path(self.path).parent))
        self._claim()
        listening = self._bind()
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Admission(protocol), sock=listening, backlog=_BACKLOG
        )

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Reach it as a client does; MCP follows at once."""
        return await asyncio.open_unix_connection(self.path, limit=MAX_LINE)

    def close(self) -> None:
        """Stop listening and leave nothing behind."""
        if self._server:
            self._server.close()
        with contextlib.suppress(OSError):
            if Path(self.path).stat().st_ino == self._inode:
                Path(self.path).unlink()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _bind(self) -> socket.socket:
        """The socket, in place of what a dead process left behind."""
        listening = socket.socket(socket.AF_UNIX)
        Path(self.path).unlink(missing_ok=True)
        previous = os.umask(0o177)
        try:
            listening.bind(self.path)
        finally:
            os.umask(previous)
        self._inode = Path(self.path).stat().st_ino
        return listening

    def _claim(self) -> None:
        self._lock = ownership.open_to_write(f"{self.path}.lock", os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AddressInUseError(
                f"another process already serves {self.path}; stop it, then start this one"
            ) from None


class _Admission(asyncio.Protocol):
    """Hands a connection of this user to `protocol`, and closes any other."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        other = endpoint.peer_user(stream.get_extra_info("socket"))
        if other != os.getuid():
            refusal_log.warning(log, "A connection of the user %d was refused", other)
            stream.abort()
            return
        admitted = self._protocol()
        stream.set_protocol(admitted)
        admitted.connection_made(stream)
