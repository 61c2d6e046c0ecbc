"""Cuts a byte stream into lines and limits the length of each.

In: chunks of bytes. Out: lines, and for a line over the limit a `LongLine` with its beginning.
App, host and relay read with it. The bridge has a reader of its own: it passes on blocks of lines
without splitting them, and it answers a long line by the id that may stand at the line's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line that was longer than the limit; the rest of it was dropped."""

    beginning: bytes


class BoundedLineReader:
    """One direction of one stream; holds at most one unfinished line."""

    def __init__(self, limit: int, *, kept: int = 0) -> None:
        """`limit` is in bytes, without the newline; of a longer line `kept` bytes are returned."""
        self._limit = limit
        self._kept = kept
        self._unfinished = bytearray()
        self._is_dropping = False

    def feed(self, data: bytes) -> Sequence[bytes | LongLine]:
        """The lines that `data` completes, without newlines; a long line once it is too long."""
        if not self._unfinished and not self._is_dropping:
            end = data.find(b"\n")
            if end == len(data) - 1 and -1 < end < self._limit:
                return [bytes(data[:end])]
        *complete, rest = bytes(data).split(b"\n")  # Windows' event loop passes a bytearray
        lines: list[bytes | LongLine] = []
        if complete and (self._unfinished or self._is_dropping):
            lines += self._finish(complete.pop(0))
        lines += complete if len(data) <= self._limit else map(self._bounded, complete)
        return lines + self._extend(rest)

    def rest(self) -> bytes:
        """The bytes after the last newline, without those of a long line."""
        return bytes(self._unfinished)

    def _finish(self, piece: bytes) -> list[bytes | LongLine]:
        lines = self._extend(piece)
        if not self._is_dropping:
            lines.append(bytes(self._unfinished))
        self._unfinished = bytearray()
        self._is_dropping = False
        return lines

    def _extend(self, data: bytes) -> list[bytes | LongLine]:
        if self._is_dropping or not data:
            return []
        self._unfinished += data
        if len(self._unfinished) <= self._limit:
            return []
        long = LongLine(bytes(self._unfinished[: self._kept]))
        self._unfinished = bytearray()
        self._is_dropping = True
        return [long]

    def _bounded(self, line: bytes) -> bytes | LongLine:
        return line if len(line) <= self._limit else LongLine(line[: self._kept])


def limit_reads(transport: object) -> None:
    """Let a transport of asyncio read 64 KiB at once.

    For its usual 256 KiB the C library asks the system for memory at each read and gives it back,
    which takes several times as long as the read.
    """
    if hasattr(transport, "max_size"):
        transport.max_size = _MOST_AT_ONCE
