"""Checks every HTTP request before its body is read: host, origin, token, length, type.

In: ASGI requests. Out: the request for the application, or a refusal. A web page in the user's
browser can reach this port, but it cannot send this Host, an Origin of this port or none, and the
token at once. Other origins come in only if the user's settings name them; they get the answers
that a browser asks for before it lets a page speak to another origin (CORS).
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_BODY = 1 << 20
"""Bytes. The SDK applies the same limit to a body that is longer than it announced."""
_MOST_DRAINED = 128 << 20
"""Bytes that are read of a body that is too long."""
_DRAINED_WITHIN_S = 1.0
"""How long the body of a request without a right to be here is read."""
_MOST_DIGITS = 20
"""Of a length; Python refuses to read a number of thousands of them."""
_FAILURES_A_SECOND = 10
_OWN_SITES = {b"none", b"same-origin"}
_ONCE = (b"authorization", b"content-length", b"content-type")
_EXPOSED = (b"access-control-expose-headers", b"mcp-session-id, www-authenticate")
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, accept, last-event-id, mcp-session-id, "
        b"mcp-protocol-version, mcp-method, mcp-name",
    ),
    (b"access-control-allow-private-network", b"true"),
    (b"access-control-max-age", b"600"),
)
"""What a browser may send for a page of an allowed origin."""
_REASONS = {
    400: b"a header is malformed or there twice",
    401: b"a bearer token is needed",
    403: b"this origin is not allowed; Lou's settings, part HTTP, name those that are",
    413: b"the body is too long",
    415: b"the body must be application/json",
    421: b"this is not the host you asked for",
    429: b"too many wrong tokens",
}


class Gate:
    """Passes a request to `app` or refuses it."""

    def __init__(
        self,
        app: App,
        port: int,
        token: str,
        *,
        authorized: Callable[[Scope], None] = lambda _: None,
        origins: frozenset[str] = frozenset(),
        longest_body: int = LONGEST_BODY,
    ) -> None:
        """`authorized` is called for each request with the right token."""
        self._longest_body = longest_body
        self._app = app
        own = (f"http://{host}:{port}" for host in ("127.0.0.1", "localhost"))
        self._others = {each.rstrip("/").lower().encode() for each in origins}
        self._origins = {*map(str.encode, own), *self._others}
        self._authorized = authorized
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        self._expected = b"Bearer " + token.encode()
        self._second = 0
        self._failures = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, one WebSocket, or the lifespan of the application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        status = self._refusal(scope)
        origin = dict(scope["headers"]).get(b"origin", b"")
        if origin.lower() in self._others and status not in {403, 421}:
            send = _readable_by(origin, send)
            if scope["type"] == "http" and scope["method"] == "OPTIONS":
                await reply(send, 204, headers=_PREFLIGHT)  # a browser sends no token with it
                return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif status:
            is_known = status == 413  # the others may be anybody's
            await _drain(receive, None if is_known else _DRAINED_WITHIN_S)
            await _refuse(send, status)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> int:
        """The status to refuse with; 0 admits the request."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        found = dict(headers)
        names = [name for name, _ in headers]
        if names.count(b"host") != 1 or found[b"host"] not in self._hosts:
            return 421
        if b"origin" in found:
            if names.count(b"origin") > 1 or found[b"origin"].lower() not in self._origins:
                return 403
        elif any(name == b"sec-fetch-site" and text not in _OWN_SITES for name, text in headers):
            return 403
        if any(names.count(name) > 1 for name in _ONCE):
            return 400
        refusal = self._credentials(found.get(b"authorization", b""))
        if not refusal:
            self._authorized(scope)
        return refusal or self._body(scope, found)

    def _credentials(self, given: bytes) -> int:
        if hmac.compare_digest(given, self._expected):
            return 0  # before the count: wrong tokens of others must not lock this client out
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._failures = second, 0
        self._failures += 1
        return 401 if self._failures <= _FAILURES_A_SECOND else 429

    def _body(self, scope: Scope, found: dict[bytes, bytes]) -> int:
        length = found.get(b"content-length", b"0")
        if not length.isdigit():
            return 400
        if len(length) > _MOST_DIGITS or int(length) > self._longest_body:
            return 413
        kind = found.get(b"content-type", b"").split(b";")[0].strip().lower()
        is_post = scope.get("method") == "POST"
        return 415 if is_post and kind != b"application/json" else 0


async def _drain(receive: Receive, within_s: float | None) -> None:
    """Read a body to its end: a client that still writes it would not read why it is refused."""
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while size < _MOST_DRAINED:
                part = await receive()
                size += len(part.get("body", b""))
                if not part.get("more_body"):
                    return


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await reply(send, status, _REASONS[status] + b"\n", headers)


async def reply(
    send: Send, status: int, body: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})
    await send({"type": "http.response.body", "body": body})


def _readable_by(origin: bytes, send: Send) -> Send:
    """`send`, with the headers by which a browser lets a page of `origin` read the answer."""
    more = [(b"access-control-allow-origin", origin), (b"vary", b"Origin"), _EXPOSED]

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return sending
