"""The headers that repeat parts of a 2026-07-28 message: made for a server, checked of a client.

In: messages, and the input schemas of tools. Out: headers, or what is wrong with them. It also says
which address may have the headers that the user wrote for another.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from servers.relay.connection import CAPABILITIES_KEY, MODERN_VERSION, NAMED_BY, VERSION_KEY
from servers.relay.wire_message import WireMessage

if TYPE_CHECKING:
    from yarl import URL

VERSION = "MCP-Protocol-Version"
_INVALID_PARAMS, _MISMATCH = -32602, -32020


def routing(message: WireMessage, schema: Mapping[str, Any]) -> dict[str, str]:
    """The headers for `message`; `schema` is that of the tool that it calls."""
    version = message.meta.get(VERSION_KEY)
    headers = {VERSION: str(version or MODERN_VERSION), "Mcp-Method": message.method}
    name = message.params.get(NAMED_BY.get(message.method, ""))
    if isinstance(name, str):
        headers["Mcp-Name"] = _header_text(name)
    for header, text in _repeated_arguments(message, schema).items():
        if text is not None:
            headers[header] = _header_text(text)
    return headers


def fault(
    headers: Mapping[str, str], message: WireMessage, schema: Mapping[str, Any]
) -> tuple[int, str] | None:
    """What is wrong with the envelope of a request or its headers, whose names are in lower case.

    Returns the code and the message of the error.
    """
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in message.meta]
    if missing:
        return _INVALID_PARAMS, f"params._meta is missing {', '.join(missing)}"
    name = message.params.get(NAMED_BY.get(message.method, ""))
    repeated: dict[str, Any] = {VERSION: message.meta[VERSION_KEY], "Mcp-Method": message.method}
    if isinstance(name, str):
        repeated["Mcp-Name"] = name
    for header, value in {**repeated, **_repeated_arguments(message, schema)}.items():
        if not _is_same(_decoded(headers.get(header.lower())), value):
            return _MISMATCH, f"the header {header} does not match the message"
    return None


def _repeated_arguments(message: WireMessage, schema: Mapping[str, Any]) -> dict[str, str | None]:
    """By header: the argument as a text, None if it is not given."""
    if message.method != "tools/call":
        return {}
    return _of_object(schema, message.params.get("arguments"))


def _of_object(schema: Any, arguments: Any) -> dict[str, str | None]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    given = arguments if isinstance(arguments, dict) else {}
    found: dict[str, str | None] = {}
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        value = given.get(name)
        token = inner.get("x-mcp-header") if isinstance(inner, dict) else None
        if isinstance(value, dict):
            found |= _of_object(inner, value)
        elif isinstance(token, str) and isinstance(value, str | int | float | None):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found[f"Mcp-Param-{token}"] = None if value is None else text
    return found


def is_same_host(own: URL, other: URL) -> bool:
    """Whether `other` may have the headers for `own`: the same origin, or its encrypted twin."""
    is_duplicate = own.scheme == "http" and other.scheme == "https" and other.is_default_port()
    return own.host == other.host and (own.origin() == other.origin() or is_duplicate)


def _is_same(header: str | None, value: str | None) -> bool:
    """Whether a header tells the value; a number may be written in another way."""
    if header == value or header is None or value is None:
        return header == value
    try:
        return float(header) == float(value)
    except ValueError:
        return False


def _decoded(text: str | None) -> str | None:
    if text and text.startswith("=?base64?") and text.endswith("?="):
        try:
            return base64.b64decode(text[9:-2], validate=True).decode()
        except ValueError:
            return ""
    return text


def _header_text(text: str) -> str:
    """`text` as a header can carry it."""
    is_plain = text.isascii() and text.isprintable() and text == text.strip()
    if is_plain and not (text.startswith("=?base64?") and text.endswith("?=")):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="
