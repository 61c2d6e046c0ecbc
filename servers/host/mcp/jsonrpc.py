"""JSON-RPC as lines, without sockets and MCP.

In: one line, which `parse` turns into a message. Out: the lines of results, errors, notifications.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servers.contract.line_reader import LongLine
from servers.host.tools.tool_result import to_json
from servers.host.transport.address import MAX_LINE

PARSE_ERROR = -32700
INVALID_REQUEST = -32600


class MalformedMessageError(Exception):
    """A line that is not a message; `id` is its id if it has a valid one."""

    def __init__(self, code: int, why: str, id: Any = None) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.id = id


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request, or without an id a notification."""

    id: str | int | None
    method: str
    params: dict[str, Any]


def parse(line: bytes | LongLine) -> Inbound | None:
    """The message in `line`; None for a blank line or an answer, which nobody waits for.

    Raises:
        MalformedMessageError: it is not a message, or longer than `MAX_LINE`.
    """
    if isinstance(line, LongLine):
        raise MalformedMessageError(INVALID_REQUEST, f"a line of more than {MAX_LINE} bytes")
    try:
        found = _decode(line.decode())
    except (ValueError, RecursionError):
        if not line.strip():
            return None
        raise MalformedMessageError(PARSE_ERROR, "this line is not JSON") from None
    if not isinstance(found, dict):
        raise MalformedMessageError(INVALID_REQUEST, "this line is not one JSON-RPC object")
    method = found.get("method")
    if method is None and ("result" in found or "error" in found):
        return None
    id = found.get("id")
    is_named = isinstance(id, str | int) and not isinstance(id, bool)
    params = found.get("params")
    if not isinstance(method, str) or not (params is None or isinstance(params, dict)):
        why = "`method` is not a text or `params` is not an object"
        raise MalformedMessageError(INVALID_REQUEST, why, id if is_named else None)
    if "id" in found and not is_named:
        raise MalformedMessageError(INVALID_REQUEST, "`id` is neither a text nor a whole number")
    return Inbound(id, method, params or {})


def id_key(id: Any) -> str:
    """The key of a request id in a dictionary: some clients cancel request 7 as "7"."""
    return str(id)


def result(id: str | int | None, members: str) -> bytes:
    """The line that answers a request; `members` is the inside of the result's JSON object."""
    return _line(f'{{"jsonrpc":"2.0","id":{_id_json(id)},"result":{{{members}}}}}')


def error(id: str | int | None, code: int, message: str, data: Any = None) -> bytes:
    """The line that answers a request with an error."""
    body: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return _line(f'{{"jsonrpc":"2.0","id":{_id_json(id)},"error":{to_json(body)}}}')


def notification(method: str, params: Mapping[str, Any] | None) -> bytes:
    member = f',"params":{to_json(params)}' if params is not None else ""
    return _line(f'{{"jsonrpc":"2.0","method":"{method}"{member}}}')


def _line(text: str) -> bytes:
    # UTF-8 has no lone surrogates; `backslashreplace` writes JSON's escape for them.
    return (text + "\n").encode("utf-8", "backslashreplace")


def _id_json(id: str | int | None) -> str:
    return str(id) if isinstance(id, int) else to_json(id)


def _not_a_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


_decode = json.JSONDecoder(parse_constant=_not_a_number).decode
