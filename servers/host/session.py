"""One MCP client on a stream of lines: what it asks, what runs for it, and who it is.

A tool call goes straight to the toolbox and its answer straight to the line; everything else is the
SDK's to answer. The SDK's own path of a call has two queues, three tasks and four pydantic passes.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from mcp.shared.jsonrpc_dispatcher import (
    handler_exception_to_error_data,
    progress_token_from_params,
)

from servers.contract import messages
from servers.host.host import Host
from servers.host.mcp import jsonrpc
from servers.host.mcp.jsonrpc import Inbound, MalformedMessageError
from servers.host.mcp.sdk_connection import SdkConnection, progress_params
from servers.host.redact import excerpt
from servers.host.tools.service import UpstreamError
from servers.host.tools.tool_result import to_json
from servers.host.tools.toolbox import Caller, UnknownToolError

log = logging.getLogger(__name__)

_INVALID_PARAMS = -32602
_INTERNAL_ERROR = -32603
_OURSELVES = "lou"
_MOST_IN_FLIGHT = 256
"""Requests of one client at a time; further ones wait unread."""
_LONGEST_NAME = 100

_numbers = itertools.count(1)


class ClientSession:
    """Feed it lines with `receive`; it answers through `send`, which takes whole lines."""

    def __init__(
        self,
        host: Host,
        send: Callable[[bytes], None],
        *,
        read: Callable[[bool], None] | None = None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        self.id = f"{next(_numbers):x}"
        self._host = host
        self._send = send
        self._read = read
        self._hang_up = hang_up
        self._kernel = SdkConnection(host.server, host.announced, self.notify)
        self._met: Mapping[str, Any] = self._kernel.client
        self._client, self._version, self._stage = "unknown", "", ""
        self._running: set[asyncio.Task[None]] = set()
        self._named: dict[str, asyncio.Task[None]] = {}
        self._waiting: deque[bytes | None] = deque()
        self._is_opening = self._is_unread = False
        self._is_reading = True
        self._refused = 0
        host.sessions.add(self)

    def receive(self, lines: Iterable[bytes | None]) -> None:
        """Take lines, None for one that was too long; what they lead to happens later."""
        self._waiting.extend(lines)
        self._work()

    def wait_for_reader(self, *, waiting: bool) -> None:
        """The client does not read what was sent, or does so again."""
        self._is_unread = waiting
        self._work()

    def notify(self, method: str, params: Mapping[str, Any] | None) -> None:
        """Tell the client something it does not answer."""
        self._send(jsonrpc.notification(method, params))

    async def drain(self, seconds: float) -> None:
        """Let what is being worked on finish, for a while."""
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=seconds)

    async def close(self) -> None:
        """The client is gone, or shall be: stop what it asked for."""
        if self not in self._host.sessions:
            return
        self._host.sessions.discard(self)
        self._send = _into_nothing
        self._waiting.clear()
        if self._hang_up:
            self._hang_up()
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        await self._kernel.close()
        if self._refused > 1:
            log.warning("Client %s sent %d lines that are no MCP", self._client, self._refused)
        if self._stage:
            self._tell(messages.CLIENT_LEFT)

    def _work(self) -> None:
        """Take on what there is room for; while lines wait, no more are read."""
        while self._waiting and self._has_room:
            line = self._waiting.popleft()
            if line is None:
                self._refuse(jsonrpc.too_long())
            else:
                self._take(line)
        wanted = not self._waiting and not self._is_unread
        if wanted is not self._is_reading:
            self._is_reading = wanted
            if self._read:
                self._read(wanted)

    @property
    def _has_room(self) -> bool:
        return not (self._is_opening or self._is_unread) and len(self._running) < _MOST_IN_FLIGHT

    def _take(self, line: bytes) -> None:
        try:
            message = jsonrpc.parse(line)
        except MalformedMessageError as malformed:
            self._refuse(malformed)
            return
        if message:
            self._dispatch(message)

    def _refuse(self, malformed: MalformedMessageError) -> None:
        """Answer what is no message; the log hears of the first, and of their number."""
        if not self._refused:
            log.warning("Client %s sent what is no MCP: %s", self._client, malformed.why)
        self._refused += 1
        self._send(jsonrpc.error(malformed.id, malformed.code, malformed.why))

    def _dispatch(self, message: Inbound) -> None:
        if message.id is None:
            self._heed(message)
            return
        self._kernel.begin(message.method, message.params)
        if message.method == "tools/call" and self._kernel.admits_call(message.params):
            self._run(self._call(message), jsonrpc.same(message.id))
            return
        if message.method == "initialize":
            self._is_opening = True
        self._run(self._answer(message), jsonrpc.same(message.id))

    def _heed(self, message: Inbound) -> None:
        if message.method == "notifications/cancelled":
            task = self._named.get(jsonrpc.same(message.params.get("requestId")))
            if task:
                task.cancel()
        else:
            self._run(self._kernel.heed(message.method, message.params))

    def _run(self, work: Coroutine[Any, Any, None], name: str = "") -> None:
        task = self._host.loop.create_task(work)
        self._running.add(task)
        if name:
            self._named[name] = task
        task.add_done_callback(lambda done: self._finish(done, name))

    def _finish(self, task: asyncio.Task[None], name: str) -> None:
        self._running.discard(task)
        if self._named.get(name) is task:
            del self._named[name]
        if self._waiting:
            self._work()
        if not task.cancelled() and (error := task.exception()):
            log.error("A request ended unexpectedly", exc_info=error)

    async def _call(self, message: Inbound) -> None:
        params = message.params
        if self._kernel.client is not self._met:
            self._meet("initialized")
        caller = Caller(self._client, self._version, self._reporter(params))
        try:
            found = await self._host.toolbox.call(
                params["name"], params.get("arguments", {}), caller
            )
        except UnknownToolError as unknown:
            self._send(jsonrpc.error(message.id, _INVALID_PARAMS, str(unknown)))
            return
        except UpstreamError as refused:
            self._send(jsonrpc.error(message.id, refused.code, refused.message, refused.data))
            return
        said = found.members()
        if self._kernel.is_modern:
            said += self._host.modern_tail(found.meta)
        elif found.meta:
            said += f',"_meta":{found.meta}'
        self._send(jsonrpc.result(message.id, said))

    def _reporter(self, params: Mapping[str, Any]) -> Any:
        token = progress_token_from_params(params) if "_meta" in params else None

        async def report(done: float, total: float | None, message: str) -> None:
            if token is not None:
                self.notify("notifications/progress", progress_params(token, done, total, message))

        return report

    async def _answer(self, message: Inbound) -> None:
        try:
            result = await self._kernel.answer(message.id, message.method, message.params)
        except Exception as failed:  # noqa: BLE001 - the one place where these become answers
            self._fail(message, failed)
        else:
            self._send(jsonrpc.result(message.id, to_json(result)[1:-1]))
            self._note(message.method)
        finally:
            if message.method == "initialize":
                self._is_opening = False

    def _note(self, method: str) -> None:
        if self._kernel.client is not self._met:
            self._meet("initialized")
        if method == "tools/list" and self._stage != "tools_listed":
            self._meet("tools_listed")

    def _meet(self, stage: str) -> None:
        """The client said who it is, or got further."""
        self._met = self._kernel.client
        self._client = excerpt(self._met.get("name", "unknown"), _LONGEST_NAME)
        self._version = excerpt(self._met.get("version", ""), _LONGEST_NAME)
        if self._stage != "tools_listed":
            self._stage = stage
        self._tell(messages.CLIENT_CONNECTED)

    def _tell(self, event: str) -> None:
        if self._client == _OURSELVES:
            return
        said = {
            "session": self.id,
            "client": self._client,
            "version": self._version,
            "protocol": self._kernel.protocol,
            "stage": self._stage,
        }
        self._host.client_event(event, said)

    def _fail(self, message: Inbound, failed: Exception) -> None:
        error = handler_exception_to_error_data(failed)
        if error is None:
            log.error("The request %s failed unexpectedly", message.method, exc_info=failed)
            self._send(jsonrpc.error(message.id, _INTERNAL_ERROR, "internal error"))
        else:
            self._send(jsonrpc.error(message.id, error.code, error.message, error.data))


def _into_nothing(line: bytes) -> None:
    """Where the answers to a client that left go."""
