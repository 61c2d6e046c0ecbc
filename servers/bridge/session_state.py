"""What a client has sent to a server that must be sent again to the next server.

In: messages of both sides. Out: the handshake, settings and subscriptions to repeat. A server that
stops in good order ends its subscriptions first; for the client they continue, so these ends are
kept back until it is clear whether the server went away.
"""

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from servers.bridge.jsonrpc_scan import Id


_END_KEPT_S = 10.0
"""Longer than a server takes from its last line to its end."""


class SessionState:
    """The client's handshake, its settings and its subscriptions, of either era."""

    def __init__(self) -> None:
        self.initialize: dict[str, Any] | None = None
        """The params of its handshake; None before it and in the 2026-07-28 era."""
        self.initialize_id: Id | None = None
        self.is_answered = False
        self.is_initialized = False
        """Whether the client has sent `notifications/initialized`."""
        self.listens: dict[Id, Mapping[str, Any]] = {}
        self.ends: dict[Id, tuple[bytes, float]] = {}
        """By subscription: the line that ends it, and since when it is kept (0.0: not known)."""
        self._listen_lines: dict[Id, bytes] = {}
        self._settings: dict[str, tuple[str, Mapping[str, Any]]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether the client has neither a handshake nor a subscription."""
        return self.initialize is None and not self.listens

    def note(self, message: "Mapping[str, Any]", line: bytes, id: "Id | None") -> None:
        """Record a message of the client; `id` is None for a notification."""
        params = params_of(message)
        match message.get("method"):
            case "initialize" if id is not None:
                self.initialize, self.initialize_id = params, id
                self.is_answered = self.is_initialized = False
            case "notifications/initialized":
                self.is_initialized = self.initialize is not None
            case "logging/setLevel":
                self._settings["logging"] = ("logging/setLevel", params)
            case "resources/subscribe":
                self._settings[_key(params)] = ("resources/subscribe", params)
            case "resources/unsubscribe":
                self._settings.pop(_key(params), None)
            case "subscriptions/listen" if id is not None:
                asked = params.get("notifications")
                self.listens[id] = asked if isinstance(asked, dict) else {}
                self._listen_lines[id] = line

    def answered(self, id: "Id", *, failed: bool = False) -> None:
        """Record that request `id` was answered: perhaps the handshake, or a subscription."""
        if id == self.initialize_id and not self.is_answered:
            self.is_answered = not failed
            self.initialize = None if failed else self.initialize
        self.ended(id)

    def ended(self, id: "Id") -> None:
        """Forget subscription `id`, if it is one."""
        if self.listens.pop(id, None) is not None:
            del self._listen_lines[id]
            self.ends.pop(id, None)

    def keeps_end(self, message: "Mapping[str, Any]", line: bytes) -> bool:
        """Whether this line ends a subscription without an error, so that it is kept back."""
        id = message.get("id")
        if "method" in message or not isinstance(id, (int, str)) or id not in self.listens:
            return False
        is_end = b'"error"' not in line
        if is_end:
            self.ends[id] = (line, 0.0)
        return is_end

    def overdue_ends(self, now: float) -> list[bytes]:
        """The kept ends after which the server stayed connected; they are due to the client."""
        overdue = []
        for id, (line, since) in tuple(self.ends.items()):
            self.ends[id] = (line, since or now)
            if since and now - since >= _END_KEPT_S:
                overdue.append(line)
                self.ended(id)
        return overdue

    def settings(self) -> "Iterator[tuple[str, Mapping[str, Any]]]":
        """Method and params of the requests that set up a session of the handshake era."""
        yield from self._settings.values()

    def listen_lines(self) -> "Iterator[tuple[Id, bytes]]":
        """Id and line of the requests that opened the subscriptions."""
        yield from self._listen_lines.items()


def params_of(message: "Mapping[str, Any]") -> "dict[str, Any]":
    """The params of a message, empty if it has none."""
    params = message.get("params")
    return params if isinstance(params, dict) else {}


def _key(params: "Mapping[str, Any]") -> str:
    return f"resource {params.get('uri')}"
