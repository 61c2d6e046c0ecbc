"""Serves one of Lou's own services with the SDK: a session per connection, answers, HTTP.

In: connections. Out: their sessions, and what the runner and the control channel ask for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from servers.contract import server_settings
from servers.contract.line_reader import BoundedLineReader
from servers.host.host import Host
from servers.host.mcp import cached_answers
from servers.host.served import HttpSide
from servers.host.session import ClientSession
from servers.host.tools.service import Configuration, KeyVerdict
from servers.host.tools.toolbox import Caller
from servers.host.transport.address import MAX_LINE

_MOST_SESSIONS = 2_000


class Wire(asyncio.Protocol):
    """One connection: passes lines to a session and back, and stops reading while one is full."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lines = BoundedLineReader(MAX_LINE)
        self._transport: asyncio.Transport | None = None
        self._session: ClientSession | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._session = ClientSession(
            self._host,
            self._transport.write,
            set_reading=self._set_reading,
            disconnect=self._transport.close,
        )

    def data_received(self, data: bytes) -> None:
        assert self._session is not None
        self._session.receive(self._lines.feed(data))

    def pause_writing(self) -> None:
        assert self._session is not None
        self._session.set_write_blocked(blocked=True)

    def resume_writing(self) -> None:
        assert self._session is not None
        self._session.set_write_blocked(blocked=False)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._session:
            self._host.loop.create_task(self._session.close())

    def _set_reading(self, on: bool) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            (self._transport.resume_reading if on else self._transport.pause_reading)()


class HostedServer(Host):
    """A host that can be supervised; see `servers.host.served.Served`."""

    def connection(self) -> asyncio.Protocol:
        return Wire(self)

    def tool_count(self) -> int:
        return len(self.toolbox.listed())

    async def call_for_app(
        self, name: str, arguments: Mapping[str, Any], limit_s: float | None, *, own: bool
    ) -> dict[str, Any]:
        caller = Caller("lou", "", _no_report, own)
        result = await self.toolbox.call(name, arguments, caller, for_app=True, limit_s=limit_s)
        return result.for_app()

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        return await self.service.check_key(name, value)

    async def answers(self) -> dict[str, Any]:
        return await cached_answers.collect(self)

    def open_http(self, configuration: Configuration) -> HttpSide | None:
        if not server_settings.wants_http(configuration.settings):
            return None
        from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415

        from servers.host.mcp import sdk_imports  # noqa: PLC0415 - only if they ask for it
        from servers.host.transport import gate, http  # noqa: PLC0415

        sdk_imports.load_http()
        # The gate has checked Host and Origin; the SDK would refuse origins that the user allows.
        checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        app = self.server.streamable_http_app(
            max_request_body_size=gate.LONGEST_BODY,
            max_sessions=_MOST_SESSIONS,
            transport_security=checked,
        )

        def figures() -> str:
            return self.meter.prometheus(self.name, len(self.sessions))

        return http.open_http(app, configuration, figures)


async def _no_report(done: float, total: float | None, message: str) -> None:
    """Do nothing: the app asks internal tools for progress."""
