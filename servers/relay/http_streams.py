"""The responses of a relay's HTTP side: a JSON answer, or a stream of events that can be resumed.

In: lines for a client. Out: ASGI messages. Each event has an id, so that a client whose connection
broke gets what it missed: it asks for the stream again and names the last event that it has.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from servers.host.transport.gate import Receive, Send, reply
from servers.relay.back_pressure import MOST_UNREAD
from servers.relay.wire_message import parse

_KEEP_ALIVE_S = 30.0
_OPEN_AFTER_S = 5.0
"""A stream begins when there is no answer by then: clients and proxies give up a silent request."""
_RETRY_MS = 1000
_MOST_KEPT, _MOST_BYTES = 1_000, 4 << 20
"""Lines of a stream that are kept for a client that comes back."""
_MOST_AT_ONCE = 1 << 18
"""Bytes of lines that are sent together, unless one line has more."""
_INVALID_PARAMS, _NOT_FOUND = -32602, -32601
_STATUS = {_NOT_FOUND: 404, _INVALID_PARAMS: 400, -32020: 400, -32021: 400, -32022: 400}
"""The HTTP status of an error that a 2026-07-28 request is answered with."""

_orders = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request: its headers, what it sends, and where the response goes."""

    headers: Mapping[str, str]
    receive: Receive
    send: Send

    @property
    def takes_events(self) -> bool:
        return "text/event-stream" in self.headers.get("accept", "")

    @property
    def prefers_events(self) -> bool:
        """Whether the client names a stream of events before JSON."""
        accept = self.headers.get("accept", "")
        return self.takes_events and "application/json" not in accept.partition("text/event")[0]


class EventStream:
    """The lines of one response; `awaited` are the ids, as written, that it still waits for.

    `note_unread(is_much)` is called when too much waits for the reader, and when it has read.
    """

    def __init__(
        self, awaited: set[str], note_unread: Callable[[bool], None], *, takes_events: bool = True
    ) -> None:
        self.awaited = awaited
        self.takes_events = takes_events
        self.order = next(_orders)
        self.is_over = False
        self.is_released = False
        """Whether the response ends before the answer, which the client will come back for."""
        self.reader: object | None = None
        """The response that is being sent; a newer one replaces it."""
        self.written = 0
        self._lines: list[bytes] = []
        self._first = 1  # the number of the first line that is kept
        self.size = 0
        """Bytes of the lines that are kept."""
        self._note_unread = note_unread
        self._news = asyncio.Event()

    def put(self, line: bytes) -> None:
        self._lines.append(line)
        self.size += len(line)
        while len(self._lines) > 1 and self._may_forget():
            self.size -= len(self._lines.pop(0))
            self._first += 1
        if len(self._lines) > 1 and self.size > MOST_UNREAD:
            self._note_unread(True)
        self._news.set()

    def note_written(self, number: int) -> None:
        """Record that the lines up to `number` were sent, or need not be."""
        self.written = max(self.written, number)
        self._note_unread(False)

    def end(self) -> None:
        self.is_over = True
        self._news.set()

    def release(self) -> None:
        """End the response that is being sent; the stream goes on."""
        self.is_released = True
        self._news.set()

    def after(self, number: int) -> deque[tuple[int, bytes]]:
        """The lines that follow line `number`, with their numbers."""
        self._news.clear()
        start = max(number + 1, self._first)
        return deque(enumerate(self._lines[start - self._first :], start))

    async def wait(self, gone: asyncio.Future[None], seconds: float | None) -> bool:
        """Wait for news; False if there were none in `seconds`, or the client is gone."""
        news = asyncio.ensure_future(self._news.wait())
        await asyncio.wait((news, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        is_news = news.done()
        news.cancel()
        return is_news

    def _may_forget(self) -> bool:
        is_much = len(self._lines) > _MOST_KEPT or self.size > _MOST_BYTES
        return is_much and (self._first <= self.written or not self.reader)


async def respond(
    stream: EventStream,
    exchange: Exchange,
    extra: list[tuple[bytes, bytes]],
    *,
    is_modern: bool = False,
    is_primed: bool = False,
) -> None:
    """Answer with JSON when the answer comes first, else with a stream of events.

    With `is_primed` a stream begins with an event that only names its place.
    """
    begins = exchange.prefers_events and not is_modern
    with _reading(stream, exchange.receive) as gone:
        while True:
            lines = stream.after(0)
            is_whole = not stream.awaited and (len(lines) == 1 or not exchange.takes_events)
            if is_whole and not (begins and lines):
                await _answer(exchange, [line for _, line in lines], extra, is_modern=is_modern)
                return
            if stream.is_over and stream.awaited:
                await reply(exchange.send, 404)
                return
            if exchange.takes_events and (lines or begins or stream.is_released):
                await _send_events(stream, exchange.send, extra, gone, is_primed=is_primed)
                return
            seconds = _OPEN_AFTER_S if exchange.takes_events else None
            begins = not await stream.wait(gone, seconds)
            if gone.done():
                return


async def resume(stream: EventStream, exchange: Exchange, after: int) -> None:
    """Send the lines that follow line `after` as events."""
    with _reading(stream, exchange.receive) as gone:
        await _send_events(stream, exchange.send, [], gone, after=after)


@contextmanager
def _reading(stream: EventStream, receive: Receive) -> Iterator[asyncio.Future[None]]:
    """Read `stream` until a newer reader does; the future is done when the client is gone."""
    gone = asyncio.ensure_future(_disconnected(receive))
    stream.reader = gone
    try:
        yield gone
    finally:
        gone.cancel()
        if stream.reader is gone:
            stream.reader = None
            stream.note_written(0)


async def _send_events(
    stream: EventStream,
    send: Send,
    extra: list[tuple[bytes, bytes]],
    gone: asyncio.Future[None],
    *,
    after: int = 0,
    is_primed: bool = False,
) -> None:
    """Send lines as events until the stream ends, is released, or the client is gone."""
    kind = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache, no-transform")]
    await send({"type": "http.response.start", "status": 200, "headers": [*extra, *kind]})
    first = f"id: {stream.order}-{after}\nretry: {_RETRY_MS}\ndata: \n\n".encode()
    blocks = [first if is_primed else b": open\n\n"]
    last = after
    while True:
        lines, size = stream.after(last), 0
        while lines and size < _MOST_AT_ONCE:  # of a slow client each part counts as read
            last, line = lines.popleft()
            head = f"event: message\nid: {stream.order}-{last}\ndata: ".encode()
            blocks += [head, line, b"\n\n"]
            size += len(line)
        if blocks:
            body = b"".join(blocks)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        stream.note_written(last)
        is_done = not lines and (stream.is_over or stream.is_released)
        if is_done or stream.reader is not gone:
            await send({"type": "http.response.body", "body": b""})
            return
        is_news = bool(lines) or await stream.wait(gone, _KEEP_ALIVE_S)
        if gone.done():
            return
        blocks = [] if is_news else [b": alive\n\n"]


async def _answer(
    exchange: Exchange, lines: list[bytes], extra: list[tuple[bytes, bytes]], *, is_modern: bool
) -> None:
    body = lines[0] if len(lines) == 1 else b"[%b]" % b",".join(lines)
    status = _status(lines[0]) if is_modern and lines else 200
    await reply(exchange.send, status, body, [*extra, (b"content-type", b"application/json")])


def _status(line: bytes) -> int:
    error = parse(line)[0].fields.get("error")
    return _STATUS.get(error.get("code", 0), 200) if isinstance(error, dict) else 200


async def _disconnected(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        continue
