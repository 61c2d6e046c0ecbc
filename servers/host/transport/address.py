"""What a listening address is, whatever it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

MAX_LINE = 16 << 20
"""Bytes of one line of MCP."""


class AddressInUseError(Exception):
    """Another process already serves at this address."""


class Address(Protocol):
    """Something that clients can connect to."""

    path: str

    async def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Listen.

        Raises:
            AddressInUse: a living process does already.
        """

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Reach it as a client does; MCP follows at once."""

    def close(self) -> None:
        """Stop listening and leave nothing behind."""
