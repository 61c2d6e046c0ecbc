"""Makes the bridge's own lines: errors, cached answers of the server, and its own requests.

In: ids, methods, the answers file. Out: lines. Imported only when the server is away; while it is
connected the bridge adds nothing to the stream, and `json` need not be loaded.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from servers.bridge.jsonrpc_scan import Id

_META = "_meta"
_MODERN = "io.modelcontextprotocol/protocolVersion"
_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


class Replies:
    """The answers that the server saved at its last `ready`; none if there is no file."""

    def __init__(self, cached: Mapping[str, Any] | None = None) -> None:
        cached = cached or {}
        self._initialize: Mapping[str, Any] = cached.get("initialize") or {}
        self._discover = cached.get("discover")
        self._tools = cached.get("tools")
        self._tools_modern = cached.get("tools_modern")
        self.read_only: frozenset[str] = frozenset(cached.get("read_only_tools") or ())

    def to(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The result of a request that needs no server; None if it needs one."""
        modern = is_modern(params)
        match method:
            case "initialize" if self._initialize:
                newest = self._initialize[max(self._initialize)]
                return _object(self._initialize.get(str(params.get("protocolVersion")), newest))
            case "server/discover" if modern:
                return _object(self._discover)
            case "tools/list" if not params.get("cursor"):
                return _object(self._tools_modern if modern else self._tools)
            case "ping" | "logging/setLevel":
                return {}
        return None


def is_modern(params: Mapping[str, Any]) -> bool:
    """Whether a request is of the 2026-07-28 era: each of its requests carries the version."""
    meta = params.get(_META)
    return isinstance(meta, dict) and _MODERN in meta


def result(id: Id, found: Mapping[str, Any]) -> bytes:
    """The line that answers request `id`."""
    return message_line({"id": id, "result": found})


def error(id: Id | None, code: int, message: str) -> bytes:
    """The line that answers request `id` with an error; None stands for an unknown id."""
    return message_line({"id": id, "error": {"code": code, "message": message}})


def request(id: Id, method: str, params: Mapping[str, Any]) -> bytes:
    return message_line({"id": id, "method": method, "params": params})


def initialized() -> bytes:
    """The line that ends a handshake."""
    return message_line({"method": "notifications/initialized"})


def tools_changed() -> bytes:
    """The line that tells a client of the handshake era that the tools changed."""
    return message_line({"method": "notifications/tools/list_changed"})


def tools_changed_for(listens: Mapping[Id, Mapping[str, Any]]) -> Iterable[bytes]:
    """The same for the 2026-07-28 era: one line for each subscription to it."""
    for id, asked in listens.items():
        if asked.get("toolsListChanged"):
            params = {_META: {_SUBSCRIPTION: id}}
            yield message_line({"method": "notifications/tools/list_changed", "params": params})


def acknowledged(id: Id, asked: Mapping[str, Any]) -> bytes:
    """The line that opens subscription `id` while the server is away."""
    params = {"notifications": asked, _META: {_SUBSCRIPTION: id}}
    return message_line({"method": "notifications/subscriptions/acknowledged", "params": params})


def acknowledges(message: Mapping[str, Any]) -> Any:
    """The id of the subscription that `message` opens; None for any other message."""
    if message.get("method") != "notifications/subscriptions/acknowledged":
        return None
    meta = _object(message.get("params") or {}, _META)
    return meta.get(_SUBSCRIPTION) if meta else None


def _object(found: Any, key: str = "") -> dict[str, Any] | None:
    if key:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def message_line(message: Mapping[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode() + b"\n"
