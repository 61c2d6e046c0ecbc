"""Cuts a stream of bytes into whole lines, and drops those that are too long."""

from __future__ import annotations

from servers.bridge.jsonrpc_scan import id_by_ends

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from servers.bridge.jsonrpc_scan import Id

LONGEST = 16 << 20
"""Bytes of one line, its newline not counted."""

_END = 256


class TooLong:
    """A line that was dropped; `id` is that of its request when its ends told it."""

    __slots__ = ("id", "size")

    def __init__(self, id: Id | None, size: int) -> None:  # noqa: A002 - the wire's word
        self.id = id
        self.size = size


class BridgeLineReader:
    """One direction of a stream. It holds at most one unfinished line."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._dropping: _Dropped | None = None

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """Blocks of whole lines, and what was dropped; `data` is at most LONGEST bytes."""
        if not self._begun and self._dropping is None and data[-1:] == b"\n":
            return [data]
        return self._pieces(data)

    def _pieces(self, data: bytes) -> list[bytes | TooLong]:
        found: list[bytes | TooLong] = []
        if self._dropping:
            rest = self._dropping.take(data)
            if rest is None:
                return found
            found.append(self._dropping.told())
            self._dropping = None
            data = rest
        end = data.rfind(b"\n") + 1
        first = data.find(b"\n")
        if end and len(self._begun) + first > LONGEST:
            self._drop()
            return found + self._pieces(data)
        if end:
            found.append(bytes(self._begun) + data[:end] if self._begun else data[:end])
            self._begun = bytearray()
        self._begun += data[end:]
        if len(self._begun) > LONGEST:
            self._drop()
        return found

    def _drop(self) -> None:
        self._dropping = _Dropped(self._begun)
        self._begun = bytearray()


class _Dropped:
    """The ends and the size of a line of which nothing else is kept."""

    def __init__(self, begun: bytearray) -> None:
        self._head = bytes(begun[:_END])
        self._tail = bytes(begun[-_END:])
        self._size = len(begun)

    def take(self, data: bytes) -> bytes | None:
        """Go on to the end of the line; what follows it, or None when it goes on further."""
        line, newline, rest = data.partition(b"\n")
        self._size += len(line)
        self._tail = (self._tail + line[-_END:])[-_END:]
        return rest if newline else None

    def told(self) -> TooLong:
        return TooLong(id_by_ends(self._head, self._tail), self._size)
