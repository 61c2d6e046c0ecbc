"""The headers of requests to a web server: those that repeat a message, and who may have whose.

In: messages, schemas, addresses. Out: headers.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from yarl import URL

from servers.relay.connection import MODERN_VERSION, NAMED_BY, VERSION_KEY
from servers.relay.wire_message import WireMessage

VERSION = "MCP-Protocol-Version"


def routing(message: WireMessage, schema: Mapping[str, Any]) -> dict[str, str]:
    """The headers that repeat parts of a 2026-07-28 message; `schema` is that of its tool."""
    version = message.meta.get(VERSION_KEY)
    headers = {VERSION: str(version or MODERN_VERSION), "Mcp-Method": message.method}
    name = message.params.get(NAMED_BY.get(message.method, ""))
    if isinstance(name, str):
        headers["Mcp-Name"] = _header_text(name)
    if message.method == "tools/call":
        headers |= _param_headers(schema, message.params.get("arguments"))
    return headers


def is_same_host(own: URL, other: URL) -> bool:
    """Whether `other` may have the headers for `own`: the same origin, or its encrypted twin."""
    is_twin = own.scheme == "http" and other.scheme == "https" and other.is_default_port()
    return own.host == other.host and (own.origin() == other.origin() or is_twin)


def _param_headers(schema: Any, arguments: Any) -> dict[str, str]:
    """A header for each argument whose schema names one with `x-mcp-header`."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    headers: dict[str, str] = {}
    if not isinstance(properties, dict) or not isinstance(arguments, dict):
        return headers
    for name, inner in properties.items():
        value = arguments.get(name)
        token = inner.get("x-mcp-header") if isinstance(inner, dict) else None
        if isinstance(value, dict):
            headers |= _param_headers(inner, value)
        elif isinstance(token, str) and isinstance(value, str | int | float):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            headers[f"Mcp-Param-{token}"] = _header_text(text)
    return headers


def _header_text(text: str) -> str:
    """`text` as a header can carry it."""
    is_plain = text.isascii() and text.isprintable() and text == text.strip()
    if is_plain and not (text.startswith("=?base64?") and text.endswith("?=")):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="
