"""Stops reading a server while a client does not read what it was sent.

In: the clients of one connection that are behind, and that caught up. Out: pauses of the transport,
and the end of a client that holds up others for long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from servers.relay.wire_message import WireMessage

log = logging.getLogger(__name__)

MOST_UNREAD = 8 << 20
"""Bytes that may wait for a client; then its server is not read until it has caught up."""
_LONGEST_HOLD_S = 5.0
"""Seconds for which a client may hold up others, and Lou."""


class Transport(Protocol):
    """Carries the lines of one connection; `waiting` are the bytes that it has not got rid of."""

    @property
    def waiting(self) -> int: ...

    def send(self, line: bytes, message: WireMessage, number: int | None) -> None:
        """Send one line; `number` is the id if it is a request."""

    def read(self, *, on: bool) -> None:
        """Read what the server sends, or let it wait."""

    def abandon(self, number: int) -> None:
        """The client that waited for this request is gone."""

    async def close(self) -> None:
        """End it, and everything that was started for it."""


class SlowClient(Protocol):
    """A client that may be behind; `cut` ends its connection and forgets what waits for it."""

    name: str

    def cut(self) -> None: ...


class BackPressure:
    """Holds a server back for the clients of one connection; `is_shared`: they hold up others."""

    def __init__(self, is_shared: Callable[[], bool]) -> None:
        self._is_shared = is_shared
        self._behind: dict[SlowClient, asyncio.TimerHandle] = {}
        self._transport: Transport | None = None

    def use(self, transport: Transport) -> None:
        self._transport = transport
        transport.read(on=not self._behind)

    def behind(self, client: SlowClient) -> None:
        """Record that much waits for a client."""
        if client not in self._behind:
            self._watch(client)
            self._apply()

    def caught_up(self, client: SlowClient) -> None:
        """Record that a client has read, or is gone."""
        if client in self._behind:
            self._behind.pop(client).cancel()
            self._apply()

    def _watch(self, client: SlowClient) -> None:
        loop = asyncio.get_running_loop()
        self._behind[client] = loop.call_later(_LONGEST_HOLD_S, self._overdue, client)

    def _overdue(self, client: SlowClient) -> None:
        if self._is_shared():
            log.warning(
                "Client %s read too little for %g s while others waited: it was disconnected",
                client.name, _LONGEST_HOLD_S,
            )  # fmt: skip
            client.cut()
            self.caught_up(client)
        else:
            self._watch(client)

    def _apply(self) -> None:
        if self._transport:
            self._transport.read(on=not self._behind)
