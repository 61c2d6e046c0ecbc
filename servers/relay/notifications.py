"""Decides whom a notification of the server concerns, and passes those of clients on.

In: notifications of both sides, and lists that clients were given. Out: lines. Of a changed list
clients are told at most a few times a second, of the list of tools only when it really differs: a
server that reports a change at every listing would keep all clients busy for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from servers.contract import messages
from servers.host.redact import excerpt
from servers.relay.connection import (
    LISTEN,
    SUBSCRIPTION_KEY,
    PendingRequest,
    RelayClient,
    UpstreamConnection,
    number_of,
)
from servers.relay.wire_message import WireMessage, dumps

log = logging.getLogger(__name__)

_RELATED_TASK = "io.modelcontextprotocol/related-task"
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_LISTED_WITHIN_S = 30.0
_LONGEST_MARK = 32
_TOOLS_CHANGED = "notifications/tools/list_changed"
_SUBSCRIPTION_NAMES = {
    _TOOLS_CHANGED: "toolsListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
}
"""By notification: what a subscription of the 2026-07-28 era names to hear of it."""


@dataclass(slots=True)
class _ListState:
    """One list of one connection: when clients may hear of it next, and what they were given."""

    again: WireMessage | None = None
    """The last of the changes since the one that is being told."""
    given: int | None = None
    """The hash of the first list that a client was given since clients heard of a change."""
    is_mixed: bool = False
    """Whether a client was given another one since then."""
    pause_s: float = 0.0
    notified_at: float = 0.0
    task: asyncio.Task[None] | None = None


class NotificationBoard(Protocol):
    """What notifications need of the switchboard."""

    name: str

    def connections(self) -> list[UpstreamConnection]:
        """All connections with the server."""

    def cancelled(self, pending: PendingRequest) -> None:
        """Record that a client does not want an answer any more."""


class Notifications:
    """Decides for one relay who gets which notification."""

    def __init__(self, board: NotificationBoard) -> None:
        self._board = board
        self._lists: dict[tuple[UpstreamConnection, str], _ListState] = {}
        self.list_tools: Callable[[list[Any]], None] | None = None
        """Takes the new list of the connection that Lou opened."""

    # Of clients

    def from_client(self, client: RelayClient, message: WireMessage) -> None:
        """Pass a notification of a client on, unless the server has had it."""
        connection = client.connection
        if message.method == messages.BRIDGE_MARK:
            client.mark = excerpt(message.params.get("id", ""), _LONGEST_MARK)
        elif message.method == "notifications/cancelled":
            self._cancel(client, message)
        elif message.method == "notifications/initialized":
            client.is_initialized = True
            if connection and not connection.is_base and not connection.is_initialized:
                connection.is_initialized = True
                connection.send(message.line(), message)
        elif connection:
            connection.send(message.line(), message)

    def _cancel(self, client: RelayClient, message: WireMessage) -> None:
        span = message.span("params", "requestId")
        token = message.text[slice(*span)] if span else ""
        # Some clients cancel request 7 as "7".
        names = (token, token.strip('"'), f'"{token}"')
        found = next((client.in_flight[name] for name in names if name in client.in_flight), None)
        if not found:
            return
        connection, number = found
        pending = connection.pending.get(number)
        if pending and not pending.is_cancelled:
            self._board.cancelled(pending)
            client.finished(pending.message.id_token)
            connection.cancel(number, message)

    # Of the server

    def from_server(
        self, connection: UpstreamConnection, message: WireMessage, origin: int | None
    ) -> None:
        """Pass a notification of the server to whom it concerns."""
        if connection.is_modern and SUBSCRIPTION_KEY in message.meta:
            self._of_subscription(connection, message)
        elif (
            message.method == "notifications/progress"
            and number_of(message.params.get("progressToken")) >= 0
        ):
            self._progress(connection, message)
        elif message.method in _SUBSCRIPTION_NAMES:
            self._changed(connection, message)
        elif message.method == "notifications/resources/updated":
            uri = f"{message.params.get('uri')}/"  # perhaps of a part of what is watched
            watching = {
                client
                for watched, clients in connection.subscribers.items()
                if uri.startswith(f"{watched.removesuffix('/')}/")
                for client in clients
            }
            self._send(watching or connection.clients, message)
        else:
            if message.method == "notifications/message":
                params = message.params
                log.info(
                    "%s: %s",
                    excerpt(params.get("logger") or self._board.name, 80),
                    params.get("data"),
                )
            owner = self.owner(connection, message, origin)
            self._send([owner] if owner else connection.clients, message)

    def owner(
        self, connection: UpstreamConnection, message: WireMessage, origin: int | None
    ) -> RelayClient | None:
        """The client that a message concerns; None if that cannot be known."""
        during = connection.pending.get(origin) if origin is not None else None
        if during:
            return during.client
        related = message.meta.get(_RELATED_TASK)
        task = related.get("taskId") if isinstance(related, dict) else message.params.get("taskId")
        began = connection.task_requests.get(str(task))
        return began.client if began else connection.client_in_call()

    def _progress(self, connection: UpstreamConnection, message: WireMessage) -> None:
        pending = connection.pending_of(message.params.get("progressToken"))
        if not pending or not pending.client:
            return
        span = pending.message.span("params", "_meta", "progressToken")
        if span:
            token = pending.message.text[slice(*span)]
            pending.client.send(message.line((message.span("params", "progressToken"), token)))

    def _of_subscription(self, connection: UpstreamConnection, message: WireMessage) -> None:
        pending = connection.pending_of(message.meta[SUBSCRIPTION_KEY])
        if pending is None:
            return
        if pending.client is None:
            if message.method in _SUBSCRIPTION_NAMES:
                self._changed(connection, message)
            return
        span = message.span("params", "_meta", SUBSCRIPTION_KEY)
        pending.client.send(message.line((span, pending.message.id_token)))

    def _send(self, clients: Any, message: WireMessage) -> None:
        for client in tuple(clients):
            client.send(message.line())

    # Changed lists

    def tools_listed(
        self, connection: UpstreamConnection, pending: PendingRequest, answer: WireMessage
    ) -> None:
        """Remember the whole list of tools that a client was given."""
        if not pending.message.params.get("cursor") and not answer.fields["result"].get(
            "nextCursor"
        ):
            given = hash(dumps(answer.fields["result"].get("tools")))
            state = self._state(connection, _TOOLS_CHANGED)
            if state.given is None:
                state.given = given
            state.is_mixed |= state.given != given

    def tools_switched(self) -> None:
        """Tell every client that the list of tools changed: the user switched some."""
        for connection in self._board.connections():
            self.announce(connection, _TOOLS_CHANGED)

    def all_changed(self, connection: UpstreamConnection) -> None:
        """Tell the clients of a connection that any list may have changed."""
        for method in _SUBSCRIPTION_NAMES:
            self.announce(connection, method)

    def announce(self, connection: UpstreamConnection, method: str, line: bytes = b"") -> None:
        """Tell the clients of one connection that a list changed, in the server's words if any."""
        line = line or dumps({"jsonrpc": "2.0", "method": method}).encode()
        for client in tuple(connection.clients):
            if not client.is_modern:
                client.send(line)
        for pending in tuple(connection.pending.values()):
            wanted = pending.message.params.get("notifications")
            if pending.method != LISTEN or not isinstance(wanted, dict):
                continue
            if wanted.get(_SUBSCRIPTION_NAMES[method]) and pending.client:
                meta = f'{{"{SUBSCRIPTION_KEY}":{pending.message.id_token}}}'
                head = f'{{"jsonrpc":"2.0","method":"{method}","params":{{"_meta":{meta}}}}}'
                pending.client.send(head.encode())

    def forget(self, connection: UpstreamConnection) -> None:
        """Stop what waits for a connection that ended."""
        for key in [key for key in self._lists if key[0] is connection]:
            state = self._lists.pop(key)
            if state.task:
                state.task.cancel()

    def _state(self, connection: UpstreamConnection, method: str) -> _ListState:
        return self._lists.setdefault((connection, method), _ListState())

    def _changed(self, connection: UpstreamConnection, message: WireMessage) -> None:
        state = self._state(connection, message.method)
        state.again = message if state.task else None
        if not state.task:
            loop = asyncio.get_running_loop()
            state.task = loop.create_task(self._tell_later(connection, message, state))

    async def _tell_later(
        self, connection: UpstreamConnection, message: WireMessage, state: _ListState
    ) -> None:
        clock, method = asyncio.get_running_loop().time, message.method
        try:
            await asyncio.sleep(max(0.0, state.notified_at + state.pause_s - clock()))
            is_new = await self._differs(connection, method)
        except (TimeoutError, ConnectionError):
            state.task = None
            return
        is_storm = not is_new or (
            method != _TOOLS_CHANGED and clock() - state.notified_at < 2 * state.pause_s
        )
        longer = min(state.pause_s * 2, _LONGEST_PAUSE_S)
        state.pause_s = max(longer if is_storm else 0.0, _SHORTEST_PAUSE_S)
        state.notified_at, state.task = clock(), None
        if is_new and not connection.is_modern:
            self.announce(connection, method, message.line())
        if state.again:
            self._changed(connection, state.again)

    async def _differs(self, connection: UpstreamConnection, method: str) -> bool:
        """Whether the list is another than the one that each client was given."""
        if method != _TOOLS_CHANGED:
            return True
        listed, refusal = await connection.list_tools(_LISTED_WITHIN_S)
        if refusal:
            return True
        state = self._state(connection, method)
        now = hash(dumps(listed))
        is_new = state.is_mixed or state.given != now
        state.given, state.is_mixed = now, False
        if is_new and connection.is_base and self.list_tools:
            self.list_tools(listed)
        return is_new
