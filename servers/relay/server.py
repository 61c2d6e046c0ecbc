"""A server that the user added, shown to clients as it is, with Lou's keys, switches and logs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import mcp_types as types

from servers.host import calls
from servers.host.redact import redact
from servers.host.service import Configuration, KeyVerdict, Lost, Refusal, StartRefused
from servers.relay.child import Command
from servers.relay.upstream import Upstream, connected, over_http, over_stdio

log = logging.getLogger(__name__)
stderr = logging.getLogger("stderr")

_REFERENCE = re.compile(r"\$\{keyring:([A-Za-z_][A-Za-z0-9_]*)\}")
_MOST_PAGES = 100
_LONGEST_WORDS = 500
_OFFERED = ("tools", "resources", "prompts", "completions")
_CHANGED = {
    types.ToolListChangedNotification: "tools",
    types.ResourceListChangedNotification: "resources",
    types.PromptListChangedNotification: "prompts",
}


class Relay:
    """See `servers.host.service.Mirror`."""

    version = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = name
        self.instructions = ""
        self._upstream: Upstream | None = None
        self._listings: tuple[Mapping[str, Any], ...] = ()
        self._settings: Mapping[str, Any] = {}
        self._keys: Mapping[str, str] = {}
        self._life: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._watched: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_words: deque[str] = deque(maxlen=3)
        self._how = ""

    async def start(self, configuration: Configuration) -> None:
        """Connect to the user's server.

        Raises:
            StartRefused: its entry is wrong, or a key is missing.
            Lost: it did not come up.
        """
        self._settings, self._keys = configuration.settings, configuration.keys
        upstream: asyncio.Future[Upstream] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(upstream))
        await asyncio.wait((upstream, self._life), return_when=asyncio.FIRST_COMPLETED)
        if not upstream.done():
            await self._life
        self._upstream = upstream.result()
        self._introduce(self._upstream)
        await self._list_tools()
        if self._upstream.is_modern:
            self._keep(self._upstream.listen_for_lists())

    async def configure(self, configuration: Configuration) -> None:
        """Start anew when anything that the user's server was started with is different."""
        if (configuration.settings, configuration.keys) != (self._settings, self._keys):
            calls.give_up("its settings changed")

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """Nobody but the user's server knows what its keys are for."""
        return KeyVerdict("unknown", f"Only the server {self.name} knows whether {name} works.")

    async def stop(self) -> None:
        """End the session and everything that was started for it."""
        self._stopping.set()
        for task in tuple(self._tasks):
            task.cancel()
        if self._life:
            with contextlib.suppress(Exception):
                await self._life

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
        if not self._upstream:
            raise Refusal(types.INTERNAL_ERROR, f"The server {self.name} is not connected.")
        try:
            return await self._upstream.ask(method, params)
        except Refusal as refused:
            if refused.code != types.CONNECTION_CLOSED:
                raise
            if not self._stopping.is_set():
                calls.give_up(self._epitaph(self._how or "closed the connection"))
            said = f"The server {self.name} went away while it worked on this. Try again soon."
            raise Refusal(types.INTERNAL_ERROR, said) from None

    async def watch(self, uri: str) -> None:
        """Watch a resource of the user's server, once for all clients."""
        if self._upstream and uri not in self._watched:
            self._watched.add(uri)
            self._keep(self._upstream.watch(uri, calls.resource_changed))

    async def _live(self, upstream: asyncio.Future[Upstream]) -> None:
        try:
            async with (
                self._streams() as streams,
                connected(streams, self._heard) as session,
            ):
                upstream.set_result(session)
                await self._stopping.wait()
        except BaseExceptionGroup as failures:
            raise self._reason(failures) from None

    def _reason(self, failures: BaseExceptionGroup[BaseException]) -> BaseException:
        """The one failure that the SDK's task groups wrap; an ended command explains them all."""
        failure: BaseException = failures
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if isinstance(failure, StartRefused):
            return failure
        return Lost(self._epitaph(self._how or f"could not be reached: {failure}"))

    def _streams(self) -> Any:
        entry = self._settings.get("upstream")
        if not isinstance(entry, Mapping) or not (entry.get("command") or entry.get("url")):
            raise _wrong(self.name, "it names neither a command nor a url")
        if entry.get("url"):
            headers = _texts(self.name, entry, "headers")
            url = self._filled(str(entry["url"]))
            return over_http(url, {name: self._filled(text) for name, text in headers.items()})
        arguments = entry.get("args") or []
        if not isinstance(arguments, list):
            raise _wrong(self.name, "`args` is not a list")
        env = {name: self._filled(text) for name, text in _texts(self.name, entry, "env").items()}
        argv = (str(entry["command"]), *map(str, arguments))
        return over_stdio(Command(argv, env, entry.get("cwd") or None), self._said, self._ended)

    def _filled(self, text: str) -> str:
        """`text` with the keys that it refers to."""

        def value(reference: re.Match[str]) -> str:
            name = reference[1]
            if name not in self._keys:
                said = f"The key {name} that {self.name} needs is not set."
                raise StartRefused("missing_key", said, "Set it on Lou's keys page.")
            return self._keys[name]

        return _REFERENCE.sub(value, text)

    def _said(self, words: str) -> None:
        self._last_words.append(words)
        stderr.info("%s", words)

    def _ended(self, how: str) -> None:
        self._how = how
        if self._upstream and not self._stopping.is_set():
            calls.give_up(self._epitaph(how))

    def _epitaph(self, how: str) -> str:
        last = f" It last wrote: {' | '.join(self._last_words)}" if self._last_words else ""
        return redact(f"The server {self.name} {how}.{last[:_LONGEST_WORDS]}")

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
        if "tools" not in self.offers():
            return
        found: list[Mapping[str, Any]] = []
        params: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            page = await self.ask("tools/list", params)
            found.extend(page.get("tools", ()))
            if not page.get("nextCursor"):
                break
            params = {"cursor": page["nextCursor"]}
        self._listings = tuple(found)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as failed:  # noqa: BLE001 - the session itself reports its end
                log.warning("The server no longer tells of changes: %s", failed)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def build(name: str) -> Relay:
    """The relay for the server that the user calls `name`."""
    return Relay(name)


def _texts(name: str, entry: Mapping[str, Any], member: str) -> dict[str, str]:
    found = entry.get(member) or {}
    if not isinstance(found, Mapping) or not all(isinstance(text, str) for text in found.values()):
        raise _wrong(name, f"`{member}` is not an object of texts")
    return dict(found)


def _wrong(name: str, why: str) -> StartRefused:
    return StartRefused(
        "wrong_entry", f"The entry of {name} is wrong: {why}.", "Correct it in Lou."
    )
