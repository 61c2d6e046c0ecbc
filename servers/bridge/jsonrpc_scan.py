"""Reads from a line of JSON-RPC what the bridge must know, at the lowest cost.

In: a line. Out: its message, or only its id. While the server is connected a line was passed on
before it is read here, to learn which call began and which ended. Importing `json` would cost more
than the bridge's whole start, so the scanner below it is used directly.
"""

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Id = int | float | str
    Found = dict[str, Any] | list[Any] | None

_RESPONSE = b'{"jsonrpc":"2.0","id":'
_REQUEST_END = b',"jsonrpc":"2.0","id":'
_LONGEST_ID = 80
_MOST_BLANKS = 3
"""Blanks before an id that comes first, as in `{"jsonrpc": "2.0", "id": 1`."""
_WHOLE = 1 << 20
"""Of longer lines only the ends are read: parsing takes ten times their size in memory."""


def read(line: bytes) -> "Found":
    """The message in `line`, or the list of messages of a batch; None if it is neither."""
    try:
        text = bytes(line).decode().strip()
        found, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError, SystemError):
        # SystemError: up to 3.11 the scanner finds its own error class only where json is loaded.
        return None
    return found if end == len(text) and isinstance(found, (dict, list)) else None


def read_briefly(line: bytes) -> "Found":
    """As `read`, but of a response or a long request perhaps only `{"id": ...}`."""
    if line.startswith(_RESPONSE):
        end = line.find(b",", len(_RESPONSE), len(_RESPONSE) + _LONGEST_ID)
        if line.startswith((b',"result":', b',"error":'), end):
            id = _id(bytes(line[len(_RESPONSE) : end]))
            if id is not None:
                return {"id": id}
    if len(line) < _WHOLE:
        return read(line)
    head = bytes(line[:256])
    id = id_by_ends(head, bytes(line[-256:]))
    if id is None:
        return None
    return {"id": id} if _begins_answer(head) else {"id": id, "method": ""}


def lines_of(block: bytes) -> list[bytes]:
    """The lines of a block that are not blank, each with its newline."""
    if block.startswith(b"{") and block.find(b"\n") == len(block) - 1:
        return [block]  # a long line is not copied
    return [line + b"\n" for line in block.split(b"\n") if line.strip()]


def id_by_ends(head: bytes, tail: bytes) -> "Id | None":
    """The id of a message of which only the first and last bytes are known; None if not found.

    JSON as the SDKs write it is expected, compact or with blanks: the id comes first, or it is a
    number and comes last, where no text inside the message can look like it.
    """
    if not head.startswith(_RESPONSE):
        head = head.replace(b" ", b"", _MOST_BLANKS)
    if head.startswith(_RESPONSE):
        return _id(head[len(_RESPONSE) :].partition(b",")[0])
    _, found, last = tail.replace(b" ", b"").rstrip().rpartition(_REQUEST_END)
    if found and last.endswith(b"}") and last[:-1].isdigit():
        return _id(last[:-1])
    return None


def id_of(message: "Mapping[str, Any]") -> "Id | None":
    """The id of a request or response; None for a notification or an invalid id."""
    id = message.get("id")
    return id if isinstance(id, (int, float, str)) and not isinstance(id, bool) else None


def _begins_answer(head: bytes) -> bool:
    """Whether a message that begins so holds a result or an error, not a method."""
    head = head.replace(b" ", b"")
    if head.startswith(_RESPONSE):
        head = b"{" + head[len(_RESPONSE) :].partition(b",")[2]
    return head.startswith((b'{"result":', b'{"error":'))


def _id(token: bytes) -> "Id | None":
    if token.isdigit():
        return int(token) if len(token) < 20 else None
    plain = len(token) > 1 and token[:1] == token[-1:] == b'"'
    if plain and token.count(b'"') == 2 and b"\\" not in token and token.isascii():
        return token[1:-1].decode()
    return None


def _scan_first(text: str, start: int) -> "tuple[Any, int]":
    """Load the scanner at the first use, when the first line has already been passed on."""
    global _scan  # noqa: PLW0603
    try:
        import _json

        _scan = _json.make_scanner(_ScannerContext)  # type: ignore[arg-type]
    except ImportError:
        from json import JSONDecoder

        _scan = JSONDecoder(parse_constant=_not_a_number).raw_decode
    return _scan(text, start)


_scan: "Callable[[str, int], tuple[Any, int]]" = _scan_first
"""Scans one JSON value in a text; returns it and where it ends."""


def _not_a_number(word: str) -> None:
    """Reject NaN and infinity, as the server does: it answers no request in such a line."""
    raise ValueError(word)


class _ScannerContext:
    """The settings of the scanner: those of `json.loads`, without NaN."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _not_a_number
