"""Reads server-sent events.

In: bytes of a stream. Out: events with their type, data and id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event; `data` joins its data lines."""

    kind: str
    data: bytes


class EventReader:
    """One stream. `last_id` and `retry_s` are those that the server sent last."""

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_s = 0.0
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
        first, newline, others = chunk.partition(b"\n")
        self._rest += first  # a long line comes in many chunks, and is not searched anew each time
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
                self._data, self._kind = [], ""
            else:
                self._kind = ""

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
            self.retry_s = min(int(value) / 1000, 60.0)
