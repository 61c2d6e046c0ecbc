"""One server process without its channels: the service, its tools, its sessions, its figures."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from servers.contract import messages
from servers.host import logs, redact
from servers.host.mcp import sdk_server
from servers.host.mcp.subscriptions import Subscriptions
from servers.host.meter import Meter
from servers.host.tools import calls
from servers.host.tools.service import Configuration, Mirror, Service
from servers.host.tools.tool_result import to_json
from servers.host.tools.toolbox import FunctionTool, MirroredTool, Toolbox

if TYPE_CHECKING:
    from servers.host.session import ClientSession

Emit = Callable[[str, dict[str, Any]], None]

_MIRRORED_TIMEOUT_S = 600.0
"""The user's own server may take long; its client decides how long it waits."""


class Host:
    """Everything that a channel (socket, stdio, HTTP, control) needs to serve `service`."""

    def __init__(self, service: Service | Mirror, emit: Emit) -> None:
        self.service = service
        self.loop = asyncio.get_running_loop()
        self.sessions: set[ClientSession] = set()
        self.emit = emit
        self.meter = Meter(emit)
        self.toolbox = Toolbox(self.meter.record, emit)
        self.audience = Subscriptions(self.client_event)
        self.changed: list[Callable[[], None]] = []
        self.keys: Mapping[str, str] = {}
        self.lost: asyncio.Future[str] = self.loop.create_future()
        self.started = False

    async def start(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Start the service and offer its tools.

        Raises:
            StartRefused: it cannot work with this configuration.
        """
        self._learn(configuration)
        calls.on_emit(self.emit)
        calls.on_resource_changed(self.audience.resource_changed)
        calls.on_surface_changed(self._surface_changed)
        calls.on_give_up(self._give_up)
        await self.service.start(configuration)
        self._fill()
        self.toolbox.disabled = disabled
        self.server = sdk_server.build_server(self.service, self.toolbox, self.audience)
        self.announced = sdk_server.announced(self.server)
        stamp = {"io.modelcontextprotocol/serverInfo": self.server.server_info_stamp}
        self._stamp = to_json(stamp)[1:-1]
        self._tail = f',"resultType":"complete","_meta":{{{self._stamp}}}'
        self.started = True

    async def configure(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Take a new configuration, and tell clients when it changes the tools."""
        self._learn(configuration)
        await self.service.configure(configuration)
        if disabled != self.toolbox.disabled:
            self.toolbox.disabled = disabled
            await self._surface_changed("tools")

    async def stop(self, seconds: float) -> None:
        """Let the calls in flight finish, for a while, then close the service."""
        self.audience.listen.close()
        await asyncio.gather(*(session.drain(seconds) for session in tuple(self.sessions)))
        await asyncio.gather(*(session.close() for session in tuple(self.sessions)))
        if self.started:
            self.started = False
            await self.service.stop()

    def modern_tail(self, meta: str) -> str:
        """What ends a result of the 2026-07-28 era, with the tool's own `meta`."""
        if not meta:
            return self._tail
        return f',"resultType":"complete","_meta":{{{self._stamp},{meta[1:]}'

    def client_event(self, event: str, data: dict[str, Any]) -> None:
        """A client came, got further, or left."""
        self.emit(event, {**data, "at": time.time()})

    def tools_hash(self) -> str:
        """Changes when what clients see of the tools changes."""
        listed = json.dumps([dict(tool.listing) for tool in self.toolbox.listed()], sort_keys=True)
        return hashlib.sha256(listed.encode()).hexdigest()[:16]

    def tools_for_app(self) -> list[dict[str, Any]]:
        """Every tool but the internal ones, with its switch."""
        return [
            _for_app(tool.listing, enabled=tool.name not in self.toolbox.disabled)
            for tool in self.toolbox.tools.values()
            if not tool.internal
        ]

    def _give_up(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)

    def _learn(self, configuration: Configuration) -> None:
        self.keys = configuration.keys
        redact.protect(configuration.keys.values())

    def _fill(self) -> None:
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
            self._fill()
        for listener in self.changed:
            listener()
        await self.audience.list_changed(kind)


def configuration_of(params: Mapping[str, Any]) -> tuple[Configuration, frozenset[str]]:
    """What a `configure` message says.

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
    logs.keep_per_second(settings.get(logs.PER_SECOND))
    return Configuration(keys, settings), frozenset(map(str, disabled))


def _for_app(listing: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
    found = (
        listing["name"],
        listing.get("title") or listing.get("annotations", {}).get("title") or listing["name"],
        listing.get("description", ""),
        listing.get("inputSchema", {}),
        listing.get("outputSchema"),
        listing.get("annotations", {}),
        enabled,
    )
    return dict(zip(messages.TOOL_FIELDS, found, strict=True))
