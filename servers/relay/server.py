"""The relay: a wire between clients and a server that the user added, with a switch in it.

In: the user's entry, and connections of clients. Out: what the server and its clients say to each
other, unchanged; its tools can be switched off, and its calls and log lines are recorded.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from servers.contract import server_settings
from servers.host import redact
from servers.host.call_details import Emit
from servers.host.meter import Meter
from servers.host.served import HttpSide, hash_of, read_only, tool_for_app
from servers.host.tools import tool_result
from servers.host.tools.service import (
    Configuration,
    JsonRpcError,
    KeyVerdict,
    StartRefusedError,
    UnknownToolError,
    UpstreamLostError,
)
from servers.host.tools.tool_result import ToolResult
from servers.relay import answers, entry, handshake, listed_entries
from servers.relay.call_records import CallRecords
from servers.relay.child import Command
from servers.relay.client import SocketClient
from servers.relay.connection import LISTEN, PendingRequest, UnreadError, UpstreamConnection
from servers.relay.entry import WebAddress
from servers.relay.switchboard import RelayCallbacks, Switchboard
from servers.relay.upstreams import Upstreams
from servers.relay.wire_message import WireMessage

log = logging.getLogger(__name__)

_CALL_TIMEOUT_S = 600.0
_LISTED_WITHIN_S = 10.0


class Relay:
    """The server that the user calls `name`; see `servers.host.served.Served`."""

    def __init__(self, name: str, emit: Emit) -> None:
        self.name = name
        self.emit = emit
        self.started = False
        self.keys: Mapping[str, str] = {}
        loop = asyncio.get_running_loop()
        self.upstream_lost: asyncio.Future[UpstreamLostError] = loop.create_future()
        self.change_listeners: list[Callable[[], None]] = []
        self.meter = Meter(emit)
        self._records = CallRecords(self.meter)
        self.board = Switchboard(
            name,
            RelayCallbacks(
                open=lambda connection: self._opened().open(connection),
                close=lambda connection: self._opened().close(connection),
                recorded=self._records.add,
                client_event=self._report_client,
                surface_changed=self._surface_changed,
            ),
        )
        self.board.notifications.list_tools = self._take_tools
        self._target: Command | WebAddress | None = None
        self._upstreams: Upstreams | None = None
        self._tools: list[dict[str, Any]] = []

    # Start and end

    async def start(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Connect to the user's server.

        Raises:
            StartRefusedError: its entry is wrong, or a key is missing.
            UpstreamLostError: it did not come up.
        """
        self._use(configuration)
        self.board.disabled = disabled
        self._target = entry.read(self.name, configuration)
        await self._open_base()
        self.started = True

    async def configure(self, configuration: Configuration, disabled: frozenset[str]) -> None:
        """Use new switches; connect again if the server is started differently now."""
        sessions = self.board.pool.sessions
        self._use(configuration)
        if disabled != self.board.disabled:
            self.board.disabled = disabled
            self.board.notifications.tools_switched()
            self._surface_changed()
        try:
            target = entry.read(self.name, configuration)
            if target == self._target and sessions == self.board.pool.sessions:
                return
            self._target = target
            await self._reopen()
        except StartRefusedError as refused:
            self._give_up(UpstreamLostError(f"{refused.message} {refused.hint}".strip()))
        except UpstreamLostError as lost:
            self._give_up(lost)

    async def stop(self, seconds: float) -> None:
        self.started = False
        calls = [each for each in self.board.connections() if each.pending]
        deadline = asyncio.get_running_loop().time() + seconds
        while calls and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
            calls = [each for each in calls if _calls_in_flight(each)]
        for client in tuple(self.board.clients):
            client.disconnect()
            client.leave()
        self._records.flush()
        await self.meter.details.finish()
        await self._close_all()

    def _use(self, configuration: Configuration) -> None:
        self.keys = configuration.keys
        redact.protect(configuration.keys.values())
        try:
            sessions = server_settings.value_of(server_settings.SESSIONS, configuration.settings)
        except server_settings.SettingValueError as wrong:
            log.warning("A setting of %s is not used: %s", self.name, wrong)
            sessions = server_settings.SESSIONS.default
        self.board.pool.sessions = sessions

    async def _open_base(self) -> None:
        """Open the connection of Lou's own, and learn what the server is."""
        assert self._target is not None
        self._upstreams = Upstreams(self.board, self._target, self._lost, self._schema_of)
        self.board.pool.base = base = UpstreamConnection("")
        self.board.pool.is_web = isinstance(self._target, WebAddress)
        await self._upstreams.connect(base)
        try:
            is_shared = self.board.pool.sessions == server_settings.SHARED_SESSION
            await handshake.greet(base, self.name, is_shared=is_shared)
            if base.is_modern and base.greeting:
                self.board.modern_answers["server/discover"] = base.greeting.fields["result"]
            await self._list_tools(base)
        except ConnectionError:
            if self.upstream_lost.done():
                raise self.upstream_lost.result() from None
            raise UpstreamLostError(f"The server {self.name} went away.") from None

    async def _list_tools(self, base: UpstreamConnection) -> None:
        """Take its tools; those of a slow server come later, and it is served without until then.

        Raises:
            ConnectionError: it ended.
        """
        listing = asyncio.ensure_future(handshake.list_tools(base, self.name))
        is_late = False

        def take(listing: asyncio.Future[list[Any]]) -> None:
            if not listing.cancelled() and not listing.exception() and is_late:
                self._take_tools(listing.result())
                self.board.notifications.tools_switched()

        listing.add_done_callback(take)
        await asyncio.wait((listing,), timeout=_LISTED_WITHIN_S)
        if listing.done():
            self._take_tools(listing.result())
            return
        is_late = True
        log.warning(
            "%s has not listed its tools within %g s: it is served without them until it does",
            self.name, _LISTED_WITHIN_S,
        )  # fmt: skip

    async def _reopen(self) -> None:
        """Connect again without losing a client; one with a connection of its own comes again."""
        clients = tuple(self.board.pool.base.clients)
        others = [each for key in self.board.pool.by_key.values() for each in key.clients]
        for connection in self.board.connections():
            self.board.fail_pending(connection)
        await self._close_all()
        await self._open_base()
        for client in clients:
            client.connection = self.board.pool.base
            self.board.pool.base.clients[client] = None
        for client in others:
            client.connection = None
            client.disconnect()
        self.board.notifications.all_changed(self.board.pool.base)
        self._surface_changed()

    async def _close_all(self) -> None:
        for connection in self.board.connections():
            self.board.notifications.forget(connection)
            await connection.close()
        self.board.pool.by_key.clear()
        if self._upstreams:
            await self._upstreams.finish()

    def _opened(self) -> Upstreams:
        assert self._upstreams is not None
        return self._upstreams

    def _lost(self, connection: UpstreamConnection, lost: UpstreamLostError) -> None:
        """A connection ended; with that of Lou, or when the address is away, all end."""
        self.board.lost(connection, redact.redact(str(lost)))
        if connection.is_base or lost.code:
            self._give_up(lost)
        else:
            log.warning("The session of one client ended: %s", lost)

    def _give_up(self, lost: UpstreamLostError) -> None:
        if not self.upstream_lost.done():
            self.upstream_lost.set_result(lost)

    def _schema_of(self, tool: str) -> Mapping[str, Any]:
        found = (each["inputSchema"] for each in self._tools if each["name"] == tool)
        return next(found, {})

    def _take_tools(self, listed: list[Any]) -> None:
        """Use a new list of tools for the app and the bridge."""
        checked = listed_entries.check("tools", listed, is_modern=self.board.pool.base.is_modern)
        self.board.oddities.faults("tools", checked.faults)
        self._tools = checked.entries
        self._surface_changed()

    # What the app asks

    def connection(self) -> asyncio.Protocol:
        return SocketClient(self.board)

    def tool_count(self) -> int:
        return len(self._shown())

    def tools_hash(self) -> str:
        return hash_of(self._shown())

    def tools_for_app(self) -> list[dict[str, Any]]:
        disabled = self.board.disabled
        return [tool_for_app(tool, enabled=tool["name"] not in disabled) for tool in self._tools]

    def _shown(self) -> list[dict[str, Any]]:
        return [tool for tool in self._tools if tool["name"] not in self.board.disabled]

    async def call_for_app(
        self, name: str, arguments: Mapping[str, Any], limit_s: float | None, *, own: bool
    ) -> dict[str, Any]:
        if name not in {tool["name"] for tool in self._tools}:
            known = ", ".join(tool["name"] for tool in self._shown())
            raise UnknownToolError(
                f"No tool is called {redact.excerpt(name, 80)!r}. There are: {known}."
            )
        if name in self.board.disabled:
            return tool_result.switched_off(name).for_app()
        base = self.board.pool.base
        seconds = min(limit_s or _CALL_TIMEOUT_S, _CALL_TIMEOUT_S)
        params = {"name": name, "arguments": dict(arguments)}
        pending = PendingRequest("tools/call", WireMessage("", {"params": params}))
        verdict, kind, answer = "error", "refused", None
        try:
            answer = await base.ask("tools/call", params, seconds)
            verdict, kind = answers.outcome(answer)
            return _for_app(answer, verdict, kind)
        except TimeoutError:
            verdict, kind = "timeout", "timeout"
            return tool_result.timed_out(name, seconds).for_app()
        except UnreadError:
            raise JsonRpcError(0, base.unread(self.name)) from None
        except ConnectionError:
            raise JsonRpcError(0, self.board.gone()) from None
        except asyncio.CancelledError:
            verdict = "cancelled"
            raise
        finally:
            self._records.add(pending, verdict, kind, answer, own=own)
            self._records.flush()

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """Answer "unknown": only the user's server knows what its keys are for."""
        return KeyVerdict("unknown", f"Only the server {self.name} knows whether {name} works.")

    def open_http(self, configuration: Configuration) -> HttpSide | None:
        if not server_settings.wants_http(configuration.settings):
            return None
        from servers.host.transport import http  # noqa: PLC0415 - only if they ask for it
        from servers.relay.http_app import LONGEST_BODY, HttpApp  # noqa: PLC0415

        def figures() -> str:
            self._records.flush()
            return self.meter.prometheus(self.name, len(self.board.clients))

        app = HttpApp(self.board, self._schema_of)
        return http.open_http(app, configuration, figures, longest_body=LONGEST_BODY)

    async def answers(self) -> dict[str, Any]:
        base = self.board.pool.base
        greeting = base.greeting.fields["result"] if base.greeting and not base.is_modern else None
        modern = self.board.modern_answers
        return {
            "version": 1,
            "server": self.name,
            "initialize": answers.greetings(greeting) if greeting else {},
            "discover": modern.get("server/discover"),
            "tools": {"tools": self._shown()} if greeting else None,
            "tools_modern": modern.get("tools/list"),
            "read_only_tools": read_only(self._shown()),
        }

    def _report_client(self, event: str, data: dict[str, Any]) -> None:
        self._records.flush()  # a client leaves after its calls
        self.emit(event, {**data, "at": time.time()})

    def _surface_changed(self) -> None:
        for listener in self.change_listeners:
            listener()


def _calls_in_flight(connection: UpstreamConnection) -> bool:
    pending = connection.pending.values()
    return any(each.client and each.method != LISTEN for each in pending)


def _for_app(answer: WireMessage, verdict: str, kind: str) -> dict[str, Any]:
    error, result = answer.fields.get("error"), answer.fields.get("result")
    if isinstance(error, dict):
        message = str(error.get("message") or f"error {error.get('code')}")
        raise JsonRpcError(0, redact.redact(message))
    if not isinstance(result, dict):
        raise JsonRpcError(0, "its answer holds no result")
    parts = {
        key: tool_result.to_json(result[key])
        for key in ("structuredContent", "_meta")
        if result.get(key) is not None
    }
    content = tool_result.to_json(result.get("content", []))
    structured, meta = parts.get("structuredContent", ""), parts.get("_meta", "")
    return ToolResult(content, structured, meta, verdict, kind).for_app()
