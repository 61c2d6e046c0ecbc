"""Speaks with a server at an address: Streamable HTTP, and the older HTTP with server-sent events.

In: lines for the server. Out: its lines, each with the request during which it came. A session that
the server has forgotten is opened again, a stream that broke is resumed, and a refusal becomes an
error in words.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import aiohttp
from aiohttp import ClientResponse

from servers.host.redact import redact
from servers.host.tools.service import UpstreamLostError
from servers.relay import routing_headers, web_refusals
from servers.relay.event_stream import EventReader, events_of, is_stream, whole_body
from servers.relay.handshake import PING, version_in
from servers.relay.web_requests import WebRequests
from servers.relay.wire_message import INTERNAL_ERROR, WireMessage, error_line, refusal_line

if TYPE_CHECKING:
    from servers.relay.connection import UpstreamConnection
    from servers.relay.entry import WebAddress

log = logging.getLogger(__name__)

Take = Callable[[bytes, int | None], None]

_SESSION = "Mcp-Session-Id"
_ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
_STREAM = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
_NOTIFIED_WITHIN_S = 30.0
_SOON_S = 2.0
_ENDPOINT_WITHIN_S = 15.0
_RETRY_S, _LONGEST_RETRY_S = 1.0, 60.0
_MOST_FAILED = 8
"""Failed attempts to resume a stream, one after the other, before its request has failed."""
_NOT_OLD = frozenset((401, 429))
"""With any other 4xx, and 501, a server of the older transport may refuse a POST."""


class WebTransport:
    """One session with the server; see `Transport`.

    `take(line, number)` gets each line of the server, `ended(problem)` the reason when the session
    cannot go on. `schema_of(tool)` is the input schema of a tool, empty if it is not known.
    """

    def __init__(
        self,
        address: WebAddress,
        connection: UpstreamConnection,
        take: Take,
        *,
        ended: Callable[[UpstreamLostError], None],
        schema_of: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self._address = address
        self._connection = connection
        self._take = take
        self._ended = ended
        self._schema_of = schema_of
        self._requests = WebRequests(address)
        self._session_id = ""
        self._version = ""
        self._handshake: tuple[bytes, WireMessage] | None = None
        self._initialized: tuple[bytes, WireMessage] | None = None
        self._endpoint = ""
        """Where the older transport takes messages; empty on Streamable HTTP."""
        self._unsent: asyncio.Queue[tuple[bytes, WireMessage, int | None]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._posts: dict[int, asyncio.Task[None]] = {}
        self._renewing = asyncio.Lock()
        self._reads = asyncio.Event()
        self._hears = False
        """Whether answers may come on the stream beside the requests, as those to `_accepted`."""
        self._accepted: set[int] = set()
        self._refused, self._has_called = 0, False
        """Requests that were refused with 401, and whether a call was ever taken."""
        self._run(self._send_all())

    @property
    def waiting(self) -> int:
        """0: each request has its own connection, and its own end if it is not answered."""
        return 0

    def send(self, line: bytes, message: WireMessage, number: int | None) -> None:
        if message.method:
            self._unsent.put_nowait((line, message, number))
        else:  # even a handshake may wait for it
            self._run(self._guarded(self._post_notification(line, message), None))

    def read(self, *, on: bool) -> None:
        (self._reads.set if on else self._reads.clear)()

    def abandon(self, number: int) -> None:
        """Close the stream of a request; in the 2026-07-28 era this is how it is cancelled."""
        if self._connection.is_modern and number in self._posts:
            self._posts[number].cancel()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=_SOON_S)
        if self._session_id:
            await self._requests.are_taken("DELETE", self._headers(), _SOON_S)
        await self._requests.close()

    # Sending

    async def _send_all(self) -> None:
        """Send in order: what follows a handshake or a notification waits until it arrived."""
        while True:
            line, message, number = await self._unsent.get()
            if number is None:
                await self._guarded(self._post_notification(line, message), None)
            elif message.method == "initialize":
                await self._guarded(self._post_request(line, message, number), number)
            else:
                task = self._run(self._guarded(self._post_request(line, message, number), number))
                self._posts[number] = task
                task.add_done_callback(partial(self._posts.pop, number))

    async def _guarded(self, work: Coroutine[Any, Any, None], number: int | None) -> None:
        """Do `work`; a failure answers request `number`, and may end the session."""
        try:
            await work
        except (UpstreamLostError, aiohttp.ClientError, OSError, ValueError) as failed:
            lost = web_refusals.problem(self._address.url, failed)
            if number is not None:
                self._fail(number, str(lost))
            is_up = self._connection.greeting or not self._connection.is_base
            is_cut = lost.code and is_up and web_refusals.is_cut(failed)
            if is_cut and await self._requests.are_taken("GET", self._headers(), _SOON_S):
                return
            if lost.code:
                self._ended(lost)

    async def _post_notification(self, line: bytes, message: WireMessage) -> None:
        if self._connection.is_modern and message.method == "notifications/cancelled":
            return
        try:
            async with asyncio.timeout(_NOTIFIED_WITHIN_S), await self._post(line, message) as told:
                if told.status >= 400:
                    log.info("The server refused %s: %s", message.method, told.status)
        except TimeoutError:  # perhaps it works on a call, and on one request at a time
            log.info("The server did not take %s in time", message.method)
        if message.method == "notifications/initialized" and not self._endpoint:
            self._hears, self._initialized = True, (line, message)
            self._run(self._guarded(self._listen(), None))

    async def _post_request(self, line: bytes, message: WireMessage, number: int) -> None:
        if message.method == "initialize":
            self._handshake = (line, message)
            self._session_id = self._version = ""
        session = self._session_id
        response = await self._post(line, message)
        refusal = await web_refusals.body_of(response)
        if session and web_refusals.is_of_session(response.status, refusal):
            response.close()
            await self._renew(session)
            response = await self._post(line, message)
            refusal = await web_refusals.body_of(response)
        async with response:
            if response.status < 400:
                self._has_called |= message.method == "tools/call"
                if not self._endpoint:
                    await self._read_answer(response, message, number)
                return
            is_refused = response.status in {501, *range(400, 500)} - _NOT_OLD
            may_be_old = message.method == "initialize" and is_refused and not self._endpoint
            if may_be_old and await self._use_old_transport():
                await self._post_request(line, message, number)
                return
            error = web_refusals.error_in(response.status, refusal)
            if error is None:
                is_first = message.method == "initialize"
                is_first = is_first or (response.status == 401 and await self._is_key_refused())
                raise web_refusals.refused(response, is_first=is_first)
            self._take(error_line(str(number), error), number)

    async def _is_key_refused(self) -> bool:
        """Whether a request that was refused (401) shares that with all: a ping, or each call."""
        self._refused += 1
        if self._refused > 1 and not self._has_called:
            return True
        with contextlib.suppress(aiohttp.ClientError, UpstreamLostError, OSError):
            async with asyncio.timeout(_SOON_S), await self._post(PING.line(), PING) as told:
                return told.status == 401
        return False

    async def _read_answer(
        self, response: ClientResponse, message: WireMessage, number: int
    ) -> None:
        kind = response.content_type
        if kind == "text/event-stream":
            await self._read_stream(response, message, number)
            return
        body = await whole_body(response)
        if response.status == 202 and not body.strip() and self._hears:
            self._accepted = {each for each in self._accepted if each in self._connection.pending}
            self._accepted.add(number)  # the answer comes on the stream beside the requests
        elif kind == "application/json" or body.lstrip()[:1] in {b"{", b"["}:
            if message.method == "initialize":
                self._version = version_in(body)
            self._take(body, number)
            if number in self._connection.pending:
                raise UpstreamLostError(f"The server's answer to {message.method} is no answer.")
        else:
            raise UpstreamLostError(
                f"The server answered {message.method} with status {response.status} and the type "
                f"{kind}, which is no MCP."
            )

    async def _read_stream(
        self, response: ClientResponse, message: WireMessage, number: int
    ) -> None:
        """Read until the answer came; a stream that ended before is resumed."""
        reader, failures = EventReader(), 0
        resumed: ClientResponse | None = response
        while failures < _MOST_FAILED:
            if resumed:
                failures = 0
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async for event in events_of(resumed, reader, self._reads):
                        if message.method == "initialize":
                            self._version = version_in(event.data) or self._version
                        self._take(event.data, number)
                resumed.close()
            if not self._connection.awaits(number):
                return
            if not reader.last_id:
                break
            self._connection.paused(number)
            failures += 1
            await asyncio.sleep(reader.retry_s or min(_RETRY_S * failures, _LONGEST_RETRY_S))
            resumed = await self._resumed(reader.last_id)
        raise UpstreamLostError("The server ended the stream before it answered. Try again.")

    async def _resumed(self, last_id: str) -> ClientResponse | None:
        """The stream after the event `last_id`; None if the server cannot be reached now.

        Raises:
            UpstreamLostError: it has no such stream.
        """
        headers = {**self._headers(), **_STREAM, "Last-Event-ID": last_id}
        try:
            response = await self._requests.open("GET", headers)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
        if is_stream(response):
            return response
        response.close()
        if response.status < 500:
            raise UpstreamLostError(
                "The server lost this request while it worked on it. Try again."
            )
        return None

    async def _post(self, line: bytes, message: WireMessage) -> ClientResponse:
        headers, session = self._headers(), self._session_id
        headers |= {**_ACCEPT, **self._routing(message)}
        response = await self._requests.open("POST", headers, line, self._endpoint)
        if response.status < 400 and session == self._session_id:
            self._session_id = response.headers.get(_SESSION, session)
        return response

    def _headers(self) -> dict[str, str]:
        known = {_SESSION: self._session_id, routing_headers.VERSION: self._version}
        return {name: value for name, value in known.items() if value}

    def _routing(self, message: WireMessage) -> dict[str, str]:
        """The headers that repeat parts of a 2026-07-28 message."""
        if not self._connection.is_modern:
            return {}
        return routing_headers.routing(message, self._schema_of(str(message.params.get("name"))))

    # Sessions

    async def _renew(self, lost: str) -> None:
        """Open the session again that the server has forgotten."""
        async with self._renewing:
            if self._session_id != lost or self._handshake is None:
                return
            line, message = self._handshake
            version, self._session_id, self._version = self._version, "", ""
            try:
                response = await self._post(line, message)
            except BaseException:  # the next request finds that it is lost
                self._session_id, self._version = lost, version
                raise
            async with response:
                if response.status >= 400:
                    raise web_refusals.refused(response, is_first=True)
                if response.content_type == "text/event-stream":
                    async for event in events_of(response, EventReader(), self._reads):
                        self._take(event.data, None)
                        self._version = version_in(event.data) or self._version
                        if self._version:
                            break
                else:
                    self._version = version_in(await whole_body(response))
            log.info("The server forgot its session; a new one was opened.")
            if self._initialized:
                await self._post_notification(*self._initialized)

    async def _listen(self) -> None:
        """Read what the server sends outside of requests, for as long as the session lives."""
        reader, session, pause, was_open = EventReader(), self._initialized, _RETRY_S, False
        while session is self._initialized:
            headers = {**self._headers(), **_STREAM}
            if reader.last_id:
                headers["Last-Event-ID"] = reader.last_id
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with await self._requests.open("GET", headers) as response:
                    was_open |= is_stream(response)
                    if not was_open or (400 <= response.status < 500):
                        self._hears = False
                        for number in self._accepted:
                            self._fail(number, "The server has no stream for its answer.")
                        return
                    async for event in events_of(response, reader, self._reads):
                        pause = _RETRY_S
                        self._take(event.data, None)
            await asyncio.sleep(max(reader.retry_s, pause))
            pause = min(pause * 2, _LONGEST_RETRY_S)

    async def _use_old_transport(self) -> bool:
        """Try the older transport, which names the place for messages on a stream of its own."""
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._run(self._guarded(self._read_old_stream(found), None))
        with contextlib.suppress(TimeoutError):
            self._endpoint = await asyncio.wait_for(found, _ENDPOINT_WITHIN_S)
        return bool(self._endpoint)

    async def _read_old_stream(self, found: asyncio.Future[str]) -> None:
        try:
            async with await self._requests.open("GET", _STREAM) as response:
                if is_stream(response):
                    async for event in events_of(response, EventReader(), self._reads):
                        if event.kind == "endpoint" and not found.done():
                            found.set_result(urljoin(str(response.url), event.data.decode()))
                        elif event.kind == "message":
                            self._take(event.data, None)
        except aiohttp.ClientPayloadError:
            log.info("The stream of the server broke.")
        if not found.done():
            found.set_result("")
        elif found.result():
            raise web_refusals.stream_ended(self._address.url)

    def _fail(self, number: int, why: str) -> None:
        if self._connection.awaits(number):
            self._take(refusal_line(str(number), INTERNAL_ERROR, redact(why)), number)

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
