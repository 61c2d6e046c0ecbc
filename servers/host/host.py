"""The core of one server process: the service, its tools, its client sessions and its figures.

In: configurations from the app or the environment, and sessions that the transports open. Out: tool
results, notifications to clients, and events for the app through `emit`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from servers.host import redact
from servers.host.call_details import Emit
from servers.host.mcp import sdk_server
from servers.host.mcp.subscriptions import Subscriptions
from servers.host.meter import Meter
from servers.host.served import hash_of, tool_for_app
from servers.host.tools import calls
from servers.host.tools.service import Configuration, Service, UpstreamLostError
from servers.host.tools.tool_result import to_json
from servers.host.tools.toolbox import FunctionTool, Toolbox


class OpenSession(Protocol):
    """The part of a client session that the host uses when it stops."""

    async def drain(self, seconds: float) -> None:
        """Wait up to `seconds` for the requests in work."""

    async def close(self) -> None:
        """Cancel the requests in work and disconnect the client."""


class Host:
    """What every transport (socket, stdio, HTTP) and the control channel need to serve `service`.

    `upstream_lost` resolves with the reason when the service gives up; `change_listeners` are
    called when a list of tools, resources or prompts changed.
    """

    def __init__(self, service: Service, emit: Emit) -> None:
        self.service = service
        self.loop = asyncio.get_running_loop()
        self.sessions: set[OpenSession] = set()
        self.emit = emit
        self.name = service.name
        self.meter = Meter(emit)
        self.toolbox = Toolbox(self.meter.record)
        self.subscriptions = Subscriptions(self.client_event)
        self.change_listeners: list[Callable[[], None]] = []
        self.keys: Mapping[str, str] = {}
        self.upstream_lost: asyncio.Future[UpstreamLostError] = self.loop.create_future()
        self.started = False

    async def start(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Start the service and fill the toolbox; `disabled` are the tools that are switched off.

        Raises:
            StartRefusedError: it cannot work with this configuration.
        """
        self._remember_keys(configuration)
        calls.connect(
            calls.HostCallbacks(
                emit=self.emit,
                resource_changed=self.subscriptions.resource_changed,
                surface_changed=self._surface_changed,
                give_up=self._give_up,
            )
        )
        await self.service.start(configuration)
        self.toolbox.disabled = disabled
        self.show()
        self.started = True

    def show(self) -> None:
        """Fill the toolbox, and make what answers clients."""
        self.toolbox.fill(FunctionTool(tool) for tool in self.service.tools)
        self.server = sdk_server.build_server(self.service, self.toolbox, self.subscriptions)
        self.init_options = sdk_server.init_options(self.server)
        stamp = {"io.modelcontextprotocol/serverInfo": self.server.server_info_stamp}
        self._stamp = to_json(stamp)[1:-1]
        self._tail = f',"resultType":"complete","_meta":{{{self._stamp}}}'

    async def configure(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        self._remember_keys(configuration)
        await self.service.configure(configuration)
        if disabled != self.toolbox.disabled:
            self.toolbox.disabled = disabled
            await self._surface_changed("tools")

    async def stop(self, seconds: float) -> None:
        """Wait up to `seconds` for the calls in flight, then close sessions and service."""
        self.subscriptions.listen.close()
        await asyncio.gather(*(session.drain(seconds) for session in tuple(self.sessions)))
        await asyncio.gather(*(session.close() for session in tuple(self.sessions)))
        await self.meter.details.finish()
        if self.started:
            self.started = False
            await self.service.stop()

    def modern_tail(self, meta: str) -> str:
        """The last members of a 2026-07-28 result as JSON; `meta` is the tool's own `_meta`."""
        if not meta:
            return self._tail
        return f',"resultType":"complete","_meta":{{{self._stamp},{meta[1:]}'

    def client_event(self, event: str, data: dict[str, Any]) -> None:
        """Send the event that a client connected, reached a stage, or left, with the time."""
        self.emit(event, {**data, "at": time.time()})

    def tools_hash(self) -> str:
        return hash_of(tool.listing for tool in self.toolbox.listed())

    def tools_for_app(self) -> list[dict[str, Any]]:
        return [
            tool_for_app(tool.listing, enabled=tool.name not in self.toolbox.disabled)
            for tool in self.toolbox.tools.values()
            if not tool.internal
        ]

    def _give_up(self, reason: str) -> None:
        if not self.upstream_lost.done():
            self.upstream_lost.set_result(UpstreamLostError(reason))

    def _remember_keys(self, configuration: Configuration) -> None:
        self.keys = configuration.keys
        redact.protect(configuration.keys.values())

    async def _surface_changed(self, kind: str) -> None:
        for listener in self.change_listeners:
            listener()
        await self.subscriptions.list_changed(kind)
