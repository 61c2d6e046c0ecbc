"""Cuts a byte stream into blocks of whole lines and drops lines that are too long.

In: chunks of bytes. Out: blocks, and a `TooLong` for a dropped line. The bridge does not use
`servers.contract.line_reader`: it passes blocks on without splitting them into lines, it needs the
id that may stand at the end of a long line, and one import less makes it start sooner.
"""

from servers.bridge.jsonrpc_scan import id_by_ends

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from servers.bridge.jsonrpc_scan import Id

LONGEST = 16 << 20
"""Bytes of one line of the client, without its newline."""
LONGEST_OF_SERVER = 128 << 20
"""Bytes of one line of the server: a result may hold a film, and none may pass in parts."""

_END = 256


class TooLong:
    """A dropped line of `size` bytes; `id` is the id of its message, None if unknown."""

    __slots__ = ("id", "size")

    def __init__(self, id: "Id | None", size: int) -> None:
        self.id = id
        self.size = size


class BridgeLineReader:
    """One direction of a stream; holds at most one unfinished line."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._unfinished = bytearray()
        self._dropping: _Dropped | None = None

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """Blocks of whole lines, and the dropped lines; `data` is at most `longest` bytes."""
        if not self._unfinished and self._dropping is None and data[-1:] == b"\n":
            return [data]
        return self._pieces(data)

    def _pieces(self, data: bytes) -> list[bytes | TooLong]:
        pieces: list[bytes | TooLong] = []
        if self._dropping:
            rest = self._dropping.take(data)
            if rest is None:
                return pieces
            pieces.append(self._dropping.too_long())
            self._dropping = None
            data = rest
        end = data.rfind(b"\n") + 1
        first = data.find(b"\n")
        if end and len(self._unfinished) + first > self._longest:
            self._drop()
            return pieces + self._pieces(data)
        if end and self._unfinished:
            self._unfinished += data[:end]
            pieces.append(bytes(self._unfinished))
            self._unfinished = bytearray()
        elif end:
            pieces.append(data[:end])
        self._unfinished += data[end:]
        if len(self._unfinished) > self._longest:
            self._drop()
        return pieces

    def _drop(self) -> None:
        self._dropping = _Dropped(self._unfinished)
        self._unfinished = bytearray()


class _Dropped:
    """The first and last bytes and the size of a line that is being dropped."""

    def __init__(self, unfinished: bytearray) -> None:
        self._head = bytes(unfinished[:_END])
        self._tail = bytes(unfinished[-_END:])
        self._size = len(unfinished)

    def take(self, data: bytes) -> bytes | None:
        """Drop `data` up to the line's end; returns what follows, None if the line goes on."""
        line, newline, rest = data.partition(b"\n")
        self._size += len(line)
        self._tail = (self._tail + line[-_END:])[-_END:]
        return rest if newline else None

    def too_long(self) -> TooLong:
        return TooLong(id_by_ends(self._head, self._tail), self._size)
