"""The requests of a client that wait for an answer, and which of them may be sent twice."""

from __future__ import annotations

from servers.bridge.session_state import params_of

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from typing import Any

    from servers.bridge.jsonrpc_scan import Id

_KEPT_LINE = 64 << 10
"""Bytes of a request that is kept so that it can be sent once more."""

_READING = frozenset(
    (
        "completion/complete",
        "logging/setLevel",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "server/discover",
        "tools/list",
    )
)
"""Those that change nothing, or nothing that a second one would change."""


class ClientRequest:
    """A request that nobody has answered yet; `since` is when it began to be held."""

    __slots__ = ("id", "line", "method", "since", "tool", "was_sent_again")

    def __init__(self, id: Id, message: dict[str, Any], line: bytes, since: float = 0.0) -> None:  # noqa: A002 - the wire's word
        self.id = id
        self.method = str(message["method"])
        self.tool = str(params_of(message).get("name")) if self.method == "tools/call" else ""
        self.line = line
        self.since = since
        self.was_sent_again = False

    def forget_long_line(self) -> None:
        """Give the memory back; such a request cannot be sent again."""
        if len(self.line) > _KEPT_LINE:
            self.line = b""

    def may_be_sent_again(self, read_only_tools: frozenset[str]) -> bool:
        """Whether a server that died over it may have done no harm, and it was not tried twice."""
        if self.method == "initialize":
            return True
        harmless = self.method in _READING or self.tool in read_only_tools
        return harmless and bool(self.line) and not self.was_sent_again

    def interrupted(self, server: str) -> str:
        """What to tell the client when the server died over this request."""
        what = f"the tool {self.tool}" if self.tool else self.method
        return (
            f"The {server} server stopped while it worked on {what}. "
            "Whether the call took effect is not known: look before you repeat it."
        )


class Held(dict):  # type: ignore[type-arg]
    """The requests that wait for the server, in the order they came; bounded in bytes."""

    _LIMIT = 4 << 20

    def has_room_for(self, line: bytes) -> bool:
        """Whether `line` may be held as well."""
        return sum(len(request.line) for request in self.values()) + len(line) <= self._LIMIT

    def overdue(self, began_before: float) -> list[ClientRequest]:
        """Take out those held since before that time."""
        late = [request for request in self.values() if request.since <= began_before]
        for request in late:
            del self[request.id]
        return late
