"""The interface of a listening address; `unix` and `loopback` implement it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Protocol

from servers.contract import endpoint

MAX_LINE = 16 << 20
"""Bytes of one line of MCP, without its newline."""


class AddressInUseError(Exception):
    """Another process already serves at this address."""


class Address(Protocol):
    """A place where clients can connect; `path` is its socket or port file."""

    path: str

    async def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Listen, with one `protocol()` for each connection.

        Raises:
            AddressInUseError: a living process listens there.
        """

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a client does; MCP may follow at once."""

    def close(self) -> None:
        """Stop listening and remove the files."""


def address_of(name: str, instance: str) -> Address:
    """The address of the server called `name` on this platform."""
    path = endpoint.server_socket(name)
    if sys.platform == "win32" or os.environ.get("LOU_TRANSPORT") == "tcp":
        from servers.host.transport.loopback import LoopbackAddress  # noqa: PLC0415 - one of the two

        return LoopbackAddress(path, instance)
    from servers.host.transport.unix import UnixAddress  # noqa: PLC0415 - not on Windows

    return UnixAddress(path)
