"""The pending requests that are not the client's: those of the bridge and of the server.

In: messages of both sides. Out: which answers must not be passed on. The client never gets an
answer to a request of the bridge, and a new server never gets an answer to a request of the last
one.
"""

from servers.bridge.jsonrpc_scan import id_of

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from servers.bridge.jsonrpc_scan import Id


class PendingRequests:
    """The pending requests of the bridge and of the server, by id."""

    def __init__(self) -> None:
        self._own: set[Id] = set()
        self._openings: set[Id] = set()
        self._servers: list[Id] = []
        self._stale: list[Id] = []
        self._count = 0

    @property
    def await_server(self) -> bool:
        """Whether the server's lines must be read before they pass."""
        return bool(self._own or self._openings)

    @property
    def await_client(self) -> bool:
        """Whether the client's lines must be read before they pass."""
        return bool(self._stale)

    def ask(self, method: str, params: "Mapping[str, Any]") -> "tuple[Id, bytes]":
        """A request of the bridge's own: its id, and the line to send."""
        from servers.bridge import replies

        self._count += 1
        id = f"lou-{self._count}"
        self._own.add(id)
        return id, replies.request(id, method, params)

    def open_again(self, id: "Id") -> None:
        """Expect a second opening of subscription `id`, of which the client must not learn."""
        self._openings.add(id)

    def takes(self, message: "Mapping[str, Any]") -> bool:
        """Whether this message of the server is for the bridge alone."""
        if "method" not in message:
            id = id_of(message)
            is_own = id in self._own
            self._own.discard(id)
            return is_own
        return bool(self._openings) and self._is_second_opening(message)

    def asked(self, id: "Id") -> None:
        self._servers.append(id)

    def answered(self, id: "Id | None") -> None:
        if id in self._servers:
            self._servers.remove(id)

    def is_stale(self, message: "Mapping[str, Any]") -> bool:
        """Whether this message answers a server that is gone; True once for each request."""
        id = id_of(message)
        if "method" in message or id not in self._stale:
            return False
        self._stale.remove(id)
        return True

    def lost(self) -> None:
        """The server is gone: expect no answer from it, and pass none on to the next."""
        self._own.clear()
        self._openings.clear()
        self._stale += self._servers
        self._servers.clear()

    def _is_second_opening(self, message: "Mapping[str, Any]") -> bool:
        from servers.bridge import replies

        id = replies.acknowledges(message)
        if not isinstance(id, (int, str)) or id not in self._openings:
            return False
        self._openings.discard(id)
        return True
