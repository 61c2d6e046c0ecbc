"""Where clients of this server connect: the address of this platform, and a session for each."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import cast

from servers.contract import endpoint
from servers.host.address import MAX_LINE, Address
from servers.host.framing import Lines
from servers.host.host import Host
from servers.host.jsonrpc import too_long
from servers.host.session import Session

_MOST_IN_FLIGHT = 512
"""Requests of one client at a time; further ones wait unread."""


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
        self._session = Session(self._host, self._transport.write, self._transport.close)

    def data_received(self, data: bytes) -> None:
        assert self._session is not None
        assert self._transport is not None
        for line in self._lines.feed(data):
            if line is None:
                self._session.refuse(too_long())
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


def address_of(name: str, instance: str) -> Address:
    """The address of the server called `name`."""
    path = endpoint.server_socket(name)
    if sys.platform == "win32" or os.environ.get("LOU_TRANSPORT") == "tcp":
        from servers.host.loopback import LoopbackAddress  # noqa: PLC0415 - one of the two

        return LoopbackAddress(path, instance)
    from servers.host.unix import UnixAddress  # noqa: PLC0415 - not on Windows

    return UnixAddress(path)
