"""The lines of the bridge's own: errors, what the server last answered, its requests.

Loaded only once the server is away; while it is connected the bridge adds nothing to the stream.
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
    """What the server answered at its last `ready`, from its file; empty when there is none."""

    def __init__(self, cached: Mapping[str, Any] | None = None) -> None:
        cached = cached or {}
        self._initialize: Mapping[str, Any] = cached.get("initialize") or {}
        self._discover = cached.get("discover")
        self._tools = cached.get("tools")
        self._tools_modern = cached.get("tools_modern")
        self.read_only: frozenset[str] = frozenset(cached.get("read_only_tools") or ())

    def to(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The result of a request that needs no server; None when it needs one."""
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
    """Whether a request is of the 2026-07-28 era, in which each one carries its version."""
    meta = params.get(_META)
    return isinstance(meta, dict) and _MODERN in meta


def result(id: Id, found: Mapping[str, Any]) -> bytes:  # noqa: A002 - the wire's word
    """The line that answers request `id`."""
    return _line({"id": id, "result": found})


def error(id: Id | None, code: int, message: str) -> bytes:  # noqa: A002
    """The line that refuses request `id`, or a line of which no id is known."""
    return _line({"id": id, "error": {"code": code, "message": message}})


def request(id: Id, method: str, params: Mapping[str, Any]) -> bytes:  # noqa: A002
    """A request of the bridge's own."""
    return _line({"id": id, "method": method, "params": params})


def alone(message: Mapping[str, Any]) -> bytes:
    """One message of a batch as a line of its own."""
    return _line(message)


def initialized() -> bytes:
    """The end of a handshake."""
    return _line({"method": "notifications/initialized"})


def tools_changed() -> bytes:
    """Asks a client of the handshake era to list the tools again."""
    return _line({"method": "notifications/tools/list_changed"})


def tools_changed_for(listens: Mapping[Id, Mapping[str, Any]]) -> Iterable[bytes]:
    """The same for those subscriptions of the 2026-07-28 era that asked for it."""
    for id, asked in listens.items():  # noqa: A001
        if asked.get("toolsListChanged"):
            params = {_META: {_SUBSCRIPTION: id}}
            yield _line({"method": "notifications/tools/list_changed", "params": params})


def acknowledged(id: Id, asked: Mapping[str, Any]) -> bytes:  # noqa: A002
    """Opens subscription `id` before the server is there to do it."""
    params = {"notifications": asked, _META: {_SUBSCRIPTION: id}}
    return _line({"method": "notifications/subscriptions/acknowledged", "params": params})


def acknowledges(message: Mapping[str, Any]) -> Any:
    """The subscription that `message` opens; None when it is anything else."""
    if message.get("method") != "notifications/subscriptions/acknowledged":
        return None
    meta = _object(message.get("params") or {}, _META)
    return meta.get(_SUBSCRIPTION) if meta else None


def _object(found: Any, key: str = "") -> dict[str, Any] | None:
    if key:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode() + b"\n"
