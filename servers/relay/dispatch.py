"""Sends requests over the lines of a child process and matches their answers, as raw JSON.

In: requests of the SDK's session. Out: their answers, and the child's requests and notifications.
The SDK's own dispatcher checks every message against its models; a relay must pass them on
unchecked.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus
from mcp.shared.dispatcher import (
    CallOptions,
    OnNotify,
    OnNotifyIntercept,
    OnRequest,
    ProgressFnT,
    run_notify_intercept,
)
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp.shared.jsonrpc_dispatcher import handler_exception_to_error_data
from mcp.shared.transport_context import TransportContext
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, REQUEST_TIMEOUT

from servers.host.mcp import jsonrpc
from servers.host.redact import excerpt
from servers.host.tools.tool_result import to_json
from servers.relay.child import Child

log = logging.getLogger(__name__)

_NOISE_LOGGED = 3
_EXCERPT_BYTES = 10_000

Answer = asyncio.Future[dict[str, Any]]


class UpstreamClosedError(MCPError):
    """The child is gone. The class tells it from an error of the child with the same code."""

    def __init__(self) -> None:
        super().__init__(CONNECTION_CLOSED, "the connection is closed")


class _ChildContext:
    """One request or notification of the child, in the shape that the SDK's session expects."""

    transport = TransportContext(kind="lines", can_send_request=False)
    can_send_request = False
    message_metadata = None

    def __init__(self, dispatch: LineDispatch, id: Any) -> None:  # noqa: A002 - the wire's word
        self.request_id = id
        self._dispatch = dispatch

    async def send_raw_request(self, method: str, params: Any, opts: Any = None) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, method: str, params: Any, opts: Any = None) -> None:
        await self._dispatch.notify(method, params)

    async def progress(self, progress: float, total: Any = None, message: Any = None) -> None:
        """Do nothing: a client reports no progress."""


class LineDispatch:
    """See `mcp.shared.dispatcher.Dispatcher`. `ended` gets the reason when the child ends."""

    def __init__(self, child: Child, ended: Callable[[str], None]) -> None:
        self._child = child
        self._ended = ended
        self._numbers = itertools.count(1)
        self._pending: dict[str, tuple[Answer, ProgressFnT | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._noise = 0

    async def send_raw_request(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> dict[str, Any]:
        """Send a request and wait for its result.

        Raises:
            MCPError: the answer is an error, or the child is gone.
        """
        if self._is_closed:
            raise UpstreamClosedError
        options = opts or {}
        number = options.get("request_id", next(self._numbers))
        on_progress = options.get("on_progress")
        if on_progress:
            meta = {**(params or {}).get("_meta", {}), "progressToken": number}
            params = {**(params or {}), "_meta": meta}
        answered: Answer = asyncio.get_running_loop().create_future()
        self._pending[str(number)] = (answered, on_progress)
        body = f',"params":{to_json(params)}' if params else ""
        self._child.send(
            f'{{"jsonrpc":"2.0","id":{to_json(number)},"method":"{method}"{body}}}'.encode(
                "utf-8", "backslashreplace"
            )
        )
        try:
            async with asyncio.timeout(options.get("timeout")):
                return await answered
        except (TimeoutError, asyncio.CancelledError) as abandoned:
            if options.get("cancel_on_abandon", True):
                await self.notify("notifications/cancelled", {"requestId": number})
            if isinstance(abandoned, TimeoutError):
                raise MCPError(REQUEST_TIMEOUT, f"{method} was not answered in time") from None
            raise
        finally:
            del self._pending[str(number)]

    async def notify(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> None:
        """Send a notification."""
        if not self._is_closed:
            self._child.send(jsonrpc.notification(method, params)[:-1])

    async def run(
        self,
        on_request: OnRequest,
        on_notify: OnNotify,
        on_notify_intercept: OnNotifyIntercept | None = None,
        *,
        task_status: TaskStatus[None] = TASK_STATUS_IGNORED,
    ) -> None:
        """Read the child's lines until it ends."""
        task_status.started()
        reading = asyncio.create_task(self._read_lines(on_request, on_notify, on_notify_intercept))
        exiting = asyncio.create_task(self._child.exited())
        try:
            await asyncio.wait((reading, exiting), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            self._ended(await self._child.end_reason())
        finally:
            reading.cancel()
            exiting.cancel()
            self._close()

    async def _read_lines(
        self,
        on_request: OnRequest,
        on_notify: OnNotify,
        on_notify_intercept: OnNotifyIntercept | None,
    ) -> None:
        async for line in self._child.lines():
            message = self._read(line)
            if message is None:
                continue
            if "method" not in message:
                self._resolve(message)
            elif "id" in message:
                self._start(self._serve(on_request, message))
            elif not self._intercepted(on_notify_intercept, message):
                context = _ChildContext(self, None)
                self._start(on_notify(context, message["method"], message.get("params")))  # type: ignore[arg-type]

    def _read(self, line: bytes) -> dict[str, Any] | None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict) and isinstance(message.get("method", ""), str):
            return message
        if line.strip():
            self._noise += 1
            if self._noise <= _NOISE_LOGGED:
                log.warning(
                    "The server wrote what is no MCP to stdout: %s",
                    excerpt(line[:_EXCERPT_BYTES].decode("utf-8", "backslashreplace"), 200),
                )
        return None

    def _resolve(self, message: dict[str, Any]) -> None:
        answered, _ = self._pending.get(jsonrpc.id_key(message.get("id")), (None, None))
        if answered is None or answered.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            message_text = str(error.get("message", ""))
            known = code if isinstance(code, int) else INTERNAL_ERROR
            answered.set_exception(MCPError(known, message_text, error.get("data")))
        elif isinstance(result := message.get("result"), dict):
            answered.set_result(result)
        else:
            answered.set_exception(MCPError(INTERNAL_ERROR, "its answer holds no result"))

    def _intercepted(self, intercept: OnNotifyIntercept | None, message: Mapping[str, Any]) -> bool:
        params = message.get("params")
        if message["method"] == "notifications/progress" and isinstance(params, dict):
            self._progress(params)
            return True
        return run_notify_intercept(intercept, message["method"], params)

    def _progress(self, params: Mapping[str, Any]) -> None:
        _, on_progress = self._pending.get(
            jsonrpc.id_key(params.get("progressToken")), (None, None)
        )
        done, total = params.get("progress"), params.get("total")
        if on_progress and isinstance(done, int | float):
            known = total if isinstance(total, int | float) else None
            self._start(on_progress(done, known, str(params.get("message") or "")))

    async def _serve(self, on_request: OnRequest, message: Mapping[str, Any]) -> None:
        context = _ChildContext(self, message["id"])
        try:
            result = await on_request(context, message["method"], message.get("params"))  # type: ignore[arg-type]
        except Exception as failed:  # noqa: BLE001 - becomes the answer
            error = handler_exception_to_error_data(failed)
            code, text = (error.code, error.message) if error else (INTERNAL_ERROR, "failed")
            self._child.send(jsonrpc.error(message["id"], code, text)[:-1])
        else:
            self._child.send(jsonrpc.result(message["id"], to_json(result)[1:-1])[:-1])

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _close(self) -> None:
        self._is_closed = True
        for answered, _ in self._pending.values():
            if not answered.done():
                answered.set_exception(UpstreamClosedError())
        for task in tuple(self._tasks):
            task.cancel()
