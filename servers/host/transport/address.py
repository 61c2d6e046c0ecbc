"""The interface of a listening address; `unix` and `loopback` implement it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

MAX_LINE = 16 << 20
"""Bytes of one line of MCP, without its newline."""


class AddressInUseError(Exception):
    """Another process already serves at this address."""


def hand_over(transport: asyncio.Transport, taker: asyncio.Protocol, received: bytes = b"") -> None:
    """Let `taker` have the connection from now on, and what came of it before."""
    transport.set_protocol(taker)
    taker.connection_made(transport)
    if received:
        taker.data_received(received)


class Address(Protocol):
    """A place where clients can connect; `path` is its socket or port file."""

    path: str

    async def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Listen, with a `protocol()` a connection; raises AddressInUseError if another does."""

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a client does; MCP may follow at once."""

    def close(self) -> None:
        """Stop listening and remove the files."""
