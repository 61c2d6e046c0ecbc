"""Notifies clients of both protocol eras of changed lists and resources.

In: sessions that subscribe, and changes. Out: notifications through the SDK, and events for the app
when a client over HTTP connects or leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from servers.contract import messages
from servers.host.mcp.request_handling import Context, client_of

_MOST_LISTENERS = 100_000
_CHANGED: dict[str, Callable[[], ServerEvent]] = {
    "tools": ToolsListChanged,
    "resources": ResourcesListChanged,
    "prompts": PromptsListChanged,
}


class _Bus:
    """The SDK's bus, unused while nobody listens: every event costs a turn of the loop."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._listeners: set[object] = set()

    async def publish(self, event: ServerEvent) -> None:
        if self._listeners:
            await self._bus.publish(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        leave, token = self._bus.subscribe(listener), object()
        self._listeners.add(token)

        def unsubscribe() -> None:
            self._listeners.discard(token)
            leave()

        return unsubscribe


class Subscriptions:
    """The subscribed clients of both eras.

    A session of the handshake era is known until the SDK's connection closes; the SDK has no public
    name for that, so the private `_connection` is used.
    """

    def __init__(self, client_event: Callable[[str, dict[str, Any]], None]) -> None:
        self._client_event = client_event
        self._bus = _Bus()
        self.listen = ListenHandler(self._bus, max_subscriptions=_MOST_LISTENERS)
        self._sessions: dict[int, ServerSession] = {}
        self._watching: dict[str, dict[int, ServerSession]] = {}

    async def admit(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Middleware: remember a handshake-era client once it has initialized."""
        result = await call_next(ctx)
        if (
            ctx.method == "notifications/initialized"
            and ctx.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
        ):
            connection = ctx.session._connection
            self._sessions[id(connection)] = ctx.session
            connection.exit_stack.callback(self._leave, id(connection))
            if ctx.request is not None:
                self._announce(connection)
        return result

    def _announce(self, connection: Connection) -> None:
        """Report a client over HTTP to the app; clients on a stream have a ClientSession."""
        client, version = client_of(connection.client_params)
        data = {
            "session": connection.session_id or "",
            "client": client,
            "version": version,
            "protocol": connection.protocol_version,
            "stage": "initialized",
        }
        self._client_event(messages.CLIENT_CONNECTED, data)
        connection.exit_stack.callback(self._client_event, messages.CLIENT_LEFT, data)

    def _leave(self, key: int) -> None:
        self._sessions.pop(key, None)
        for watchers in self._watching.values():
            watchers.pop(key, None)

    def watch(self, uri: str, session: ServerSession) -> None:
        """Notify `session` when the resource at `uri` changes."""
        self._watching.setdefault(uri, {})[id(session._connection)] = session

    def unwatch(self, uri: str, session: ServerSession) -> None:
        self._watching.get(uri, {}).pop(id(session._connection), None)

    async def list_changed(self, kind: str) -> None:
        await self._bus.publish(_CHANGED[kind]())
        method = f"notifications/{kind}/list_changed"
        for session in tuple(self._sessions.values()):
            await session._connection.notify(method, None)

    async def resource_changed(self, uri: str) -> None:
        await self._bus.publish(ResourceUpdated(uri=uri))
        for session in tuple(self._watching.get(uri, {}).values()):
            await session.send_resource_updated(uri)
