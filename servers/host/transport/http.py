"""Serves Streamable HTTP on loopback, for clients that take only an address. Off by default.

In: an application that answers `/mcp`, the settings `http.port` (0: the system chooses) and
`http.allowed_origins`, and the key LOU_HTTP_TOKEN. Out: `/mcp`, `/healthz` and `/metrics` behind
the `Gate`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import uvicorn

from servers.contract import refusal_log, server_settings
from servers.host.tools.service import Configuration, StartRefusedError
from servers.host.transport.address import hand_over
from servers.host.transport.gate import LONGEST_BODY, App, Gate, Receive, Scope, Send, reply
from servers.host.transport.pending_connections import PendingConnections

log = logging.getLogger(__name__)

_SHORTEST_TOKEN = 16
_KEEP_ALIVE_S = 75
_REQUEST_WITHIN_S = 10.0
"""A connection that has sent no request by then is closed."""
_LONGEST_HEAD = 32 << 10
"""Bytes. What is longer without an end is left to uvicorn, which refuses it."""
_METHOD = re.compile(rb"[A-Z]{1,20}(?: |$)")
_NO_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_CHOOSE = "Choose another in Lou's settings, under HTTP, or as `http.port` in config.json."


class _Server(uvicorn.Server):
    """Does not install signal handlers; the process has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpPort:
    """The open port; `url` is what clients are given."""

    def __init__(
        self, server: _Server, listening: socket.socket, path: str, pending: PendingConnections
    ) -> None:
        self._server = server
        self._pending = pending
        self._listening = listening
        self._task = asyncio.create_task(server.serve(sockets=[listening]))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}{path}"

    async def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        await asyncio.wait((self._task,), timeout=2)
        self._pending.close()
        self._listening.close()


def open_http(
    app: App,
    configuration: Configuration,
    figures: Callable[[], str],
    *,
    longest_body: int = LONGEST_BODY,
) -> HttpPort:
    """Listen as the settings ask. `figures` makes the text of `/metrics`.

    `longest_body` is in bytes.

    Raises:
        StartRefusedError: the port is taken, or there is no token.
    """
    token = configuration.keys.get(server_settings.HTTP_TOKEN_KEY, "")
    _require_token(token)
    listening = _bind(_port(configuration.settings["http"]))
    pending = PendingConnections()
    gate = Gate(
        _with_monitor_pages(app, figures),
        listening.getsockname()[1],
        token,
        authorized=lambda scope: pending.forget(scope["client"]),
        origins=_origins(configuration.settings),
        longest_body=longest_body,
    )
    config = uvicorn.Config(
        gate, log_config=None, access_log=False, lifespan="on", timeout_keep_alive=_KEEP_ALIVE_S,
        proxy_headers=False,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").addFilter(refusal_log.once_a_minute)
    config.load()
    serve = _with_time_limit(config.http_protocol_class, pending)
    config.http_protocol_class = partial(_Unread, serve, pending)  # type: ignore[assignment]
    return HttpPort(_Server(config), listening, "/mcp", pending)


def _with_monitor_pages(app: App, figures: Callable[[], str]) -> App:
    """`app`, and the two pages for monitors."""
    pages: dict[str, Callable[[], str]] = {"/healthz": lambda: "ok\n", "/metrics": figures}

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        page = pages.get(scope.get("path", "")) if scope["type"] == "http" else None
        if page is None:
            await app(scope, receive, send)
            return
        is_read = scope["method"] in {"GET", "HEAD"}
        kind = [(b"content-type", b"text/plain; charset=utf-8")]
        await reply(send, 200 if is_read else 405, page().encode() if is_read else b"", kind)

    return route


def _origins(settings: Mapping[str, Any]) -> frozenset[str]:
    setting = server_settings.EVERY["http.allowed_origins"]
    try:
        return frozenset(server_settings.value_of(setting, settings))
    except server_settings.SettingValueError as wrong:
        log.warning("A setting is not used: %s", wrong)
        return frozenset()


def _port(wanted: Mapping[str, Any]) -> int:
    port = wanted.get("port", 0)
    if isinstance(port, int) and not isinstance(port, bool):
        return port
    message = f"The HTTP port is {port!r:.40}, which is no whole number."
    raise StartRefusedError("http_port", message, _CHOOSE)


def _bind(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as failure:
        listening.close()
        why = getattr(failure, "strerror", "") or "it is no port"
        message = f"Port {port} cannot be used: {why}."
        raise StartRefusedError("http_port", message, _CHOOSE) from None
    return listening


def _require_token(token: str) -> None:
    key = server_settings.HTTP_TOKEN_KEY
    hint = f"Set the key {key}, and name it in the server's `env` in config.json."
    if not token:
        message = "The HTTP port needs a token and there is none."
        raise StartRefusedError("http_needs_token", message, hint)
    if len(token) < _SHORTEST_TOKEN:
        message = f"The token of the HTTP port has less than {_SHORTEST_TOKEN} characters."
        raise StartRefusedError(
            "http_token_short", message, f"Choose one that nobody guesses. {hint}"
        )


class _Unread(asyncio.Protocol):
    """A connection whose first request has not come whole; `serve` makes what then handles it.

    uvicorn's own protocol costs ten times as much, and a flood of silent connections would keep
    those waiting that ask something.
    """

    def __init__(self, serve: Callable[..., Any], pending: PendingConnections, **how: Any) -> None:
        self._serve = partial(serve, **how)
        self._pending = pending
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pending.admit(self, self._transport)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(_REQUEST_WITHIN_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if not _METHOD.match(self._head):
            self._transport.write(_NO_REQUEST)
            self._transport.close()
        elif b"\n\r\n" in self._head or b"\n\n" in self._head or len(self._head) > _LONGEST_HEAD:
            self.connection_lost(None)
            hand_over(self._transport, self._serve(), self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._pending.forget(self)


def _with_time_limit(protocol: Any, pending: PendingConnections) -> Any:
    """`protocol` that closes connections without a request; uvicorn keeps them for ever."""

    class TimeLimited(protocol):  # type: ignore[misc]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            pending.admit(self.client or self, transport)
            self.loop.call_later(_REQUEST_WITHIN_S, self._close_silent)

        def connection_lost(self, exc: Exception | None) -> None:
            pending.forget(self.client or self)
            super().connection_lost(exc)

        def _close_silent(self) -> None:
            if self.cycle is None and not self.transport.is_closing():
                self.transport.close()

    return TimeLimited
