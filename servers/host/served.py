"""What a supervised process serves, as control channel, runner and the app see it and its tools.

`hosted_server` serves a service of Lou's own with the SDK, `servers.relay.server` a server of the
user's. Nothing here knows MCP.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from servers.contract import messages
from servers.host import call_details, logs
from servers.host.tools.service import Configuration, KeyVerdict, UpstreamLostError


class HttpSide(Protocol):
    """An open HTTP port; `url` is what clients are given."""

    url: str

    async def close(self) -> None:
        """Stop listening, at once."""


class Served(Protocol):
    """`upstream_lost` resolves with the reason when it gives up by itself.

    `change_listeners` are called when the answers for the bridge changed.
    """

    name: str
    started: bool
    upstream_lost: asyncio.Future[UpstreamLostError]
    change_listeners: list[Callable[[], None]]
    keys: Mapping[str, str]

    async def start(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Get ready for clients; `disabled` are the tools that are switched off.

        Raises:
            StartRefusedError: it cannot work with this configuration.
            UpstreamLostError: what it depends on did not come up.
        """

    async def configure(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Use a new configuration, and tell clients when it changes the tools."""

    async def stop(self, seconds: float) -> None:
        """Wait up to `seconds` for the calls in flight, then close everything."""

    def connection(self) -> asyncio.Protocol:
        """The protocol of one connection of a client."""

    def tool_count(self) -> int:
        """How many tools clients see."""

    def tools_hash(self) -> str:
        """A hash of the tools as clients see them."""

    def tools_for_app(self) -> list[dict[str, Any]]:
        """Every tool that is not internal, with its switch."""

    async def call_for_app(
        self, name: str, arguments: Mapping[str, Any], limit_s: float | None, *, own: bool
    ) -> dict[str, Any]:
        """The result of one call, as the control channel sends it; `own` is Lou's own wish.

        Raises:
            JsonRpcError: there is no such tool, or the server refused the call.
        """

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """Ask the key's provider whether `value` works."""

    async def answers(self) -> dict[str, Any]:
        """The answers that the bridge gives while this process is away."""

    def open_http(self, configuration: Configuration) -> HttpSide | None:
        """Listen for HTTP if the settings ask; raises StartRefusedError without port or token."""

    def emit(self, event: str, data: dict[str, Any]) -> None:
        """Send an event to the app."""


def configuration_of(params: Mapping[str, Any]) -> tuple[Configuration, frozenset[str]]:
    """What a `configure` message holds; raises TypeError if it is malformed."""
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


def tool_for_app(listing: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
    """A listed tool as the control channel sends it."""
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


def hash_of(listed: Iterable[Mapping[str, Any]]) -> str:
    text = json.dumps([dict(tool) for tool in listed], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_only(listed: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the listed tools that say that they change nothing."""
    return [
        tool["name"] for tool in listed if tool.get("annotations", {}).get("readOnlyHint") is True
    ]
