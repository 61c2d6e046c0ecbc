"""Serves a relay's clients over Streamable HTTP, in both eras.

In: ASGI requests that the gate admitted. Out: each message of the client for the switchboard, and
the lines for it on the stream of the request that they belong to, or on the client's own stream.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import itertools
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from servers.host.transport.gate import LONGEST_BODY, Receive, Scope, Send
from servers.relay.connection import (
    CAPABILITIES_KEY,
    MODERN_VERSION,
    NAMED_BY,
    VERSION_KEY,
    RelayClient,
    refusal_line,
)
from servers.relay.wire_message import NotJsonError, WireMessage, parse

if TYPE_CHECKING:
    from servers.relay.switchboard import Switchboard

_MOST_SESSIONS = 2_000
_MOST_KEPT = 1_000
"""Lines that are kept for a client without an open stream."""
_KEEP_ALIVE_S = 30.0
_PARSE_ERROR, _INVALID_REQUEST, _INVALID_PARAMS = -32700, -32600, -32602
_NOT_FOUND, _MISMATCH, _UNSUPPORTED = -32601, -32020, -32022
_STATUS = {_NOT_FOUND: 404, _INVALID_PARAMS: 400, _MISMATCH: 400, -32021: 400, _UNSUPPORTED: 400}
"""The HTTP status of an error that a 2026-07-28 request is answered with."""

_orders = itertools.count()


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One HTTP request: its headers, what it sends, and where the response goes."""

    headers: Mapping[str, str]
    receive: Receive
    send: Send


class _Stream:
    """The lines of one response; `answered` are the ids, as written, that it still waits for."""

    def __init__(self, awaited: set[str]) -> None:
        self.awaited = awaited
        self.lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.order = next(_orders)


class HttpRelayClient(RelayClient):
    """One session of the handshake era, or one request of the 2026-07-28 era."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__(board)
        self.session = secrets.token_hex(16)
        self.streams: set[_Stream] = set()
        self.listening: _Stream | None = None
        self._kept: deque[bytes] = deque(maxlen=_MOST_KEPT)
        self.is_gone = False

    def send(self, line: bytes) -> None:
        """Put one line on the stream that it belongs to."""
        message = next(iter(parse(line)), None)
        token = message.id_token if message and not message.method else None
        for stream in self.streams:
            if token in stream.awaited:
                stream.awaited.discard(token)
                stream.lines.put_nowait(line)
                if not stream.awaited:
                    stream.lines.put_nowait(None)
                return
        newest = max(self.streams, key=lambda each: each.order, default=self.listening)
        if newest:
            newest.lines.put_nowait(line)
        else:
            self._kept.append(line)

    def disconnect(self) -> None:
        """End the session: its next request is answered with 404, so that it begins anew."""
        self.is_gone = True
        for stream in (*self.streams, *([self.listening] if self.listening else [])):
            stream.lines.put_nowait(None)

    def listen(self) -> _Stream:
        """The stream for what belongs to no request; it replaces the one before."""
        if self.listening:
            self.listening.lines.put_nowait(None)
        self.listening = stream = _Stream(set())
        while self._kept:
            stream.lines.put_nowait(self._kept.popleft())
        return stream


class HttpApp:
    """The ASGI application at `/mcp`."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._sessions: dict[str, HttpRelayClient] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan."""
        if scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
        elif scope["path"] != "/mcp":
            await _reply(send, 404)
        elif scope["method"] == "POST":
            await self._post(_Exchange(_headers(scope), receive, send))
        elif scope["method"] == "GET":
            await self._get(_Exchange(_headers(scope), receive, send))
        elif scope["method"] == "DELETE":
            client = self._sessions.pop(_headers(scope).get("mcp-session-id", ""), None)
            if client:
                client.disconnect()
                client.leave()
            await _reply(send, 200 if client else 404)
        else:
            await _reply(send, 405, headers=[(b"allow", b"GET, POST, DELETE")])

    async def _post(self, exchange: _Exchange) -> None:
        send = exchange.send
        body = await _body(exchange.receive)
        if body is None:
            await _reply(send, 413)
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

    async def _post_in_session(self, exchange: _Exchange, messages: list[WireMessage]) -> None:
        headers, send = exchange.headers, exchange.send
        client = self._sessions.get(headers.get("mcp-session-id", ""))
        if client is None and messages[0].method == "initialize":
            client = self._new_session()
        if client is None or client.is_gone:
            known = "mcp-session-id" in headers
            why = "Session not found" if known else "Bad Request: the session id is missing"
            line = refusal_line("null", _INVALID_REQUEST, why)
            await _refuse(send, 404 if known else 400, line)
            return
        awaited = {each.id_token for each in messages if each.method and "id" in each.fields}
        stream = _Stream(set(awaited))
        if awaited:
            client.streams.add(stream)
        for message in messages:
            self._board.from_client(client, message.line())
        if not awaited:
            await _reply(send, 202)
            return
        extra = [(b"mcp-session-id", client.session.encode())]
        try:
            await _respond(stream, exchange, extra)
        finally:
            client.streams.discard(stream)

    async def _post_modern(self, exchange: _Exchange, message: WireMessage) -> None:
        headers, send = exchange.headers, exchange.send
        fault = _fault(headers, message)
        if fault:
            await _refuse(send, 400, refusal_line(message.id_token, *fault))
            return
        client = HttpRelayClient(self._board)
        stream = _Stream({message.id_token} if "id" in message.fields else set())
        try:
            if not stream.awaited:
                await _reply(send, 202)
                return
            client.streams.add(stream)
            self._board.from_client(client, message.line())
            await _respond(stream, exchange, [], is_modern=True)
        finally:
            client.leave()

    async def _get(self, exchange: _Exchange) -> None:
        headers = exchange.headers
        client = self._sessions.get(headers.get("mcp-session-id", ""))
        if client is None or client.is_gone:
            await _reply(exchange.send, 404 if "mcp-session-id" in headers else 405)
            return
        stream = client.listen()
        try:
            await _stream(stream, exchange, [])
        finally:
            if client.listening is stream:
                client.listening = None

    def _new_session(self) -> HttpRelayClient | None:
        gone = [key for key, client in self._sessions.items() if client.is_gone]
        for key in gone:
            self._sessions.pop(key).leave()
        if len(self._sessions) >= _MOST_SESSIONS:
            return None
        client = HttpRelayClient(self._board)
        self._sessions[client.session] = client
        return client


def _is_modern(headers: Mapping[str, str], messages: list[WireMessage]) -> bool:
    version = headers.get("mcp-protocol-version", "")
    return version >= MODERN_VERSION or VERSION_KEY in messages[0].meta


def _fault(headers: Mapping[str, str], message: WireMessage) -> tuple[int, str] | None:
    """What is wrong with the envelope of a 2026-07-28 message or the headers that repeat it."""
    if "id" not in message.fields:
        return None
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in message.meta]
    if missing:
        return _INVALID_PARAMS, f"params._meta is missing {', '.join(missing)}"
    name = message.params.get(NAMED_BY.get(message.method, ""))
    repeated = {
        "mcp-protocol-version": message.meta[VERSION_KEY],
        "mcp-method": message.method,
        **({"mcp-name": name} if isinstance(name, str) else {}),
    }
    for header, value in repeated.items():
        if _decoded(headers.get(header)) != value:
            return _MISMATCH, f"the header {header} does not match the message"
    return None


def _decoded(text: str | None) -> str | None:
    if text and text.startswith("=?base64?") and text.endswith("?="):
        try:
            return base64.b64decode(text[9:-2], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
    return text


async def _respond(
    stream: _Stream,
    exchange: _Exchange,
    extra: list[tuple[bytes, bytes]],
    *,
    is_modern: bool = False,
) -> None:
    """Answer with JSON when the answer comes first, else with a stream of events."""
    first = asyncio.ensure_future(stream.lines.get())
    gone = asyncio.ensure_future(_disconnected(exchange.receive))
    try:
        await asyncio.wait((first, gone), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            return
        line = first.result() or b""
        takes_events = "text/event-stream" in exchange.headers.get("accept", "")
        if not stream.awaited or not takes_events:
            while stream.awaited:
                line = await stream.lines.get() or line
            status = _status(line) if is_modern else 200
            await _reply(
                exchange.send, status, line, [*extra, (b"content-type", b"application/json")]
            )
            return
        await _stream(stream, exchange, extra, line=line, gone=gone)
    finally:
        first.cancel()
        gone.cancel()


async def _stream(
    stream: _Stream,
    exchange: _Exchange,
    extra: list[tuple[bytes, bytes]],
    *,
    line: bytes | None = None,
    gone: asyncio.Future[None] | None = None,
) -> None:
    """Send lines as events until the stream ends or the client is gone."""
    send = exchange.send
    kind = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache, no-transform")]
    await send({"type": "http.response.start", "status": 200, "headers": [*extra, *kind]})
    gone = gone or asyncio.ensure_future(_disconnected(exchange.receive))
    block = b"event: message\ndata: %b\n\n" % line if line else b": open\n\n"
    try:
        while True:
            await send({"type": "http.response.body", "body": block, "more_body": True})
            taken = asyncio.ensure_future(stream.lines.get())
            done, _ = await asyncio.wait(
                (taken, gone), timeout=_KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if taken not in done:
                taken.cancel()
            if gone.done():
                return
            line = taken.result() if taken in done else b""
            if line is None:
                await send({"type": "http.response.body", "body": b""})
                return
            block = b"event: message\ndata: %b\n\n" % line if line else b": alive\n\n"
    finally:
        gone.cancel()


def _status(line: bytes) -> int:
    error = parse(line)[0].fields.get("error") if line else None
    return _STATUS.get(error.get("code", 0), 200) if isinstance(error, dict) else 200


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _body(receive: Receive) -> bytes | None:
    """The body of a request; None if it is too long."""
    body: bytes = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if len(body) > LONGEST_BODY:
            return None
        if not part.get("more_body"):
            return body


async def _reply(
    send: Send, status: int, body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, status: int, line: bytes) -> None:
    await _reply(send, status, line, [(b"content-type", b"application/json")])


async def _run_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
