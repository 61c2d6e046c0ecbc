"""Reads server-sent events.

In: bytes of a stream. Out: events with their type, data and id.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from servers.host.tools.service import UpstreamLostError

if TYPE_CHECKING:
    from aiohttp import ClientResponse

LONGEST_EVENT = 256 << 20
"""Bytes."""
_LONGEST_RETRY_S = 60.0
_KINDS = frozenset(("message", "endpoint"))
_JSON = frozenset((b"{", b"["))


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event; `data` joins its data lines."""

    kind: str
    data: bytes


class EventReader:
    """One stream. `last_id` and `retry_s` are those that the server sent last.

    `waiting` is how many bytes of an event came whose end has not come yet.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_s = 0.0
        self.waiting = 0
        self._rest = bytearray()
        self._kind = ""
        self._data: list[bytes] = []
        self._ends_with_return = False

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """The events that `chunk` completes."""
        if self._ends_with_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._ends_with_return = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.waiting += len(chunk)
        first, newline, others = chunk.partition(b"\n")
        self._rest += first  # a long line comes in many chunks, and is not searched again each time
        if not newline:
            return
        *lines, rest = others.split(b"\n")
        lines.insert(0, bytes(self._rest))
        self._rest = bytearray(rest)
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                yield StreamEvent(self._kind or "message", b"\n".join(self._data))
                self._data, self._kind, self.waiting = [], "", 0
            else:
                self._kind, self.waiting = "", 0

    def _take(self, line: bytes) -> None:
        name, _, value = line.removeprefix(b"\xef\xbb\xbf").partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self.last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_s = min(float(value) / 1000, _LONGEST_RETRY_S)


def is_stream(response: ClientResponse) -> bool:
    return response.status < 400 and response.content_type == "text/event-stream"


async def events_of(
    response: ClientResponse, reader: EventReader, may_go_on: asyncio.Event
) -> AsyncIterator[StreamEvent]:
    """The events in the body of an answer, as they come, with pauses until `may_go_on` is set.

    Those of a kind that MCP does not have, as a ping, are left out unless they hold JSON.

    Raises:
        UpstreamLostError: one is too long.
    """
    async for chunk in response.content.iter_any():
        for event in reader.feed(chunk):
            if event.kind in _KINDS or event.data[:1] in _JSON:
                yield event
        await may_go_on.wait()
        if reader.waiting > LONGEST_EVENT:
            raise UpstreamLostError(f"An event of the server has over {LONGEST_EVENT:,} bytes.")


async def whole_body(response: ClientResponse) -> bytes:
    """The body of an answer; raises UpstreamLostError if it is too long."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_EVENT:
            raise UpstreamLostError(f"The server's answer has more than {LONGEST_EVENT:,} bytes.")
    return bytes(body)
