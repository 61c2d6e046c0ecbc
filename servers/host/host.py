"""The core of one server process: the service, its tools, its client sessions and its figures.

In: configurations from the app or the environment, and sessions that the transports open. Out: tool
results, notifications to clients, and events for the app through `emit`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from servers.contract import messages
from servers.host import call_details, logs, redact
from servers.host.mcp import sdk_server
from servers.host.mcp.subscriptions import Subscriptions
from servers.host.meter import Meter
from servers.host.tools import calls
from servers.host.tools.service import Configuration, Mirror, Service
from servers.host.tools.tool_result import to_json
from servers.host.tools.toolbox import FunctionTool, MirroredTool, Toolbox

Emit = Callable[[str, dict[str, Any]], None]

_MIRRORED_TIMEOUT_S = 600.0
"""The user's own server may take long; its client decides how long it waits."""


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

    def __init__(self, service: Service | Mirror, emit: Emit) -> None:
        self.service = service
        self.loop = asyncio.get_running_loop()
        self.sessions: set[OpenSession] = set()
        self.emit = emit
        self.meter = Meter(emit)
        self.toolbox = Toolbox(self.meter.record)
        self.subscriptions = Subscriptions(self.client_event)
        self.change_listeners: list[Callable[[], None]] = []
        self.keys: Mapping[str, str] = {}
        self.upstream_lost: asyncio.Future[str] = self.loop.create_future()
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
        self._fill_toolbox()
        self.toolbox.disabled = disabled
        self.server = sdk_server.build_server(self.service, self.toolbox, self.subscriptions)
        self.init_options = sdk_server.init_options(self.server)
        stamp = {"io.modelcontextprotocol/serverInfo": self.server.server_info_stamp}
        self._stamp = to_json(stamp)[1:-1]
        self._tail = f',"resultType":"complete","_meta":{{{self._stamp}}}'
        self.started = True

    async def configure(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Use a new configuration, and tell clients when it changes the tools."""
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
        """A hash of the tools as clients see them."""
        listed = json.dumps([dict(tool.listing) for tool in self.toolbox.listed()], sort_keys=True)
        return hashlib.sha256(listed.encode()).hexdigest()[:16]

    def tools_for_app(self) -> list[dict[str, Any]]:
        """Every tool that is not internal, with its switch."""
        return [
            _for_app(tool.listing, enabled=tool.name not in self.toolbox.disabled)
            for tool in self.toolbox.tools.values()
            if not tool.internal
        ]

    def _give_up(self, reason: str) -> None:
        if not self.upstream_lost.done():
            self.upstream_lost.set_result(reason)

    def _remember_keys(self, configuration: Configuration) -> None:
        self.keys = configuration.keys
        redact.protect(configuration.keys.values())

    def _fill_toolbox(self) -> None:
        service = self.service
        if isinstance(service, Mirror):
            self.toolbox.fill(
                MirroredTool(service, listing, _MIRRORED_TIMEOUT_S)
                for listing in service.listings()
            )
        else:
            self.toolbox.fill(FunctionTool(tool) for tool in service.tools)

    async def _surface_changed(self, kind: str) -> None:
        if kind == "tools" and isinstance(self.service, Mirror):
            self._fill_toolbox()
        for listener in self.change_listeners:
            listener()
        await self.subscriptions.list_changed(kind)


def configuration_of(params: Mapping[str, Any]) -> tuple[Configuration, frozenset[str]]:
    """The configuration and the switched-off tools in the params of a `configure` message.

    Raises:
        TypeError: it is malformed.
    """
    keys, settings = params.get("keys", {}), params.get("settings", {})
    disabled, debug = params.get("disabled_tools", []), params.get("debug", False)
    if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
        raise TypeError("`keys` is not an object of texts")
    if not isinstance(settings, dict) or not isinstance(disabled, list):
        raise TypeError("`settings` is not an object or `disabled_tools` not a list")
    logs.be_verbose(on=bool(debug))
    call_details.switch(on=bool(params.get("keep_calls", False)))
    logs.keep_per_second(settings.get(logs.PER_SECOND))
    return Configuration(keys, settings), frozenset(map(str, disabled))


def _for_app(listing: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
    values = (
        listing["name"],
        listing.get("title") or listing.get("annotations", {}).get("title") or listing["name"],
        listing.get("description", ""),
        listing.get("inputSchema", {}),
        listing.get("outputSchema"),
        listing.get("annotations", {}),
        enabled,
    )
    return dict(zip(messages.TOOL_FIELDS, values, strict=True))
