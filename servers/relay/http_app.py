"""Serves a relay's clients over Streamable HTTP, in both eras.

In: ASGI requests that the gate admitted. Out: each message of the client for the switchboard, and
the lines for it on the stream of the request that they belong to, or on the client's own stream.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from servers.host.transport.gate import Receive, Scope, Send, reply
from servers.relay import routing_headers
from servers.relay.connection import MODERN_VERSION, VERSION_KEY, RelayClient
from servers.relay.http_streams import EventStream, Exchange, respond, resume
from servers.relay.wire_message import (
    INTERNAL_ERROR,
    NotJsonError,
    WireMessage,
    error_line,
    parse,
    refusal_line,
)

if TYPE_CHECKING:
    from servers.relay.switchboard import Switchboard

LONGEST_BODY = 16 << 20
"""Bytes of one message of a client, as on a socket."""
_MOST_SESSIONS = 2_000
_IDLE_S = 3_600.0
"""A session that nobody used for so long ends when another begins; its server may be a process."""
_MOST_ENDED, _LONGEST_ENDED = 16, 1 << 20
"""Streams, and bytes of each, that are kept after their end for a client that missed it."""
_PRIMED_SINCE = "2025-11-25"
_PARSE_ERROR, _INVALID_REQUEST = -32700, -32600
_NO_METHOD = {"code": -32601, "message": "Method not found"}


class HttpRelayClient(RelayClient):
    """One session of the handshake era, or one request of the 2026-07-28 era."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__(board)
        self.session = secrets.token_hex(16)
        self.streams: set[EventStream] = set()
        """The streams that wait for answers."""
        self.listening = EventStream(set(), self.note_unread)
        """What belongs to no request."""
        self._ended: deque[EventStream] = deque(maxlen=_MOST_ENDED)
        self.is_gone = False
        self.seen_at = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether no request of it is in work and it does not listen."""
        return not self.in_flight and not self.listening.reader

    def send(self, line: bytes) -> None:
        """Put one line on the stream that it belongs to."""
        message = next(iter(parse(line)), None)
        token = message.id_token if message and not message.method else None
        for stream in self.streams:
            if token in stream.awaited:
                stream.awaited.discard(token)
                stream.put(line)
                if not stream.awaited:
                    self._end(stream)
                return
        open_ones = [each for each in self.streams if each.reader and each.takes_events]
        max(open_ones, key=lambda each: each.order, default=self.listening).put(line)

    def pause(self, id_token: str) -> None:
        """End the response to a request before its answer, if the client knows to come back."""
        for stream in self.streams:
            if stream.awaited == {id_token} and self.is_primed:
                stream.release()

    @property
    def is_primed(self) -> bool:
        """Whether the client takes events without data; older ones fail at them."""
        return not self.is_modern and self.protocol >= _PRIMED_SINCE

    def cut(self) -> None:
        """Let those that read nothing of their streams come back for what is kept of them."""
        for stream in (*self.streams, self.listening):
            stream.reader = None

    def disconnect(self) -> None:
        """End the session: its next request is answered with 404, so that it begins again."""
        self.is_gone = True
        for stream in (*self.streams, self.listening):
            stream.end()

    def resumed(self, event_id: str) -> tuple[EventStream, int]:
        """The stream of an event that the client has, and the event's number there."""
        order, _, number = event_id.partition("-")
        for stream in (*self.streams, *self._ended, self.listening):
            if order == str(stream.order) and number.isdecimal():
                stream.is_released = False
                return stream, int(number)
        return self.listening, self.listening.written

    def _end(self, stream: EventStream) -> None:
        stream.end()
        self.streams.discard(stream)
        if stream.size < _LONGEST_ENDED:
            self._ended.append(stream)


class HttpApp:
    """The ASGI application at `/mcp`. `schema_of(tool)` is the input schema of a tool."""

    def __init__(self, board: Switchboard, schema_of: Callable[[str], Mapping[str, Any]]) -> None:
        self._board = board
        self._schema_of = schema_of
        self._sessions: dict[str, HttpRelayClient] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
            return
        exchange = Exchange(_headers(scope), receive, send)
        if scope["path"] != "/mcp":
            await reply(send, 404)
        elif scope["method"] == "POST":
            await self._post(exchange)
        elif scope["method"] == "GET":
            await self._get(exchange)
        elif scope["method"] == "DELETE":
            client = self._sessions.pop(exchange.headers.get("mcp-session-id", ""), None)
            if client:
                client.disconnect()
                client.leave()
            await reply(send, 200 if client else 404)
        else:
            await reply(send, 405, headers=[(b"allow", b"GET, POST, DELETE")])

    async def _post(self, exchange: Exchange) -> None:
        send = exchange.send
        body = await _body(exchange.receive)
        if body is None:
            await reply(send, 413)
            return
        try:
            messages = parse(body)
        except NotJsonError:
            await _refuse(send, 400, refusal_line("null", _PARSE_ERROR, "this is not JSON"))
            return
        if not messages:
            await _refuse(send, 400, refusal_line("null", _INVALID_REQUEST, "this is no message"))
        elif _is_modern(exchange.headers, messages):
            await self._post_modern(exchange, messages[0])
        else:
            await self._post_in_session(exchange, messages)

    async def _post_in_session(self, exchange: Exchange, messages: list[WireMessage]) -> None:
        headers, send = exchange.headers, exchange.send
        client = self._session_of(headers)
        if client is None and messages[0].method == "initialize":
            client = self._new_session()
        if client is None:
            known = "mcp-session-id" in headers
            why = "Session not found" if known else "Bad Request: the session id is missing"
            line = refusal_line("null", _INVALID_REQUEST, why)
            await _refuse(send, 404 if known else 400, line)
            return
        connection = client.connection
        if connection and connection.is_full:
            why = connection.unread(self._board.name)
            await _refuse(send, 503, refusal_line("null", INTERNAL_ERROR, why))
            return
        awaited = {each.answer_id for each in messages if each.method and "id" in each.fields}
        stream = EventStream(set(awaited), client.note_unread, takes_events=exchange.takes_events)
        if awaited:
            client.streams.add(stream)
        for message in messages:
            self._board.from_client(client, message.line())
        if not awaited:
            await reply(send, 202)
            return
        extra = [(b"mcp-session-id", client.session.encode())]
        await respond(stream, exchange, extra, is_primed=client.is_primed)

    async def _post_modern(self, exchange: Exchange, message: WireMessage) -> None:
        send, token = exchange.send, message.answer_id
        if "id" not in message.fields:
            await reply(send, 202)
            return
        if message.method == "initialize":  # the era has none
            await _refuse(send, 404, error_line(token, _NO_METHOD))
            return
        schema = self._schema_of(str(message.params.get("name")))
        fault = routing_headers.fault(exchange.headers, message, schema)
        if fault:
            await _refuse(send, 400, refusal_line(token, *fault))
            return
        client = HttpRelayClient(self._board)
        stream = EventStream({token}, client.note_unread, takes_events=exchange.takes_events)
        try:
            client.streams.add(stream)
            self._board.from_client(client, message.line())
            await respond(stream, exchange, [], is_modern=True)
        finally:
            client.leave()

    async def _get(self, exchange: Exchange) -> None:
        headers = exchange.headers
        client = self._session_of(headers)
        if client is None:
            await reply(exchange.send, 404 if "mcp-session-id" in headers else 405)
            return
        stream, number = client.resumed(headers.get("last-event-id", ""))
        await resume(stream, exchange, number)

    def _session_of(self, headers: Mapping[str, str]) -> HttpRelayClient | None:
        client = self._sessions.get(headers.get("mcp-session-id", ""))
        if client is None or client.is_gone:
            return None
        client.seen_at = time.monotonic()
        return client

    def _new_session(self) -> HttpRelayClient:
        oldest = time.monotonic() - _IDLE_S
        for key, client in tuple(self._sessions.items()):
            is_late = client.seen_at < oldest or len(self._sessions) >= _MOST_SESSIONS
            if client.is_gone or (client.is_idle and is_late):
                client.disconnect()
                self._sessions.pop(key).leave()
        client = HttpRelayClient(self._board)
        self._sessions[client.session] = client
        return client


def _is_modern(headers: Mapping[str, str], messages: list[WireMessage]) -> bool:
    version = headers.get("mcp-protocol-version", "")
    return version >= MODERN_VERSION or VERSION_KEY in messages[0].meta


async def _body(receive: Receive) -> bytes | None:
    """The body of a request; None if it is too long."""
    body = bytearray()
    while True:
        part = await receive()
        body += part.get("body", b"")
        if len(body) > LONGEST_BODY:
            return None
        if not part.get("more_body"):
            return bytes(body)


async def _refuse(send: Send, status: int, line: bytes) -> None:
    await reply(send, status, line, [(b"content-type", b"application/json")])


async def _run_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
