"""Decides where each message goes: which client, which connection with the user's server.

In: lines of clients and of the server. Out: the same lines to the other side. Understood is only
what switches, figures and sessions need; everything else passes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from servers.contract.line_reader import LongLine
from servers.host.redact import excerpt
from servers.host.tools.tool_result import switched_off
from servers.host.transport.address import MAX_LINE
from servers.relay import answers, listed_entries
from servers.relay.connection import (
    CAPABILITIES_KEY,
    CLIENT_KEY,
    VERSION_KEY,
    PendingRequest,
    RelayClient,
    UpstreamConnection,
)
from servers.relay.connection_pool import ConnectionPool
from servers.relay.notifications import Notifications
from servers.relay.oddity_log import OddityLog
from servers.relay.wire_message import (
    INTERNAL_ERROR,
    WireMessage,
    error_line,
    id_by_ends,
    parse_line,
    refusal_line,
    result_line,
)

log = logging.getLogger(__name__)

_PARSE_ERROR, _INVALID_REQUEST, _NOT_FOUND, _OTHER_VERSION = -32700, -32600, -32601, -32022
_MEMBERS = frozenset(("method", "result", "error", "id"))
_READ_WHOLE = frozenset(("initialize", "server/discover", *listed_entries.LISTS))
"""The methods whose answers Lou needs, however long they are."""
_NO_METHOD = {"code": _NOT_FOUND, "message": "Method not found"}


@dataclass(frozen=True, slots=True)
class RelayCallbacks:
    """What the switchboard calls.

    `open(connection)` starts a process or session for a new connection, `close` ends it.
    `recorded(pending, outcome, kind, answer)` takes each finished tool call. `client_event(event,
    data)` tells the app of a client. `surface_changed()` says that the answers for the bridge
    changed.
    """

    open: Callable[[UpstreamConnection], None]
    close: Callable[[UpstreamConnection], None]
    recorded: Callable[[PendingRequest, str, str, WireMessage | None], None]
    client_event: Callable[[str, dict[str, Any]], None]
    surface_changed: Callable[[], None]


class _ClientAnswer(NamedTuple):
    """What the server at `connection` answered to the request of a client."""

    client: RelayClient
    connection: UpstreamConnection
    pending: PendingRequest
    answer: WireMessage


class Switchboard:
    """All clients and all connections of one relay, which serves the server called `name`."""

    def __init__(self, name: str, callbacks: RelayCallbacks) -> None:
        self.name = name
        self.callbacks = callbacks
        self.clients: dict[RelayClient, None] = {}
        self.pool = ConnectionPool(callbacks.open, callbacks.close)
        self.disabled: frozenset[str] = frozenset()
        self.modern_answers: dict[str, Any] = {}
        """The results of `server/discover` and `tools/list` that 2026-07-28 clients were given."""
        self.notifications = Notifications(self)
        self._modern_refusal: dict[str, Any] | None = None
        self.oddities = OddityLog()

    def connections(self) -> list[UpstreamConnection]:
        return self.pool.all()

    def client_event(self, event: str, data: dict[str, Any]) -> None:
        self.callbacks.client_event(event, data)

    def from_client(self, client: RelayClient, line: bytes | LongLine) -> None:
        if isinstance(line, LongLine):
            self._reject(client, _INVALID_REQUEST, f"a line of more than {MAX_LINE} bytes")
            return
        found = parse_line(line)
        if not found and line.strip():
            self._reject(client, _PARSE_ERROR, "this line is not JSON", id_by_ends(line))
        for message in found:
            if message.method:
                self._take_request(client, message)
            elif message.fields.keys() & {"result", "error"}:
                self._pass_answer_of(client, message)
            else:
                why = "`method` is not a text"
                self._reject(client, _INVALID_REQUEST, why, message.id_token)

    def _reject(self, client: RelayClient, code: int, why: str, id_token: str = "null") -> None:  # noqa: S107 - an id
        """Answer a malformed line; only the first is logged."""
        if not client.malformed:
            log.warning("Client %s sent what is no MCP: %s", client.name, why)
        client.malformed += 1
        client.send(refusal_line(id_token, code, why))

    def _take_request(self, client: RelayClient, message: WireMessage) -> None:
        if "id" not in message.fields:
            self.notifications.from_client(client, message)
            return
        if message.answer_id == "null":
            self._reject(client, _INVALID_REQUEST, "`id` is neither a text nor a number")
            return
        if message.method == "initialize":
            self._initialize(client, message)
            return
        if VERSION_KEY in message.meta:
            client.is_modern = True
            info, capabilities = message.meta.get(CLIENT_KEY), message.meta.get(CAPABILITIES_KEY)
            client.introduce(info, capabilities, str(message.meta[VERSION_KEY]))
        connection = client.connection or self._connection_for(client, message)
        if connection and not self._is_answered_here(client, connection, message):
            self._forward(client, connection, message)

    def _is_answered_here(
        self, client: RelayClient, connection: UpstreamConnection, message: WireMessage
    ) -> bool:
        """Answer a call of a tool that is switched off, and what the server cannot be asked now."""
        pending = PendingRequest(message.method, message, client) if self.disabled else None
        if pending and pending.tool in self.disabled:
            modern = {"resultType": "complete"} if client.is_modern else {}
            refused = {**switched_off(pending.tool).wire(), **modern}
            client.send(result_line(message.id_token, refused))
            self.callbacks.recorded(pending, "refused", "switched_off", None)
            return True
        if message.method == "resources/unsubscribe":
            watching = connection.subscribers.get(str(message.params.get("uri")), set())
            watching.discard(client)
            if watching:
                client.send(result_line(message.id_token, {}))
                return True
        if connection.has_room_for(len(message.text)):
            return False
        client.send(refusal_line(message.id_token, INTERNAL_ERROR, connection.unread(self.name)))
        self._record(PendingRequest(message.method, message, client), "error", "refused")
        return True

    def _forward(
        self, client: RelayClient, connection: UpstreamConnection, message: WireMessage
    ) -> None:
        number = connection.forward(client, message)
        client.in_flight[message.id_token] = (connection, number)

    def _pass_answer_of(self, client: RelayClient, message: WireMessage) -> None:
        asked, own = client.asked.pop(message.id_key, None), client.connection
        if asked is None and own and len(own.clients) == 1:
            asked = (own, message.id_token)  # the server may know what it means
        if asked and not asked[0].is_closed:
            connection, token = asked
            connection.send(message.line_as(token), message)

    def _initialize(self, client: RelayClient, message: WireMessage) -> None:
        wanted = message.params.get("capabilities")
        client.introduce(message.params.get("clientInfo"), wanted, "")
        client.is_modern = client.is_initialized = False
        declared = wanted if isinstance(wanted, dict) else {}
        connection, is_new = self.pool.for_handshake(client, declared)
        self.pool.join(client, connection)
        if is_new or connection.is_modern:
            self._forward(client, connection, message)
        elif connection.greeting:
            self._greet(client, connection, message)
        else:
            connection.joining.append((client, message))

    def _connection_for(
        self, client: RelayClient, message: WireMessage
    ) -> UpstreamConnection | None:
        """The connection of a client that begins without `initialize`; None if it is refused."""
        is_modern = VERSION_KEY in message.meta or message.method == "server/discover"
        connection = self.pool.base
        if is_modern and not connection.is_modern:
            if self._modern_refusal:
                client.send(error_line(message.id_token, self._modern_refusal))
                return None
            connection = self.pool.for_modern()
        self.pool.join(client, connection)
        return connection

    def client_left(self, client: RelayClient) -> None:
        """Record that a client is gone: the server is told that its requests are not wanted."""
        self.clients.pop(client, None)
        for connection, number in client.in_flight.values():
            pending = connection.pending.pop(number, None)
            if pending and not pending.is_cancelled:
                connection.cancel(number)
                self._record(pending, "cancelled", "refused")
        client.in_flight.clear()
        here = client.connection.pending if client.connection else {}
        for number in [number for number, each in here.items() if each.client is client]:
            del here[number]  # it was cancelled
        self.pool.part(client)
        if client.malformed > 1:
            log.warning("Client %s sent %d lines that are no MCP", client.name, client.malformed)

    def from_server(
        self, connection: UpstreamConnection, line: bytes, origin: int | None = None
    ) -> None:
        """Take one line; `origin` is the request during which it came, where that is known."""
        found = parse_line(line)
        if not found:
            self.oddities.noise(line)
        for message in found:
            if not message.method:
                self._take_answer(connection, message, origin)
            elif message.fields.get("id") is not None:
                self._ask_client(connection, message, origin)
            else:
                self.notifications.from_server(connection, message, origin)

    def _take_answer(
        self, connection: UpstreamConnection, answer: WireMessage, origin: int | None
    ) -> None:
        pending = connection.take_answer(answer, origin)
        if pending is None:
            if _MEMBERS.isdisjoint(answer.fields):
                self.oddities.noise(answer.text.encode())
            elif answer.fields.get("id") is None and (client := connection.client_in_call()):
                client.send(answer.line())
            return
        if pending.answered or pending.method in _READ_WHOLE:
            answer = answer.whole()
        if pending.client:
            self._answer_client(_ClientAnswer(pending.client, connection, pending, answer))
        elif pending.answered and not pending.answered.done():
            pending.answered.set_result(answer)

    def _answer_client(self, answered: _ClientAnswer) -> None:
        client, connection, pending, answer = answered
        if pending.method == "initialize":
            self._take_greeting(answered)
        else:
            client.send(answers.line_for(pending, answer, self.disabled, self.oddities.faults))
            client.reach_stage("initialized")
        client.finished(pending.message.id_token)
        if isinstance(answer.fields.get("result"), dict):
            self._note_result(answered)
        elif pending.method == "server/discover" and not connection.is_base:
            self._note_refusal(client, connection, answer.fields.get("error"))
        if pending.tool:
            client.reach_stage("called")
            self._record(pending, *answers.outcome(answer), answer)

    def _take_greeting(self, answered: _ClientAnswer) -> None:
        client, connection, pending, answer = answered
        joining, connection.joining = connection.joining, []
        if isinstance(answer.fields.get("result"), dict):
            connection.greeting = answer
            for each, message in [(client, pending.message), *joining]:
                self._greet(each, connection, message)
            return
        for each, message in [(client, pending.message), *joining]:
            refused = PendingRequest("initialize", message, each)
            each.send(answers.line_for(refused, answer, self.disabled, self.oddities.faults))
            self.pool.part(each)

    def _greet(
        self, client: RelayClient, connection: UpstreamConnection, message: WireMessage
    ) -> None:
        """Answer the `initialize` of a client with the greeting of its connection."""
        assert connection.greeting is not None
        greeting = connection.greeting
        own = greeting.fields["result"]
        result = answers.greeting(own, message.params.get("protocolVersion"))
        if result == own and greeting.fields.keys() == {"jsonrpc", "id", "result"}:
            client.send(greeting.line_as(message.id_token))
        else:
            client.send(result_line(message.id_token, result))
        client.protocol = excerpt(result["protocolVersion"], 100)
        client.reach_stage("initialized")

    def _note_result(self, answered: _ClientAnswer) -> None:
        """Remember of a good answer what later messages need."""
        client, connection, pending, answer = answered
        if pending.method == "tools/list":
            client.reach_stage("tools_listed")
            self.notifications.tools_listed(connection, pending, answer)
        elif pending.method == "resources/subscribe":
            connection.subscribers.setdefault(str(pending.message.params.get("uri")), set()).add(
                client
            )
        elif pending.method == "server/discover":
            connection.greeting = answer
        if connection.is_modern and pending.method in {"server/discover", "tools/list"}:
            self._keep_modern(pending, answer)

    def _keep_modern(self, pending: PendingRequest, answer: WireMessage) -> None:
        result = answer.fields["result"]
        is_page = pending.message.params.get("cursor") or result.get("nextCursor")
        if not (is_page or answer.is_partial) and self.modern_answers.get(pending.method) != result:
            self.modern_answers[pending.method] = result
            self.callbacks.surface_changed()

    def _note_refusal(
        self, client: RelayClient, connection: UpstreamConnection, error: Any
    ) -> None:
        """The server does not speak 2026-07-28: no other client makes it start for that."""
        if connection.greeting or not isinstance(error, dict):
            return
        if error.get("code") != _OTHER_VERSION:
            if error.get("code") != INTERNAL_ERROR:  # which a server that is away gets, too
                self._modern_refusal = error
            self.pool.part(client)
            self.pool.end_unused(connection)

    def _ask_client(
        self, connection: UpstreamConnection, message: WireMessage, origin: int | None
    ) -> None:
        """Pass a request of the server to the client that it concerns."""
        client = self.notifications.owner(connection, message, origin)
        if client:
            client.asked[message.id_key] = (connection, message.id_token)
            client.send(message.line())
        elif message.method == "ping":
            connection.answer(message, {"result": {}})
        elif message.method == "roots/list" and not connection.clients:
            connection.answer(message, {"result": {"roots": []}})
        elif connection.clients:
            why = f"{len(connection.clients)} clients share this server: which is asked is unknown"
            connection.answer(message, {"error": {"code": INTERNAL_ERROR, "message": why}})
        else:
            connection.answer(message, {"error": _NO_METHOD})

    def lost(self, connection: UpstreamConnection, why: str) -> None:
        """Record that a connection ended: its clients learn what became of their requests."""
        is_refusal = connection.is_modern and not connection.greeting and not connection.is_base
        reason = self.gone() if connection.greeting else why
        error = _NO_METHOD if is_refusal else {"code": INTERNAL_ERROR, "message": reason}
        if is_refusal:
            self._modern_refusal = _NO_METHOD
        self.fail_pending(connection, error)
        for client, message in connection.joining:
            client.send(refusal_line(message.id_token, INTERNAL_ERROR, why))
        connection.joining = []
        self.pool.forget(connection)
        for client in tuple(connection.clients):
            self.pool.part(client)
            if connection.greeting:
                client.disconnect()

    def fail_pending(
        self, connection: UpstreamConnection, error: dict[str, Any] | None = None
    ) -> None:
        """End a connection, and answer the requests on it with `error`."""
        restarted = f"The server {self.name} is being restarted."
        error = error or {"code": INTERNAL_ERROR, "message": restarted}
        for pending in connection.closed().values():
            client = pending.client
            if client and client in self.clients and not pending.is_cancelled:
                token = pending.message.id_token
                client.finished(token)
                client.send(error_line(token, error))
                self._record(pending, "error", "refused")

    def gone(self) -> str:
        """What a client is told whose request was in work."""
        return f"The server {self.name} went away while it worked on this. Try again soon."

    def _record(
        self, pending: PendingRequest, verdict: str, kind: str, answer: WireMessage | None = None
    ) -> None:
        if pending.tool and not pending.is_cancelled:
            self.callbacks.recorded(pending, verdict, kind, answer)

    def cancelled(self, pending: PendingRequest) -> None:
        self._record(pending, "cancelled", "refused")
        pending.is_cancelled = True
