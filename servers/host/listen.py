"""The server's local address: binds it, admits this user alone, and gives each client a session."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from servers.contract import endpoint
from servers.host.framing import Lines
from servers.host.host import Host
from servers.host.session import Session

log = logging.getLogger(__name__)

MAX_LINE = 16 << 20
_INVALID_REQUEST = -32600
_BACKLOG = 1024
_MOST_IN_FLIGHT = 512
"""Requests of one client at a time; further ones wait unread."""


class AddressInUse(Exception):  # noqa: N818 - a state, told in words
    """Another process already serves at this address."""


class Wire(asyncio.Protocol):
    """One connection: lines in, lines out, and no more of either than both sides can take."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lines = Lines(MAX_LINE)
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._is_slow = self._is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._session = Session(self._host, self._transport.write)

    def data_received(self, data: bytes) -> None:
        assert self._session is not None
        assert self._transport is not None
        for line in self._lines.feed(data):
            if line is None:
                self._session.refuse(_INVALID_REQUEST, f"a line of more than {MAX_LINE} bytes")
            else:
                self._session.receive(line)
        if self._session.in_flight > _MOST_IN_FLIGHT:
            self._is_busy = True
            self._session.when_idle(self._be_idle)
            self._read_or_wait()

    def pause_writing(self) -> None:
        """The client does not read: do not read either."""
        self._is_slow = True
        self._read_or_wait()

    def resume_writing(self) -> None:
        self._is_slow = False
        self._read_or_wait()

    def _be_idle(self) -> None:
        self._is_busy = False
        self._read_or_wait()

    def _read_or_wait(self) -> None:
        assert self._transport is not None
        if self._is_slow or self._is_busy:
            self._transport.pause_reading()
        elif not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._session:
            self._host.loop.create_task(self._session.close())


class UnixAddress:
    """A Unix socket that this process alone owns; the lock beside it settles who does."""

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
        self._lock = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AddressInUse(
                f"another process already serves {self.path}; stop it, then start this one"
            ) from None


class _Admission(asyncio.Protocol):
    """Hands a connection of this user to `protocol`, and closes any other."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        other = _user_behind(stream.get_extra_info("socket"))
        if other != os.getuid():
            log.warning("A connection of user %s was refused", other)
            stream.abort()
            return
        admitted = self._protocol()
        stream.set_protocol(admitted)
        admitted.connection_made(stream)


def _user_behind(connection: socket.socket) -> int:
    """The user id of the process at the other end."""
    if sys.platform == "linux":
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        user = struct.unpack("3i", found)[1]
    else:
        found = connection.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED: struct xucred
        user = struct.unpack_from("II", found)[1]
    return int(user)
