"""The connections of a relay with the user's server, and which of them a client gets.

Clients of one connection share the server's process. A client that declares nothing a server could
ask of it shares the one that Lou opened; one that can be asked (roots, sampling, elicitation) has a
connection of its own, since a server's question does not say whom it is for. Clients of the
2026-07-28 era, which has no such questions, share one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from servers.contract.messages import OWN_CLIENT
from servers.contract.server_settings import OWN_SESSIONS, SESSIONS, SHARED_SESSION
from servers.relay.connection import RelayClient, UpstreamConnection
from servers.relay.wire_message import dumps

_MODERN = "modern"
_MODERN_IDLE_S = 300.0
_QUESTIONS = frozenset(("roots", "sampling", "elicitation", "tasks"))
"""The capabilities of a client that let a server ask it something."""


class ConnectionPool:
    """`open(connection)` starts a process or session for a new connection, `close` ends it.

    `sessions` is the user's setting; at an address, `is_web`, each client has its own session.
    """

    def __init__(
        self,
        open: Callable[[UpstreamConnection], None],  # noqa: A002 - the pair of close
        close: Callable[[UpstreamConnection], None],
    ) -> None:
        self.base = UpstreamConnection("")
        self.by_key: dict[str, UpstreamConnection] = {}
        self.sessions = SESSIONS.default
        self.is_web = False
        self._idle: asyncio.TimerHandle | None = None
        self._open = open
        self._close = close

    def all(self) -> list[UpstreamConnection]:
        """Every connection, that of Lou first."""
        return [self.base, *self.by_key.values()]

    def for_handshake(
        self, client: RelayClient, capabilities: dict[str, Any]
    ) -> tuple[UpstreamConnection, bool]:
        """The connection of a client of the handshake era, and whether it is new."""
        key = self._key(client, capabilities)
        found = self.by_key.get(key) if key else self.base
        return found or self._opened(key, is_modern=False), found is None

    def for_modern(self) -> UpstreamConnection:
        if self.base.is_modern:
            return self.base
        return self.by_key.get(_MODERN) or self._opened(_MODERN, is_modern=True)

    def join(self, client: RelayClient, connection: UpstreamConnection) -> None:
        if client.connection is not connection:
            self.part(client)
            client.connection = connection
            connection.clients[client] = None

    def part(self, client: RelayClient) -> None:
        """Take a client from its connection, which ends if it was the last."""
        connection, client.connection = client.connection, None
        if connection is None:
            return
        connection.clients.pop(client, None)
        connection.pressure.caught_up(client)
        connection.joining = [each for each in connection.joining if each[0] is not client]
        for uri in [uri for uri, watching in connection.subscribers.items() if client in watching]:
            connection.subscribers[uri].discard(client)
            if not connection.subscribers[uri] and connection.clients:
                connection.ask_in_background("resources/unsubscribe", {"uri": uri})
        if connection.clients or connection.is_base:
            return
        if connection.is_modern:  # over HTTP each request is a client, and the next one is near
            if self._idle:
                self._idle.cancel()
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(_MODERN_IDLE_S, self.end_unused, connection)
        else:
            self.end_unused(connection)

    def end_unused(self, connection: UpstreamConnection) -> None:
        if not connection.clients and not connection.is_closed:
            self.forget(connection)
            self._close(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Take a connection out that ends."""
        self.by_key.pop(connection.key, None)

    def _key(self, client: RelayClient, capabilities: dict[str, Any]) -> str:
        if self.base.is_modern or self.sessions == SHARED_SESSION or client.name == OWN_CLIENT:
            return ""
        is_askable = bool(capabilities.keys() & _QUESTIONS)
        if self.is_web or self.sessions == OWN_SESSIONS or is_askable:
            return f"client {client.id}"
        return dumps(dict(sorted(capabilities.items()))) if capabilities else ""

    def _opened(self, key: str, *, is_modern: bool) -> UpstreamConnection:
        connection = self.by_key[key] = UpstreamConnection(key, is_modern=is_modern)
        self._open(connection)
        return connection
