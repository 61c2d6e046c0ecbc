"""One MCP client on a stream of lines: its requests, the tasks that answer them, and who it is.

In: lines of JSON-RPC. Out: lines through `send`, and client events for the app. A tool call goes
straight to the toolbox, everything else to the SDK: the SDK's own path of a call has two queues,
three tasks and four pydantic passes. `sdk_server` calls the same toolbox for HTTP clients.
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
from servers.contract.line_reader import LongLine
from servers.host.host import Host
from servers.host.mcp import jsonrpc
from servers.host.mcp.jsonrpc import Inbound, MalformedMessageError
from servers.host.mcp.sdk_connection import SdkConnection, progress_params
from servers.host.redact import excerpt
from servers.host.tools.service import JsonRpcError
from servers.host.tools.tool_result import to_json
from servers.host.tools.toolbox import Caller

log = logging.getLogger(__name__)

_INTERNAL_ERROR = -32603
_MOST_IN_FLIGHT = 256
"""Requests of one client at a time; further lines wait unparsed."""
_LONGEST_NAME = 100
_CLOSE_WITHIN_S = 5.0

_session_numbers = itertools.count(1)


class ClientSession:
    """Takes lines with `receive` and answers through `send`, which takes whole lines.

    `set_reading(False)` stops the stream from being read, `set_reading(True)` resumes it;
    `disconnect` closes the stream.
    """

    def __init__(
        self,
        host: Host,
        send: Callable[[bytes], None],
        *,
        set_reading: Callable[[bool], None] | None = None,
        disconnect: Callable[[], None] | None = None,
    ) -> None:
        self.id = f"{next(_session_numbers):x}"
        self._host = host
        self._send = send
        self._set_reading = set_reading
        self._disconnect = disconnect
        self._sdk = SdkConnection(host.server, host.init_options, self.notify)
        self._client_info: Mapping[str, Any] = self._sdk.client
        self._client, self._version, self._stage = "unknown", "", ""
        self._mark = ""  # its id for Lou, from the entry that started its bridge
        self._tasks: set[asyncio.Task[None]] = set()
        self._task_by_id: dict[str, asyncio.Task[None]] = {}
        self._waiting: deque[bytes | LongLine] = deque()
        self._is_initializing = self._is_write_blocked = False
        self._is_reading = True
        self._malformed = 0
        host.sessions.add(self)

    def receive(self, lines: Iterable[bytes | LongLine]) -> None:
        """Take lines; they are answered later, in tasks."""
        self._waiting.extend(lines)
        self._work()

    def set_write_blocked(self, *, blocked: bool) -> None:
        """Say whether the client has stopped reading its answers."""
        self._is_write_blocked = blocked
        self._work()

    def notify(self, method: str, params: Mapping[str, Any] | None) -> None:
        self._send(jsonrpc.notification(method, params))

    async def drain(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=seconds)

    async def close(self) -> None:
        """Cancel the requests in work, disconnect the client, and tell the app that it left."""
        if self not in self._host.sessions:
            return
        self._host.sessions.discard(self)
        self._send = lambda _line: None
        self._waiting.clear()
        if self._disconnect:
            self._disconnect()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_WITHIN_S)
        await self._sdk.close()
        if self._malformed > 1:
            log.warning("Client %s sent %d lines that are no MCP", self._client, self._malformed)
        if self._stage:
            self._emit(messages.CLIENT_LEFT)

    def _work(self) -> None:
        """Start what there is room for; while lines wait, the stream is not read."""
        while self._waiting and self._has_room:
            self._take(self._waiting.popleft())
        reading = not self._waiting and not self._is_write_blocked
        if reading is not self._is_reading:
            self._is_reading = reading
            if self._set_reading:
                self._set_reading(reading)

    @property
    def _has_room(self) -> bool:
        blocked = self._is_initializing or self._is_write_blocked
        return not blocked and len(self._tasks) < _MOST_IN_FLIGHT

    def _take(self, line: bytes | LongLine) -> None:
        try:
            message = jsonrpc.parse(line)
        except MalformedMessageError as malformed:
            self._reject(malformed)
            return
        if message:
            self._dispatch(message)

    def _reject(self, malformed: MalformedMessageError) -> None:
        """Answer a malformed line; only the first is logged, the rest are counted."""
        if not self._malformed:
            log.warning("Client %s sent what is no MCP: %s", self._client, malformed.why)
        self._malformed += 1
        self._send(jsonrpc.error(malformed.id, malformed.code, malformed.why))

    def _dispatch(self, message: Inbound) -> None:
        if message.id is None:
            self._dispatch_notification(message)
            return
        self._sdk.choose_era(message.method, message.params)
        if message.method == "tools/call" and self._sdk.admits_call(message.params):
            self._start(self._call(message), jsonrpc.id_key(message.id))
            return
        if message.method == "initialize":
            self._is_initializing = True
        self._start(self._answer(message), jsonrpc.id_key(message.id))

    def _dispatch_notification(self, message: Inbound) -> None:
        if message.method == messages.BRIDGE_MARK:
            self._mark = excerpt(message.params.get("id", ""), _LONGEST_NAME)
        elif message.method == "notifications/cancelled":
            task = self._task_by_id.get(jsonrpc.id_key(message.params.get("requestId")))
            if task:
                task.cancel()
        else:
            self._start(self._sdk.take_notification(message.method, message.params))

    def _start(self, work: Coroutine[Any, Any, None], id_key: str = "") -> None:
        task = self._host.loop.create_task(work)
        self._tasks.add(task)
        if id_key:
            self._task_by_id[id_key] = task
        task.add_done_callback(lambda done: self._finish(done, id_key))

    def _finish(self, task: asyncio.Task[None], id_key: str) -> None:
        self._tasks.discard(task)
        if self._task_by_id.get(id_key) is task:
            del self._task_by_id[id_key]
        if self._waiting:
            self._work()
        if not task.cancelled() and (error := task.exception()):
            log.error("A request ended unexpectedly", exc_info=error)

    async def _call(self, message: Inbound) -> None:
        params = message.params
        if self._sdk.client is not self._client_info:
            self._reach_stage("initialized")
        caller = Caller(self._client, self._version, self._progress_reporter(params))
        try:
            result = await self._host.toolbox.call(
                params["name"], params.get("arguments", {}), caller
            )
        except JsonRpcError as error:
            self._send(jsonrpc.error(message.id, error.code, error.message, error.data))
            return
        members = result.members()
        if self._sdk.is_modern:
            members += self._host.modern_tail(result.meta)
        elif result.meta:
            members += f',"_meta":{result.meta}'
        self._send(jsonrpc.result(message.id, members))
        if self._stage != "called":
            self._reach_stage("called")

    def _progress_reporter(self, params: Mapping[str, Any]) -> Any:
        token = progress_token_from_params(params) if "_meta" in params else None

        async def report(done: float, total: float | None, message: str) -> None:
            if token is not None:
                self.notify("notifications/progress", progress_params(token, done, total, message))

        return report

    async def _answer(self, message: Inbound) -> None:
        try:
            result = await self._sdk.answer(message.id, message.method, message.params)
        except Exception as error:  # noqa: BLE001 - every failure becomes an answer here
            self._answer_error(message, error)
        else:
            self._send(jsonrpc.result(message.id, to_json(result)[1:-1]))
            self._note_stage(message.method)
        finally:
            if message.method == "initialize":
                self._is_initializing = False

    def _note_stage(self, method: str) -> None:
        if self._sdk.client is not self._client_info:
            self._reach_stage("initialized")
        if method == "tools/list" and self._stage not in {"tools_listed", "called"}:
            self._reach_stage("tools_listed")

    def _reach_stage(self, stage: str) -> None:
        """Take the client's name and version, and tell the app how far the client got."""
        self._client_info = self._sdk.client
        self._client = excerpt(self._client_info.get("name", "unknown"), _LONGEST_NAME)
        self._version = excerpt(self._client_info.get("version", ""), _LONGEST_NAME)
        if stage == "called" or self._stage not in {"tools_listed", "called"}:
            self._stage = stage
        self._emit(messages.CLIENT_CONNECTED)

    def _emit(self, event: str) -> None:
        if self._client == messages.OWN_CLIENT:
            return
        data = {
            "session": self.id,
            "client": self._client,
            "version": self._version,
            "protocol": self._sdk.protocol,
            "stage": self._stage,
            "mark": self._mark,
        }
        self._host.client_event(event, data)

    def _answer_error(self, message: Inbound, raised: Exception) -> None:
        error = handler_exception_to_error_data(raised)
        if error is None:
            log.error("The request %s failed unexpectedly", message.method, exc_info=raised)
            self._send(jsonrpc.error(message.id, _INTERNAL_ERROR, "internal error"))
        else:
            self._send(jsonrpc.error(message.id, error.code, error.message, error.data))
