"""The little the bridge reads of a line, as cheaply as it can be read.

While connected every line has already gone on its way when it is looked at; what is wanted is which
call began and which ended. The package `json` would cost more than the whole start, so the scanner
it is built on is used directly.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Id = int | str
    Found = dict[str, Any] | list[Any] | None

_RESPONSE = b'{"jsonrpc":"2.0","id":'
_REQUEST_END = b',"jsonrpc":"2.0","id":'
_LONGEST_ID = 80
_WHOLE = 1 << 20
"""Longer lines are judged by their ends alone: reading them would take ten times their size."""


def read(line: bytes) -> Found:
    """The message in `line`, or the messages of a batch; None when it is neither."""
    try:
        text = bytes(line).decode().strip()
        found, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError, SystemError):
        # SystemError: up to 3.11 the scanner finds its own error class only where json is loaded.
        return None
    return found if end == len(text) and isinstance(found, (dict, list)) else None


def glance(line: bytes) -> Found:
    """As `read`, but of a response or a long request perhaps only its id, under "id"."""
    if line.startswith(_RESPONSE):
        end = line.find(b",", len(_RESPONSE), len(_RESPONSE) + _LONGEST_ID)
        if line.startswith((b',"result":', b',"error":'), end):
            id = _id(bytes(line[len(_RESPONSE) : end]))  # noqa: A001
            if id is not None:
                return {"id": id}
    if len(line) < _WHOLE:
        return read(line)
    id = id_by_ends(bytes(line[:256]), bytes(line[-256:]))  # noqa: A001 - the wire's word
    return None if id is None else {"id": id, "method": ""}


def lines_of(block: bytes) -> list[bytes]:
    """The lines of a block, each with its end; blank ones say nothing."""
    return [line + b"\n" for line in block.split(b"\n") if line.strip()]


def id_by_ends(head: bytes, tail: bytes) -> Id | None:
    """The id of a message of which only the ends are known; None when they do not tell.

    Compact JSON as the SDKs write it: the id stands first, or last and then as a number, where no
    text of the message could pretend to be it.
    """
    if head.startswith(_RESPONSE):
        return _id(head[len(_RESPONSE) :].partition(b",")[0])
    _, found, last = tail.rstrip().rpartition(_REQUEST_END)
    if found and last.endswith(b"}") and last[:-1].isdigit():
        return _id(last[:-1])
    return None


def id_of(message: Mapping[str, Any]) -> Id | None:
    """The id of a request or response; None of a notification, or when it is no proper id."""
    id = message.get("id")  # noqa: A001
    return id if isinstance(id, (int, str)) and not isinstance(id, bool) else None


def _id(token: bytes) -> Id | None:
    if token.isdigit():
        return int(token) if len(token) < 20 else None
    plain = len(token) > 1 and token[:1] == token[-1:] == b'"'
    if plain and token.count(b'"') == 2 and b"\\" not in token and token.isascii():
        return token[1:-1].decode()
    return None


def _scan_first(text: str, start: int) -> tuple[Any, int]:
    """Load the scanner when it is first needed: the first line has gone on its way by then."""
    global _scan  # noqa: PLW0603
    try:
        import _json

        _scan = _json.make_scanner(_Leniency)  # type: ignore[arg-type]
    except ImportError:
        from json import JSONDecoder

        _scan = JSONDecoder(parse_constant=_not_a_number).raw_decode
    return _scan(text, start)


_scan: Callable[[str, int], tuple[Any, int]] = _scan_first
"""One JSON value in a text, and where it ends."""


def _not_a_number(word: str) -> None:
    """The server does not take such a line for JSON, so it answers no request in it."""
    raise ValueError(word)


class _Leniency:
    """What the scanner asks of its context: what `json.loads` does, without NaN."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _not_a_number
