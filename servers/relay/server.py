"""The relay: passes a server that the user added through to clients.

In: the user's entry and requests of clients. Out: the answers of the user's server, unchanged; its
tools can be switched off, and its calls and log lines are recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import mcp_types as types
from pydantic import ValidationError

from servers.host.redact import excerpt
from servers.host.tools import calls
from servers.host.tools.service import (
    Configuration,
    KeyVerdict,
    StartRefusedError,
    UpstreamLostError,
)
from servers.relay import entry
from servers.relay.link import UpstreamLink
from servers.relay.upstream import Upstream

log = logging.getLogger(__name__)

_MOST_PAGES = 100
_MOST_FAULTS_LOGGED = 20
_OFFERED = ("tools", "resources", "prompts", "completions")
_LISTS = ("tools", "resources", "prompts")
_CHANGED = {
    types.ToolListChangedNotification: "tools",
    types.ResourceListChangedNotification: "resources",
    types.PromptListChangedNotification: "prompts",
}


class Relay:
    """The server of one entry; see `servers.host.tools.service.Mirror`."""

    version = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = name
        self.instructions = ""
        self._target: Any = None
        self._link: UpstreamLink | None = None
        self._upstream: Upstream | None = None
        self._listings: tuple[Mapping[str, Any], ...] = ()
        self._watched: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, configuration: Configuration) -> None:
        """Connect to the user's server.

        Raises:
            StartRefusedError: its entry is wrong, or a key is missing.
            UpstreamLostError: it did not come up.
        """
        self._target = entry.read(self.name, configuration)
        self._link = UpstreamLink(self.name, self._target, self._heard, calls.give_up)
        self._upstream = await self._link.open()
        self._introduce(self._upstream)
        await self._list_tools()
        for uri in self._watched:
            self._run_in_background(self._upstream.watch(uri, calls.resource_changed))
        if self._upstream.is_modern:
            self._run_in_background(self._upstream.listen_for_lists())

    async def configure(self, configuration: Configuration) -> None:
        """Connect anew if the new configuration starts the user's server differently."""
        try:
            if entry.read(self.name, configuration) == self._target:
                return
            await self.stop()
            await self.start(configuration)
        except StartRefusedError as refused:
            calls.give_up(f"{refused.message} {refused.hint}".strip())
        except UpstreamLostError as lost:
            calls.give_up(str(lost))
        else:
            for kind in _LISTS:
                await calls.surface_changed(kind)

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """Answer "unknown": only the user's server knows what its keys are for."""
        return KeyVerdict("unknown", f"Only the server {self.name} knows whether {name} works.")

    async def stop(self) -> None:
        """Close the session and end everything that was started for it."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._link:
            await self._link.close()

    def offers(self) -> frozenset[str]:
        """What the user's server says it serves."""
        if not self._upstream:
            return frozenset()
        found = self._upstream.capabilities
        return frozenset(kind for kind in _OFFERED if getattr(found, kind) is not None)

    def listings(self) -> Sequence[Mapping[str, Any]]:
        """Its tools as it lists them."""
        return self._listings

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass one call on."""
        return await self.ask("tools/call", {"name": tool, "arguments": dict(arguments)})

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass any request on."""
        assert self._link is not None
        return await self._link.ask(method, params)

    async def watch(self, uri: str) -> None:
        """Watch a resource of the user's server, once for all clients."""
        if self._upstream and uri not in self._watched:
            self._watched.add(uri)
            self._run_in_background(self._upstream.watch(uri, calls.resource_changed))

    def _introduce(self, upstream: Upstream) -> None:
        self.instructions = upstream.instructions
        if upstream.info:
            self.version = upstream.info.version
            self.title = upstream.info.title or upstream.info.name

    async def _heard(self, message: types.ServerNotification) -> None:
        kind = _CHANGED.get(type(message))
        if kind == "tools":
            await self._list_tools()
        if kind:
            await calls.surface_changed(kind)
        elif isinstance(message, types.ResourceUpdatedNotification):
            await calls.resource_changed(str(message.params.uri))
        elif isinstance(message, types.LoggingMessageNotification):
            log.info("%s: %s", message.params.logger or self.name, message.params.data)

    async def _list_tools(self) -> None:
        found: list[Mapping[str, Any]] = []
        params: dict[str, Any] = {}
        for _ in range(_MOST_PAGES if "tools" in self.offers() else 0):
            page = await self.ask("tools/list", params)
            listed = page.get("tools")
            found.extend(listed if isinstance(listed, list) else ())
            if not page.get("nextCursor"):
                break
            params = {"cursor": page["nextCursor"]}
        faults = [(listing, _fault(listing)) for listing in found]
        self._listings = tuple(listing for listing, fault in faults if not fault)
        for listing, fault in [each for each in faults if each[1]][:_MOST_FAULTS_LOGGED]:
            name = listing.get("name") if isinstance(listing, dict) else None
            log.warning(
                "The tool %r is left out, since clients cannot take it: %s",
                excerpt(name, 80),
                excerpt(fault, 400),
            )

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as failed:  # noqa: BLE001 - the link reports its own end
                log.warning("The server no longer tells of changes: %s", failed)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fault(listing: Any) -> str:
    """Why `listing` is not a valid tool, or empty. One bad tool makes clients drop the list."""
    try:
        types.Tool.model_validate(listing)
    except ValidationError as invalid:
        (first, *_) = invalid.errors(include_url=False, include_context=False, include_input=False)
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else first["msg"]
    return ""


def build(name: str) -> Relay:
    """The relay for the server that the user calls `name`."""
    return Relay(name)
