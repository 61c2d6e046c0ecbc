"""Where clients of this server connect: the address of this platform, a session per connection.

In: the server's name, and connections. Out: an `Address` to listen at, and `Wire`, its protocol.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import cast

from servers.contract import endpoint
from servers.contract.line_reader import BoundedLineReader
from servers.host.host import Host
from servers.host.session import ClientSession
from servers.host.transport.address import MAX_LINE, Address


class Wire(asyncio.Protocol):
    """One connection: passes lines to a session and back, and stops reading while one is full."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lines = BoundedLineReader(MAX_LINE)
        self._transport: asyncio.Transport | None = None
        self._session: ClientSession | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._session = ClientSession(
            self._host,
            self._transport.write,
            set_reading=self._set_reading,
            disconnect=self._transport.close,
        )

    def data_received(self, data: bytes) -> None:
        assert self._session is not None
        self._session.receive(self._lines.feed(data))

    def pause_writing(self) -> None:
        assert self._session is not None
        self._session.set_write_blocked(blocked=True)

    def resume_writing(self) -> None:
        assert self._session is not None
        self._session.set_write_blocked(blocked=False)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._session:
            self._host.loop.create_task(self._session.close())

    def _set_reading(self, on: bool) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            (self._transport.resume_reading if on else self._transport.pause_reading)()


def address_of(name: str, instance: str) -> Address:
    """The address of the server called `name`."""
    path = endpoint.server_socket(name)
    if sys.platform == "win32" or os.environ.get("LOU_TRANSPORT") == "tcp":
        from servers.host.transport.loopback import LoopbackAddress  # noqa: PLC0415 - one of the two

        return LoopbackAddress(path, instance)
    else:  # noqa: RET505 - Windows lacks the module, which a type checker sees only here
        from servers.host.transport.unix import UnixAddress  # noqa: PLC0415 - not on Windows

        return UnixAddress(path)
