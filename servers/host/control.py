"""The control channel of a supervised server: Lou messages on stdin and stdout.

In: requests of the app. Out: their answers, and events. The end of stdin means that the app is
gone; then this process ends, too.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from servers.contract import envelope, messages
from servers.contract.envelope import MAX_LINE, EnvelopeError, Error, Event, Request, Response
from servers.contract.line_reader import LongLine
from servers.host.redact import excerpt, redact
from servers.host.served import Served, configuration_of
from servers.host.tools.service import Configuration, JsonRpcError, UnknownToolError
from servers.host.transport.stdio_streams import StdinReader, StdoutWriter, read_stdin

log = logging.getLogger(__name__)

_MOST_WAITING = 4 << 20
"""Bytes of events that may wait for the app; further events are counted and dropped."""
_MOST_REFUSALS = 100
"""Malformed lines that are answered; further ones are dropped."""
_SOON = frozenset((messages.CALL, messages.USAGE, messages.CLIENT_CONNECTED, messages.CLIENT_LEFT))
_SOON_S = 0.003
"""After so long these events are sent together, so that telling the app of one call does not delay
the next; with longer, telling of many would."""


class RequestRefusedError(Exception):
    """A request that is answered with the error `code`, one of `messages`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Control:
    """Answers the app's requests and sends events.

    `configured` resolves with the first configuration; `ended` is set when the process must end.
    """

    def __init__(self, writer: StdoutWriter) -> None:
        self._writer = writer
        self._reader = StdinReader(MAX_LINE, self._receive)
        self._host: Served | None = None
        self._loop = asyncio.get_running_loop()
        self._soon: list[Event | bytes] = []
        self._dropped = 0
        self._refusals = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: dict[str, asyncio.Task[None]] = {}
        self.configured: asyncio.Future[tuple[Configuration, frozenset[str]]] = (
            self._loop.create_future()
        )
        self.ended = self._reader.ended
        self._methods: dict[str, Callable[[Request], Awaitable[dict[str, Any]]]] = {
            messages.CONFIGURE: self._configure,
            messages.LIST_TOOLS: self._list_tools,
            messages.CALL_TOOL: self._call_tool,
            messages.CANCEL: self._cancel,
            messages.CHECK_KEY: self._check_key,
            messages.STOP: self._stop,
        }

    async def open(self) -> None:
        """Start to read requests."""
        await self._writer.open()
        await read_stdin(self._reader)

    def serve(self, host: Served) -> None:
        """Pass requests to `host` from now on."""
        self._host = host

    def emit(self, event: str, data: dict[str, Any]) -> None:
        """Send an event to the app; may be called from any thread."""
        try:
            in_loop = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            in_loop = False
        if in_loop:
            self._emit(event, data)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._emit, event, data)

    async def close(self, reason: str, code: int) -> None:
        """Send `bye` with the exit code that follows, and wait up to 1 s until it is read."""
        self._emit(messages.BYE, {"reason": reason, "code": code})
        await self._writer.flush(1.0)

    def _emit(self, event: str, data: dict[str, Any]) -> None:
        if self._writer.waiting > _MOST_WAITING:
            self._dropped += 1
            return
        if self._dropped:
            message = f"{self._dropped} events were dropped while the app did not read"
            self._dropped = 0
            self._send(Event(messages.LOG, _warning(message)))
        if event in _SOON:
            self._send_soon(Event(event, data))
        elif event == messages.CALL_DETAIL:
            self._send_soon(_encoded(Event(event, data)))
        else:
            self._send(Event(event, data))

    def _send(self, message: envelope.Message) -> None:
        self._send_waiting()
        self._writer.write(_encoded(message))

    def _send_soon(self, event: Event | bytes) -> None:
        if not self._soon:
            self._loop.call_later(_SOON_S, self._send_waiting)
        self._soon.append(event)

    def _send_waiting(self) -> None:
        """Send the events that wait; nothing overtakes them."""
        soon, self._soon = self._soon, []
        if soon:
            lines = (each if isinstance(each, bytes) else _encoded(each) for each in soon)
            self._writer.write(b"".join(lines))

    def _receive(self, lines: Iterable[bytes | LongLine]) -> None:
        for line in lines:
            self._take(line)

    def _take(self, line: bytes | LongLine) -> None:
        if isinstance(line, LongLine):
            self._reject(EnvelopeError(f"a line of more than {MAX_LINE} bytes"))
            return
        try:
            message = envelope.decode(line)
        except EnvelopeError as error:
            self._reject(error)
            return
        if not isinstance(message, Request):
            return
        if message.method == messages.PING:
            self._send(Response(message.id, {"at": time.time()}))
            return
        task = self._loop.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if message.method == messages.CALL_TOOL:
            self._calls[message.id] = task
            task.add_done_callback(lambda _: self._calls.pop(message.id, None))

    def _reject(self, error: EnvelopeError) -> None:
        self._refusals += 1
        if self._refusals <= _MOST_REFUSALS:
            self._send(Error(error.id, messages.BAD_MESSAGE, error.reason))
        elif self._refusals == _MOST_REFUSALS + 1:
            log.warning("The app sent more than %d malformed lines", _MOST_REFUSALS)

    async def _answer(self, request: Request) -> None:
        method = self._methods.get(request.method, self._unknown)
        try:
            answer: envelope.Message = Response(request.id, await method(request))
        except RequestRefusedError as refused:
            answer = Error(request.id, refused.code, redact(refused.message))
        except asyncio.CancelledError:
            answer = Error(request.id, "cancelled", "the call was cancelled")
        except Exception:
            log.exception("The request %s failed unexpectedly", request.method)
            is_debugging = logging.getLogger().isEnabledFor(logging.DEBUG)
            data = {"stack_trace": redact(traceback.format_exc())} if is_debugging else {}
            message = "internal error; see the log"
            answer = Error(request.id, messages.INTERNAL, message, data)
        self._send(answer)

    def _ready_host(self) -> Served:
        if self._host is None or not self._host.started:
            raise RequestRefusedError(messages.NOT_READY, "the server is not ready yet")
        return self._host

    async def _unknown(self, request: Request) -> dict[str, Any]:
        known = ", ".join(self._methods)
        why = f"no method is called {excerpt(request.method, 60)!r}; there are: {known}"
        raise RequestRefusedError(messages.UNKNOWN_METHOD, why)

    async def _configure(self, request: Request) -> dict[str, Any]:
        try:
            configuration, disabled = configuration_of(request.params)
        except TypeError as malformed:
            raise RequestRefusedError(messages.BAD_PARAMS, str(malformed)) from None
        if not self.configured.done():
            self.configured.set_result((configuration, disabled))
        else:
            await self._ready_host().configure(configuration, disabled)
        return {}

    async def _list_tools(self, request: Request) -> dict[str, Any]:
        return {"tools": self._ready_host().tools_for_app()}

    async def _call_tool(self, request: Request) -> dict[str, Any]:
        name, arguments = request.params.get("name"), request.params.get("arguments", {})
        limit = request.params.get("timeout_s")
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise RequestRefusedError(
                messages.BAD_PARAMS, "`name` is not a text or `arguments` no object"
            )
        own = bool(request.params.get("own", False))
        if limit is not None and not (isinstance(limit, int | float) and limit > 0):
            raise RequestRefusedError(messages.BAD_PARAMS, "`timeout_s` is not a positive number")
        try:
            return await self._ready_host().call_for_app(name, arguments, limit, own=own)
        except UnknownToolError as unknown:
            raise RequestRefusedError(messages.UNKNOWN_TOOL, unknown.message) from None
        except JsonRpcError as refused:
            raise RequestRefusedError(messages.INTERNAL, refused.message) from None

    async def _cancel(self, request: Request) -> dict[str, Any]:
        task = self._calls.get(str(request.params.get("id")))
        return {"cancelled": bool(task and task.cancel())}

    async def _check_key(self, request: Request) -> dict[str, Any]:
        host = self._ready_host()
        name, value = request.params.get("name"), request.params.get("value")
        if not isinstance(name, str) or not isinstance(value, str | None):
            raise RequestRefusedError(messages.BAD_PARAMS, "`name` or `value` is not a text")
        if value is None:
            value = host.keys.get(name, "")
        if not value:
            return {"verdict": "missing", "message": f"{name} is not set."}
        verdict = await host.check_key(name, value)
        message = redact(verdict.message).replace(value, "[secret]")
        return {"verdict": verdict.verdict, "message": message}

    async def _stop(self, request: Request) -> dict[str, Any]:
        self._loop.call_soon(self.ended.set)
        return {}


def _encoded(message: envelope.Message) -> bytes:
    """The line of `message`, or of the error in place of an answer; empty if there is none."""
    try:
        return envelope.encode(message)
    except (EnvelopeError, TypeError, ValueError) as error:
        if isinstance(message, Response):
            why = f"the answer does not fit a message: {error}"
            return envelope.encode(Error(message.id, messages.INTERNAL, why))
        log.warning("A message to the app could not be sent: %s", error)
        return b""


def _warning(message: str) -> dict[str, Any]:
    return {"at": time.time(), "level": "WARNING", "logger": __name__, "message": message}
