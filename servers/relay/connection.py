"""A client, and a connection with the user's server: who waits for which answer.

In: requests of clients and of Lou, and messages of the server. Out: lines for the transport, and
with each answer the request that it answers. Ids and progress tokens are replaced by numbers of
this connection, because clients choose the same ones; all else passes as it came.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from servers.contract import messages
from servers.contract.line_reader import LongLine
from servers.host.redact import excerpt
from servers.relay.back_pressure import BackPressure, Transport
from servers.relay.wire_message import WireMessage, of_fields

MODERN_VERSION = "2026-07-28"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
"""The members of `_meta` in each request of the 2026-07-28 era."""
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
LISTEN = "subscriptions/listen"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""By method: the member of the params that a header repeats in that era."""
_LOU = {"name": "lou", "version": "1"}
ENVELOPE = {VERSION_KEY: MODERN_VERSION, CLIENT_KEY: _LOU, CAPABILITIES_KEY: {}}
"""The `_meta` of Lou's own requests in the 2026-07-28 era."""
_LONGEST_NAME = 100
_STAGES = {"": 0, "initialized": 1, "tools_listed": 2, "called": 3}
_client_numbers = itertools.count(1)
_BACKGROUND_S = 60.0
_MOST_WAITING = 32 << 20
"""Bytes that may wait for a server that does not read; then it gets no more requests."""
_MOST_UNASKED = 2 * _MOST_WAITING
"""The most with messages that cannot be refused in words; beyond it their clients are not read."""
_MOST_PAGES, _MOST_TASKS = 100, 1_000


class ClientBoard(Protocol):
    """What a client needs of the switchboard."""

    clients: dict[RelayClient, None]

    def from_client(self, client: RelayClient, line: bytes | LongLine) -> None:
        """Take one line of a client."""

    def client_left(self, client: RelayClient) -> None:
        """Record that a client is gone."""

    def client_event(self, event: str, data: dict[str, Any]) -> None:
        """Tell the app of a client."""


class RelayClient:
    """A client; `send` takes whole lines without newline, `disconnect` ends its connection."""

    def __init__(self, board: ClientBoard) -> None:
        self.id = f"{next(_client_numbers):x}"
        self.name = "unknown"
        self.version = ""
        self.protocol = ""
        self.is_modern = False
        self.connection: UpstreamConnection | None = None
        self.in_flight: dict[str, tuple[UpstreamConnection, int]] = {}
        """By id as it is written: where the request is in work, and its number there."""
        self.asked: dict[str, tuple[UpstreamConnection, str]] = {}
        """The server's requests that it has not answered: where from, and the id as written."""
        self.is_initialized = False
        self.malformed = 0
        self._info: Mapping[str, Any] | None = None
        self._capabilities: list[str] = []
        self.mark = ""
        """Its id for Lou, from the entry that started its bridge."""
        self._stage = ""
        self.board = board
        board.clients[self] = None

    def send(self, line: bytes) -> None:
        """Send one line to it."""
        raise NotImplementedError

    def disconnect(self) -> None:
        """End its connection; a bridge connects again and repeats the client's handshake."""
        raise NotImplementedError

    def proceed(self) -> None:
        """Record that there may be room for its messages again."""

    def cut(self) -> None:
        """End its connection, and forget what waits for it."""
        raise NotImplementedError

    def note_unread(self, is_much: bool) -> None:
        """Let its server wait for it while much that it was sent is unread."""
        if self.connection:
            pressure = self.connection.pressure
            (pressure.behind if is_much else pressure.caught_up)(self)

    def pause(self, id_token: str) -> None:
        """Record that the server ended the stream of a request for now: it is asked again."""

    def finished(self, id_token: str) -> None:
        """Record that one of its requests was answered."""
        self.in_flight.pop(id_token, None)

    def introduce(self, info: Any, capabilities: Any, protocol: str) -> None:
        """Take its name and version from its handshake or from a request's envelope."""
        if info == self._info and self.protocol == protocol:
            return
        self._info = info
        info = info if isinstance(info, dict) else {}
        self.name = excerpt(info.get("name", "unknown"), _LONGEST_NAME)
        self.version = excerpt(info.get("version", ""), _LONGEST_NAME)
        self.protocol = excerpt(protocol, _LONGEST_NAME)
        names = capabilities if isinstance(capabilities, dict) else {}
        self._capabilities = [excerpt(name, _LONGEST_NAME) for name in list(names)[:20]]
        self._stage = ""

    def reach_stage(self, stage: str) -> None:
        """Tell the app how far the client got, when that is further than before."""
        if _STAGES[stage] <= _STAGES[self._stage] or self._info is None:
            return
        self._stage = stage
        self._emit(messages.CLIENT_CONNECTED, stage=stage)

    def leave(self) -> None:
        if self in self.board.clients:
            self.board.client_left(self)
            if self._stage:
                self._emit(messages.CLIENT_LEFT, stage=self._stage)

    def _emit(self, event: str, stage: str) -> None:
        if self.name != messages.OWN_CLIENT:
            known = {"session": self.id, "client": self.name, "version": self.version}
            known |= {"protocol": self.protocol, "stage": stage, "mark": self.mark}
            self.board.client_event(event, known | {"capabilities": self._capabilities})


class UnreadError(ConnectionError):
    """A request finds no room before a server that does not read."""


@dataclass(slots=True)
class PendingRequest:
    """A request without an answer. `client` is None for one of Lou, which waits in `answered`."""

    method: str
    message: WireMessage
    client: RelayClient | None = None
    answered: asyncio.Future[WireMessage] | None = None
    started: float = field(default_factory=time.perf_counter)
    is_cancelled: bool = False

    @property
    def tool(self) -> str:
        """The tool that it calls; empty for other requests."""
        return str(self.message.params.get("name", "")) if self.method == "tools/call" else ""


class UpstreamConnection:
    """`key` tells which clients may share it; the empty key is that of the one that Lou opens.

    `greeting` is the answer to `initialize` or `server/discover`, once it is there.
    """

    def __init__(self, key: str, *, is_modern: bool = False) -> None:
        self.key = key
        self.is_modern = is_modern
        self.greeting: WireMessage | None = None
        self.clients: dict[RelayClient, None] = {}
        self.joining: list[tuple[RelayClient, WireMessage]] = []
        self.pending: dict[int, PendingRequest] = {}
        self.subscribers: dict[str, set[RelayClient]] = {}
        self.task_requests: dict[str | int, PendingRequest] = {}
        """By the id of the task that it began, and by its number: a request that was answered."""
        self.is_closed = False
        self.is_initialized = False
        self.pressure = BackPressure(lambda: self.is_base or len(self.clients) > 1)
        self._numbers = itertools.count(1)
        self._transport: Transport | None = None
        self._unsent: list[tuple[bytes, WireMessage, int | None]] = []
        self._background: set[asyncio.Task[None]] = set()

    @property
    def is_base(self) -> bool:
        """Whether Lou opened it; the server ends with it."""
        return not self.key

    @property
    def waiting(self) -> int:
        """Bytes that the server has not read yet."""
        if self._transport:
            return self._transport.waiting
        return sum(len(line) for line, *_ in self._unsent)

    @property
    def is_full(self) -> bool:
        """Whether nothing more may wait for the server."""
        return self.waiting > _MOST_UNASKED

    def has_room_for(self, size: int) -> bool:
        """Whether a request of `size` bytes may wait for the server; one always may."""
        waiting = self.waiting
        return not waiting or waiting + size <= _MOST_WAITING

    def unread(self, name: str) -> str:
        """What a client is told whose request finds no room; `name` is the server's."""
        return (
            f"The server {name} does not read what it is sent: {self.waiting >> 20} MB wait for "
            "it. Try again soon; if that stays so, restart the server in Lou."
        )

    def drained(self) -> None:
        """Record that the server reads again."""
        for client in tuple(self.clients):
            client.proceed()

    def use(self, transport: Transport) -> None:
        """Send through `transport` from now on, what was kept for it first."""
        self._transport = transport
        self.pressure.use(transport)
        for unsent in self._unsent:
            transport.send(*unsent)
        self._unsent.clear()

    def send(self, line: bytes, message: WireMessage, number: int | None = None) -> None:
        """Send one line, once there is a transport."""
        if self._transport:
            self._transport.send(line, message, number)
        elif not self.is_closed:
            self._unsent.append((line, message, number))

    def forward(self, client: RelayClient, message: WireMessage) -> int:
        """Send a client's request under a number of this connection, which is returned."""
        number = next(self._numbers)
        self.pending[number] = PendingRequest(message.method, message, client)
        line = message.line_as(sent := str(number))
        if message.meta.get("progressToken") is not None:
            token = message.span("params", "_meta", "progressToken")
            line = message.line((message.id_span, sent), (token, sent))
        self.send(line, message, number)
        return number

    async def ask(
        self, method: str, params: Mapping[str, Any], within_s: float | None = None
    ) -> WireMessage:
        """Send a request of Lou; returns the answer, which may be an error.

        Raises:
            TimeoutError: it was not answered in time; the server is told.
            UnreadError: too much waits for the server.
            ConnectionError: the connection ended first.
        """
        if self.is_closed:
            raise ConnectionError
        number = next(self._numbers)
        if self.is_modern:
            params = {**params, "_meta": {**ENVELOPE, **params.get("_meta", {})}}
        message = of_fields({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        if not self.has_room_for(len(message.text)):
            raise UnreadError
        answered: asyncio.Future[WireMessage] = asyncio.get_running_loop().create_future()
        self.pending[number] = PendingRequest(method, message, None, answered)
        self.send(message.line(), message, number)
        try:
            async with asyncio.timeout(within_s):
                return await answered
        except (TimeoutError, asyncio.CancelledError):
            if method != "initialize":
                self.cancel(number)
            raise
        finally:
            self.pending.pop(number, None)

    async def list_tools(self, within_s: float | None = None) -> tuple[list[Any], str]:
        """The tools of all pages, each asked for within `within_s` seconds.

        The text is the answer that holds no list, after which no more is asked; else empty.

        Raises:
            TimeoutError: a page was not answered in time.
            ConnectionError: the connection ended first.
        """
        listed: list[Any] = []
        params: dict[str, Any] = {}
        cursors: list[Any] = [None, ""]
        while len(cursors) < _MOST_PAGES:
            answer = await self.ask("tools/list", params, within_s)
            page = answer.fields.get("result")
            if not isinstance(page, dict) or answer.is_partial:
                return listed, answer.text
            tools = page.get("tools")
            listed += tools if isinstance(tools, list) else []
            if (cursor := page.get("nextCursor")) in cursors:
                break
            cursors.append(cursor)
            params = {"cursor": cursor}
        return listed, ""

    def ask_in_background(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a request of Lou whose answer is of no interest."""

        async def ask() -> None:
            with contextlib.suppress(TimeoutError, ConnectionError):
                await self.ask(method, params, _BACKGROUND_S)

        task = asyncio.get_running_loop().create_task(ask())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def cancel(self, number: int, message: WireMessage | None = None) -> None:
        """Tell the server that request `number` is not wanted; `message` is the client's wish."""
        if message is None:
            meta = {"_meta": ENVELOPE} if self.is_modern else {}
            self.notify("notifications/cancelled", {"requestId": number, **meta})
        else:
            span = message.span("params", "requestId")
            self.send(message.line((span, str(number))), message)
        if self._transport:
            self._transport.abandon(number)

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        known = {"params": params} if params else {}
        message = of_fields({"jsonrpc": "2.0", "method": method, **known})
        self.send(message.line(), message)

    def answer(self, request: WireMessage, members: Mapping[str, Any]) -> None:
        """Answer a request of the server for a client that cannot."""
        message = of_fields({"jsonrpc": "2.0", "id": None, **members})
        self.send(message.line_as(request.id_token), message)

    def take_answer(self, message: WireMessage, origin: int | None) -> PendingRequest | None:
        """Who waits for this answer, which without an id is that to `origin`; None if nobody."""
        fields = message.fields
        is_nameless = fields.get("id") is None and fields.keys() & {"result", "error"}
        number = number_of(origin if is_nameless else fields.get("id"))
        pending, result = self.pending.pop(number, None), fields.get("result")
        task = result.get("task") if isinstance(result, dict) else None
        if pending and isinstance(task, dict):
            self.task_requests |= {str(task.get("taskId")): pending, number: pending}
            while len(self.task_requests) > _MOST_TASKS:
                del self.task_requests[next(iter(self.task_requests))]
        return pending

    def pending_of(self, token: Any) -> PendingRequest | None:
        """The request with this number, however the server writes it, or whose task goes on."""
        number = number_of(token)
        return self.pending.get(number) or self.task_requests.get(number)

    def paused(self, number: int) -> None:
        """Record that the server ended the stream of request `number` for now."""
        pending = self.pending.get(number)
        if pending and pending.client:
            pending.client.pause(pending.message.id_token)

    def awaits(self, number: int) -> bool:
        """Whether somebody still wants the answer to request `number`."""
        return number in self.pending and not self.pending[number].is_cancelled

    def client_in_call(self) -> RelayClient | None:
        """The only client that waits for an answer; the only client, if none waits."""
        waiting = {each.client: None for each in self.pending.values() if not each.is_cancelled}
        waiting.pop(None, None)
        found = list(waiting or self.clients)
        return found[0] if len(found) == 1 else None

    def closed(self) -> dict[int, PendingRequest]:
        """Record that it ended; returns the requests that will not be answered."""
        self.is_closed = True
        self._unsent.clear()
        left, self.pending = self.pending, {}
        for each in left.values():
            if each.answered and not each.answered.done():
                each.answered.set_exception(ConnectionError("the connection is closed"))
        return left

    async def close(self) -> None:
        self.closed()
        transport, self._transport = self._transport, None
        if transport:
            await transport.close()


def number_of(value: Any) -> int:
    """The number that was sent; some servers return 1 as 1.0 or as a text. -1 if it is none."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else -1
