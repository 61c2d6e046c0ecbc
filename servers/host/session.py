"""One MCP client on a stream of lines: what it asks, what runs for it, and who it is.

A tool call goes straight to the toolbox and its answer straight to the line; everything else is the
SDK's to answer. The SDK's own path of a call has two queues, three tasks and four pydantic passes.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from mcp.shared.jsonrpc_dispatcher import (
    handler_exception_to_error_data,
    progress_token_from_params,
)

from servers.contract import messages
from servers.host import jsonrpc
from servers.host.host import Host
from servers.host.jsonrpc import Inbound, Malformed
from servers.host.kernel import Kernel, progress_params
from servers.host.outcome import to_json
from servers.host.service import Refusal
from servers.host.toolbox import Caller, UnknownTool

log = logging.getLogger(__name__)

_INVALID_PARAMS = -32602
_INTERNAL_ERROR = -32603
_OURSELVES = "lou"
_FEW = 64
"""Requests in flight below which a client that had too many is read again."""
_LONGEST_NAME = 100

_numbers = itertools.count(1)


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
        self._kernel = Kernel(host.server, host.announced, self.notify)
        self._met: Mapping[str, Any] = self._kernel.client
        self._client, self._version, self._stage = "unknown", "", ""
        self._running: dict[Any, asyncio.Task[None]] = {}
        self._held: list[Inbound] | None = None
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
            message = jsonrpc.parse(line)
        except Malformed as malformed:
            self.refuse(malformed)
            return
        if message is None:
            return
        if self._held is not None:
            self._held.append(message)
        else:
            self._dispatch(message)

    def refuse(self, malformed: Malformed) -> None:
        """Answer what is no message; the log hears of the first, and of their number."""
        if not self._refused:
            log.warning("Client %s sent what is no MCP: %s", self._client, malformed.why)
        self._refused += 1
        self._send(jsonrpc.error(malformed.id, malformed.code, malformed.why))

    def notify(self, method: str, params: Mapping[str, Any] | None) -> None:
        """Tell the client something it does not answer."""
        self._send(jsonrpc.notification(method, params))

    def when_idle(self, resume: Callable[[], None]) -> None:
        """Call `resume` once little is being worked on."""
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
        await self._kernel.close()
        if self._refused > 1:
            log.warning("Client %s sent %d lines that are no MCP", self._client, self._refused)
        if self._stage:
            self._tell(messages.CLIENT_LEFT)

    def _dispatch(self, message: Inbound) -> None:
        if message.id is None:
            self._heed(message)
            return
        self._kernel.begin(message.method, message.params)
        if message.method == "tools/call" and self._kernel.admits_call(message.params):
            self._run(jsonrpc.same(message.id), self._call(message))
            return
        if message.method == "initialize":
            self._held = []
        self._run(jsonrpc.same(message.id), self._answer(message))

    def _heed(self, message: Inbound) -> None:
        if message.method == "notifications/cancelled":
            task = self._running.get(jsonrpc.same(message.params.get("requestId")))
            if task:
                task.cancel()
        else:
            self._run(object(), self._kernel.heed(message.method, message.params))

    def _run(self, key: Any, work: Any) -> None:
        task = self._host.loop.create_task(work)
        self._running[key] = task
        task.add_done_callback(lambda done: self._finish(key, done))

    def _finish(self, key: Any, task: asyncio.Task[None]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if self._resume and len(self._running) < _FEW:
            resume, self._resume = self._resume, None
            resume()
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
        except UnknownTool as unknown:
            self._send(jsonrpc.error(message.id, _INVALID_PARAMS, str(unknown)))
            return
        except Refusal as refused:
            self._send(jsonrpc.error(message.id, refused.code, refused.message, refused.data))
            return
        said = found.members(self._kernel.protocol)
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
                self._release()

    def _note(self, method: str) -> None:
        if self._kernel.client is not self._met:
            self._meet("initialized")
        if method == "tools/list" and self._stage != "tools_listed":
            self._meet("tools_listed")

    def _meet(self, stage: str) -> None:
        """The client said who it is, or got further."""
        self._met = self._kernel.client
        self._client = str(self._met.get("name", "unknown"))[:_LONGEST_NAME]
        self._version = str(self._met.get("version", ""))[:_LONGEST_NAME]
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

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for message in held:
            self._dispatch(message)

    def _fail(self, message: Inbound, failed: Exception) -> None:
        error = handler_exception_to_error_data(failed)
        if error is None:
            log.error("The request %s failed unexpectedly", message.method, exc_info=failed)
            self._send(jsonrpc.error(message.id, _INTERNAL_ERROR, "internal error"))
        else:
            self._send(jsonrpc.error(message.id, error.code, error.message, error.data))


def _into_nothing(line: bytes) -> None:
    """Where the answers to a client that left go."""
