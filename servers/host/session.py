"""One MCP client on a stream of lines, of either protocol era.

The SDK's kernel answers everything but `tools/call`. The SDK's own dispatcher stands between a
stream and the kernel with two queues, three tasks and four pydantic passes a message; this one
reads a line, and for a tool call writes the answer without any of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from mcp.server.connection import Connection, NotifyOnlyOutbound
from mcp.server.runner import ServerRunner, aclose_shielded, modern_error_data, serve_one
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp.shared.inbound import InboundLadderRejection, InboundModernRoute, classify_inbound_request
from mcp.shared.jsonrpc_dispatcher import (
    cancelled_request_id_from_params,
    handler_exception_to_error_data,
    progress_token_from_params,
)
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    PROTOCOL_VERSION_META_KEY,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from mcp_types.version import LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

from servers.contract import messages
from servers.host.host import Host
from servers.host.outcome import to_json
from servers.host.service import Refusal
from servers.host.toolbox import Caller, UnknownTool

log = logging.getLogger(__name__)

_numbers = itertools.count(1)
_TRANSPORT = TransportContext(kind="lines", can_send_request=False)
_OURSELVES = "lou"
_FEW = 64


def _not_a_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


_read = json.JSONDecoder(parse_constant=_not_a_number).decode


class _Exchange:
    """One inbound message, as the SDK's kernel sees it."""

    transport = _TRANSPORT
    can_send_request = False
    message_metadata = None

    def __init__(self, session: Session, id: Any, token: Any) -> None:  # noqa: A002
        self.request_id = id
        self.cancel_requested = anyio.Event()
        self._session = session
        self._token = token

    async def send_raw_request(self, method: str, params: Any, opts: Any = None) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, method: str, params: Any, opts: Any = None) -> None:
        self._session.notify(method, params)

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        self._session.progress(self._token, progress, total, message or "")


class _Outbound:
    """What the server says without being asked."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def send_raw_request(self, method: str, params: Any, opts: Any = None) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, method: str, params: Any, opts: Any = None) -> None:
        self._session.notify(method, params)


class Session:
    """Feed it lines with `receive`; it answers through `send`, which takes whole lines."""

    def __init__(
        self,
        host: Host,
        send: Callable[[bytes], None],
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        self.id = f"{next(_numbers):x}"
        self._host = host
        self._send = send
        self._hang_up = hang_up
        self._connection: Connection | None = None
        self._runner: ServerRunner[Any] | None = None
        self._outbound = _Outbound(self)
        self._is_modern = False
        self._envelope: tuple[Any, Any, Any] | None = None
        self._client = "unknown"
        self._client_version = ""
        self._stage = ""
        self._running: dict[Any, asyncio.Task[None]] = {}
        self._held: list[dict[str, Any]] | None = None
        self._refused = 0
        self._resume: Callable[[], None] | None = None
        host.sessions.add(self)

    @property
    def in_flight(self) -> int:
        """Requests being worked on."""
        return len(self._running)

    def receive(self, line: bytes) -> None:
        """Take one line; what it leads to happens later."""
        try:
            message = _read(line.decode())
        except (ValueError, RecursionError):
            if line.strip():
                self.refuse(PARSE_ERROR, "this line is not JSON")
            return
        if not isinstance(message, dict):
            self.refuse(INVALID_REQUEST, "this line is not one JSON-RPC object")
        elif self._held is not None:
            self._held.append(message)
        else:
            self._dispatch(message)

    def refuse(self, code: int, why: str, id: Any = None) -> None:  # noqa: A002
        """Answer a line that is no message."""
        if not self._refused:
            log.warning("Client %s sent what is no MCP message: %s", self._client, why)
        self._refused += 1
        self._error(id, code, why)

    def when_idle(self, resume: Callable[[], None]) -> None:
        """Call `resume` once what is being worked on has become less."""
        self._resume = resume

    async def drain(self, seconds: float) -> None:
        """Let what is being worked on finish, for a while."""
        if self._running:
            await asyncio.wait(tuple(self._running.values()), timeout=seconds)

    async def close(self) -> None:
        """The client is gone, or shall be: stop what it asked for."""
        if self not in self._host.sessions:
            return
        self._host.sessions.discard(self)
        self._send = _into_nothing
        if self._hang_up:
            self._hang_up()
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        if self._connection:
            await aclose_shielded(self._connection)
        if self._refused > 1:
            log.warning("Client %s sent %d lines that are no MCP", self._client, self._refused)
        if self._stage and self._client != _OURSELVES:
            self._tell(messages.CLIENT_LEFT)

    def notify(self, method: str, params: Mapping[str, Any] | None) -> None:
        """Tell the client something it does not answer."""
        body = f',"params":{to_json(params)}' if params is not None else ""
        self._write(f'{{"jsonrpc":"2.0","method":"{method}"{body}}}')

    def progress(self, token: Any, done: float, total: float | None, message: str) -> None:
        """Tell the client how far a request is, when it asked to know."""
        if token is None:
            return
        params: dict[str, Any] = {"progressToken": token, "progress": done}
        if total is not None:
            params["total"] = total
        if message:
            params["message"] = message
        self.notify("notifications/progress", params)

    def _dispatch(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        id = message.get("id")  # noqa: A001 - the wire's word
        params = message.get("params")
        if method is None:
            if "result" not in message and "error" not in message:
                self.refuse(INVALID_REQUEST, "neither a request nor an answer", _valid(id))
            return
        if not isinstance(method, str) or not (params is None or isinstance(params, dict)):
            self.refuse(INVALID_REQUEST, "`method` or `params` is malformed", _valid(id))
        elif "id" not in message:
            self._notification(method, params)
        elif _valid(id) is None:
            self.refuse(INVALID_REQUEST, "`id` is neither a text nor a whole number")
        else:
            self._request(id, method, params or {})

    def _request(self, id: Any, method: str, params: dict[str, Any]) -> None:  # noqa: A002
        if self._connection is None:
            self._open(method, params)
        if method == "tools/call" and (caller := self._ready_for_call(params)):
            work = self._call(id, params, caller)
        elif self._is_modern:
            work = self._answer_modern(id, method, params)
        else:
            work = self._answer(id, method, params)
            if method == "initialize":
                self._held = []
        task = self._host.loop.create_task(work)
        key = _key(id)
        self._running[key] = task
        task.add_done_callback(lambda done: self._finished(key, done))

    def _finished(self, key: Any, task: asyncio.Task[None]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if self._resume and len(self._running) < _FEW:
            resume, self._resume = self._resume, None
            resume()
        if not task.cancelled() and (error := task.exception()):
            log.error("A request ended unexpectedly", exc_info=error)

    def _open(self, method: str, params: Mapping[str, Any]) -> None:
        """The first request decides the era of the whole connection."""
        self._is_modern = method != "initialize" and _has_envelope(params)
        if self._is_modern:
            channel = NotifyOnlyOutbound(self._outbound)
            self._connection = Connection.from_envelope(
                LATEST_MODERN_VERSION, None, None, outbound=channel
            )
        else:
            self._connection = Connection.for_loop(self._outbound)
            self._runner = ServerRunner(
                self._host.server, self._connection, {}, init_options=self._host.announced
            )

    def _ready_for_call(self, params: dict[str, Any]) -> str:
        """The version to answer in, when the call needs nothing of the SDK's kernel."""
        if not isinstance(params.get("name"), str):
            return ""
        if not isinstance(params.get("arguments", _NOTHING), dict):
            return ""
        if self._is_modern:
            return LATEST_MODERN_VERSION if self._knows_envelope(params) else ""
        connection = self._connection
        if _has_envelope(params) or connection is None or not connection.initialize_accepted:
            return ""
        return connection.protocol_version

    def _knows_envelope(self, params: Mapping[str, Any]) -> bool:
        envelope = _envelope(params)
        if envelope is None:
            return False
        if envelope == self._envelope:
            return True
        route = classify_inbound_request({"method": "tools/call", "params": params})
        if isinstance(route, InboundLadderRejection):
            return False
        self._meet_modern(route, envelope)
        return True

    def _meet_modern(self, route: InboundModernRoute, envelope: tuple[Any, Any, Any]) -> None:
        self._envelope = envelope
        info = route.client_info if isinstance(route.client_info, dict) else {}
        self._meet(info, "tools_listed" if self._stage == "tools_listed" else "initialized")

    def _meet(self, info: Mapping[str, Any], stage: str) -> None:
        self._client = str(info.get("name", "unknown"))[:100]
        self._client_version = str(info.get("version", ""))[:100]
        self._reach(stage)

    def _reach(self, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            if self._client != _OURSELVES:
                self._tell(messages.CLIENT_CONNECTED)

    def _tell(self, event: str) -> None:
        protocol = LATEST_MODERN_VERSION if self._is_modern else ""
        if self._connection and not self._is_modern:
            protocol = self._connection.protocol_version
        self._host.client_event(
            event,
            {
                "session": self.id,
                "client": self._client,
                "version": self._client_version,
                "protocol": protocol,
                "stage": self._stage,
            },
        )

    async def _call(self, id: Any, params: dict[str, Any], version: str) -> None:  # noqa: A002
        token = progress_token_from_params(params) if "_meta" in params else None

        async def report(done: float, total: float | None, message: str) -> None:
            self.progress(token, done, total, message)

        caller = Caller(self._client, self._client_version, report)
        try:
            found = await self._host.toolbox.call(
                params["name"], params.get("arguments") or _NOTHING, caller
            )
        except UnknownTool as unknown:
            self._error(id, INVALID_PARAMS, str(unknown))
            return
        except Refusal as refused:
            self._error(id, refused.code, refused.message, refused.data)
            return
        said = found.members(version)
        if version in MODERN_PROTOCOL_VERSIONS:
            said += self._host.modern_tail(found.meta)
        elif found.meta:
            said += f',"_meta":{found.meta}'
        self._write(f'{{"jsonrpc":"2.0","id":{_id_json(id)},"result":{{{said}}}}}')

    async def _answer(self, id: Any, method: str, params: dict[str, Any]) -> None:  # noqa: A002
        """A request of the handshake era."""
        assert self._runner is not None
        exchange = _Exchange(self, id, progress_token_from_params(params))
        if method != "initialize" and _has_envelope(params):
            said = "this connection began with `initialize`; the 2026-07-28 envelope is refused"
            self._error(id, INVALID_REQUEST, said)
            return
        try:
            result = await self._runner.on_request(exchange, method, params)
        except Exception as failed:  # noqa: BLE001 - the one place where these become answers
            self._fail(id, method, failed)
        else:
            self._result(id, result)
            self._after(method, params)
        finally:
            if method == "initialize":
                self._release()

    async def _answer_modern(self, id: Any, method: str, params: dict[str, Any]) -> None:  # noqa: A002
        """A request of the 2026-07-28 era; each carries who asks."""
        exchange = _Exchange(self, id, progress_token_from_params(params))
        try:
            route = _route(method, params)
            connection = Connection.from_envelope(
                route.protocol_version,
                route.client_info,
                route.client_capabilities,
                outbound=NotifyOnlyOutbound(self._outbound),
            )
            result = await serve_one(
                self._host.server,
                exchange,
                method,
                params,
                connection=connection,
                lifespan_state={},
            )
        except Exception as failed:  # noqa: BLE001 - the one place where these become answers
            self._fail(id, method, failed)
        else:
            self._result(id, result)
            envelope = _envelope(params)
            if envelope is not None and envelope != self._envelope:
                self._meet_modern(route, envelope)
            self._after(method, params)

    def _after(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "initialize" and isinstance(params.get("clientInfo"), dict):
            self._meet(params["clientInfo"], "initialized")
        elif method == "tools/list":
            self._reach("tools_listed")

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for message in held:
            self._dispatch(message)

    def _notification(self, method: str, params: dict[str, Any] | None) -> None:
        if method == "notifications/cancelled":
            task = self._running.get(_key(cancelled_request_id_from_params(params)))
            if task:
                task.cancel()
        elif self._runner is not None:
            task = self._host.loop.create_task(self._heed(self._runner, method, params))
            self._running[task] = task
            task.add_done_callback(lambda done: self._finished(done, done))

    async def _heed(
        self, runner: ServerRunner[Any], method: str, params: dict[str, Any] | None
    ) -> None:
        with contextlib.suppress(MCPError):
            await runner.on_notify(_Exchange(self, None, None), method, params)

    def _fail(self, id: Any, method: str, failed: Exception) -> None:  # noqa: A002
        error = handler_exception_to_error_data(failed)
        if error is None:
            log.error("The request %s failed unexpectedly", method, exc_info=failed)
            error = modern_error_data(MCPError(INTERNAL_ERROR, "internal error"))
        self._error(id, error.code, error.message, error.data)

    def _result(self, id: Any, result: Mapping[str, Any]) -> None:  # noqa: A002
        self._write(f'{{"jsonrpc":"2.0","id":{_id_json(id)},"result":{to_json(result)}}}')

    def _error(self, id: Any, code: int, message: str, data: Any = None) -> None:  # noqa: A002
        error = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._write(f'{{"jsonrpc":"2.0","id":{_id_json(id)},"error":{to_json(error)}}}')

    def _write(self, line: str) -> None:
        self._send((line + "\n").encode("utf-8", "backslashreplace"))


_NOTHING: dict[str, Any] = {}


def _into_nothing(line: bytes) -> None:
    """Where the answers to a client that left go."""


def _route(method: str, params: Mapping[str, Any]) -> InboundModernRoute:
    if method == "initialize":
        data: dict[str, Any] = {"supported": list(MODERN_PROTOCOL_VERSIONS)}
        if isinstance(params.get("protocolVersion"), str):
            data["requested"] = params["protocolVersion"]
        said = "this connection speaks 2026-07-28, which has no `initialize`"
        raise MCPError(UNSUPPORTED_PROTOCOL_VERSION, said, data)
    route = classify_inbound_request({"method": method, "params": params})
    if isinstance(route, InboundLadderRejection):
        raise MCPError(route.code, route.message, route.data)
    return route


def _has_envelope(params: Mapping[str, Any]) -> bool:
    meta = params.get("_meta")
    return isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta


def _envelope(params: Mapping[str, Any]) -> tuple[Any, Any, Any] | None:
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        return None
    return (
        meta.get(PROTOCOL_VERSION_META_KEY),
        meta.get("io.modelcontextprotocol/clientInfo"),
        meta.get("io.modelcontextprotocol/clientCapabilities"),
    )


def _valid(id: Any) -> Any:  # noqa: A002
    """`id`, when a request may be called that."""
    return id if isinstance(id, str | int) and not isinstance(id, bool) else None


def _key(id: Any) -> Any:  # noqa: A002
    """ "7" and 7 are one request: some clients cancel with the other spelling."""
    return str(id)


def _id_json(id: Any) -> str:  # noqa: A002
    return str(id) if isinstance(id, int) else to_json(id)
