"""What the bridge says of its own accord; its words are loaded when it first speaks."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from servers.bridge.jsonrpc_scan import Id

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
SERVER_AWAY = -32010
"""Of the range JSON-RPC leaves to servers; not one that clients read as "connection closed"."""


class BridgeMessages:
    """Adds the bridge's own lines to what the client and the server are sent."""

    def __init__(self, to_client: list[bytes], to_server: list[bytes]) -> None:
        self._to_client = to_client
        self._to_server = to_server

    def error(self, id: Id | None, code: int, words: str) -> None:  # noqa: A002 - the wire's word
        """Refuse request `id` of the client, or a line of which no id is known."""
        from servers.bridge import replies

        self._to_client.append(replies.error(id, code, words))

    def result(self, id: Id, found: Mapping[str, Any]) -> None:  # noqa: A002
        """Answer request `id` of the client."""
        from servers.bridge import replies

        self._to_client.append(replies.result(id, found))

    def acknowledged(self, id: Id, asked: Mapping[str, Any]) -> None:  # noqa: A002
        """Open the client's subscription `id`."""
        from servers.bridge import replies

        self._to_client.append(replies.acknowledged(id, asked))

    def tools_changed(self, listens: Mapping[Id, Mapping[str, Any]], *, is_greeted: bool) -> None:
        """Tell the client, in the way of its era."""
        from servers.bridge import replies

        if is_greeted:
            self._to_client.append(replies.tools_changed())
        self._to_client += replies.tools_changed_for(listens)

    def initialized(self) -> None:
        """End the handshake with a new server as the client once did."""
        from servers.bridge import replies

        self._to_server.append(replies.initialized())
