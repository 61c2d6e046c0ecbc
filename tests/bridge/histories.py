"""Short words for the messages of a bridge's history, and a player that holds them to a session."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from servers.bridge.replies import Replies
from servers.bridge.session import Session

MODERN = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
CACHED = {
    "version": 1,
    "server": "tracker",
    "initialize": {
        "2025-06-18": {"protocolVersion": "2025-06-18"},
        "2025-11-25": {"protocolVersion": "2025-11-25"},
    },
    "discover": {"supportedVersions": ["2026-07-28"]},
    "tools": {"tools": [{"name": "find"}, {"name": "save"}]},
    "tools_modern": {"tools": [{"name": "find"}], "ttlMs": 1},
    "read_only_tools": ["find"],
}
AWAY = -32010


def request(id_: Any, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}


def notification(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}


def result(id_: Any, **found: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "result": found}


def call(id_: Any, tool: str) -> dict[str, Any]:
    return request(id_, "tools/call", name=tool)


def listen(id_: Any) -> dict[str, Any]:
    return request(id_, "subscriptions/listen", notifications={"toolsListChanged": True}, **MODERN)


def of_subscription(id_: Any, method: str, **params: Any) -> dict[str, Any]:
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": id_}}
    return notification(method, **params, **meta)


INITIALIZE = request(0, "initialize", protocolVersion="2025-11-25", clientInfo={"name": "t"})
INITIALIZED = notification("notifications/initialized")
GREETED = result(0, protocolVersion="2025-11-25")
CHANGED = notification("notifications/tools/list_changed")


class Play:
    """A session driven by hand: `client` and `server` speak, `heard_by_*` is what was heard."""

    def __init__(self, cached: Mapping[str, Any] | None = CACHED) -> None:
        self.session = Session("tracker")
        self.session.answers = Replies(cached)
        self.now = 100.0

    def client(self, *messages: dict[str, Any] | bytes) -> Play:
        self.session.from_client(block(messages), self.now)
        return self

    def server(self, *messages: dict[str, Any] | bytes) -> Play:
        self.session.from_server(block(messages))
        self.session.read_passed()
        return self

    def connected(self) -> Play:
        self.session.connected()
        return self

    def lost(self) -> Play:
        self.session.lost(self.now)
        return self

    def greeted(self) -> Play:
        """A handshake with the server there, as most histories begin."""
        self.connected().client(INITIALIZE).server(GREETED).client(INITIALIZED)
        self.heard_by_client()
        self.heard_by_server()
        return self

    def heard_by_client(self) -> list[dict[str, Any]]:
        return said(self.session, self.session.to_client)

    def heard_by_server(self) -> list[dict[str, Any]]:
        return said(self.session, self.session.to_server)


def block(messages: Iterable[dict[str, Any] | bytes]) -> bytes:
    return b"".join(
        message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        for message in messages
    )


def said(session: Session, queue: list[bytes]) -> list[dict[str, Any]]:
    session.read_passed()
    lines = b"".join(queue).splitlines()
    queue.clear()
    return [json.loads(line) for line in lines]


def codes(messages: Iterable[dict[str, Any]]) -> list[tuple[Any, int]]:
    """The refusals among `messages`: id and code."""
    return [(m["id"], m["error"]["code"]) for m in messages if "error" in m]
