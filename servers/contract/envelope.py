"""Encodes and checks Lou messages: one JSON object a line, of four types.

In and out: lines and messages. App, servers, command line and bridge use this format.

```
{"type": "request",  "id": "7f3a", "method": "call_tool", "params": {...}}
{"type": "response", "id": "7f3a", "result": {...}}
{"type": "error",    "id": "7f3a", "error": {"code": "unknown_tool", "message": "...", "data": {}}}
{"type": "event",    "event": "call", "data": {...}}
```
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_LINE = 1 << 20
"""Bytes of one line, with its newline."""


class EnvelopeError(ValueError):
    """A line that is not a Lou message; `reason` says why, `id` is its id if it has one."""

    def __init__(self, reason: str, id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.id = id


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for one answer with the same `id`."""

    id: str
    method: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to the request `id`."""

    id: str
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Error:
    """The error for the request `id`; None if the request could not be read."""

    id: str | None
    code: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A notification without an answer."""

    event: str
    data: dict[str, Any] = field(default_factory=dict)


Message = Request | Response | Error | Event
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(message: Message) -> bytes:
    """The line of `message`; raises EnvelopeError if it would be longer than MAX_LINE."""
    encoded = _to_json(_to_dict(message)).encode("utf-8", "backslashreplace") + b"\n"
    if len(encoded) > MAX_LINE:
        raise EnvelopeError(f"a message of {len(encoded)} bytes; the limit is {MAX_LINE}")
    return encoded


def decode(line: bytes) -> Message:
    """Raises EnvelopeError if `line` is not one message of the four types."""
    if len(line) > MAX_LINE:
        raise EnvelopeError(f"a line of {len(line)} bytes; the limit is {MAX_LINE}")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise EnvelopeError("not a JSON object")
    read = _READERS.get(str(found.get("type")))
    if read is None:
        raise EnvelopeError(f"no such type: {found.get('type')!r:.60}", _text(found, "id"))
    return read(found)


def _to_dict(message: Message) -> dict[str, Any]:
    match message:
        case Request(id, method, params):
            return {"type": "request", "id": id, "method": method, "params": params}
        case Response(id, result):
            return {"type": "response", "id": id, "result": result}
        case Error(id, code, text, data):
            error = {"code": code, "message": text, "data": data}
            return {"type": "error", "id": id, "error": error}
        case Event(event, data):
            return {"type": "event", "event": event, "data": data}


def _request(found: dict[str, Any]) -> Request:
    id = _required_text(found, "id")
    return Request(id, _required_text(found, "method"), _object(found, "params", id))


def _response(found: dict[str, Any]) -> Response:
    id = _required_text(found, "id")
    return Response(id, _object(found, "result", id))


def _error(found: dict[str, Any]) -> Error:
    id = _text(found, "id")
    error = _object(found, "error", id)
    code, message = _text(error, "code"), _text(error, "message")
    if code is None or message is None:
        raise EnvelopeError("the error's `code` or `message` is missing or not a text", id)
    return Error(id, code, message, _object(error, "data", id))


def _event(found: dict[str, Any]) -> Event:
    return Event(_required_text(found, "event"), _object(found, "data", None))


_READERS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "request": _request,
    "response": _response,
    "error": _error,
    "event": _event,
}


def _text(found: dict[str, Any], key: str) -> str | None:
    value = found.get(key)
    return value if isinstance(value, str) else None


def _required_text(found: dict[str, Any], key: str) -> str:
    value = _text(found, key)
    if value is None:
        raise EnvelopeError(f"`{key}` is missing or not a text", _text(found, "id"))
    return value


def _object(found: dict[str, Any], key: str, id: str | None) -> dict[str, Any]:
    value = found.get(key, {})
    if not isinstance(value, dict):
        raise EnvelopeError(f"`{key}` is not an object", id)
    return value
