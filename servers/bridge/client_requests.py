"""The requests of a client that wait for an answer.

In: requests. Out: which may be sent a second time, and which are held too long.
"""

from servers.bridge.session_state import params_of

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from typing import Any

    from servers.bridge.jsonrpc_scan import Id

_KEPT_LINE = 64 << 10
"""Bytes up to which a request in flight is kept, so that it can be sent again."""

_READING = frozenset((
    "completion/complete", "logging/setLevel", "ping", "prompts/get", "prompts/list",
    "resources/list", "resources/read", "resources/subscribe", "resources/templates/list",
    "resources/unsubscribe", "server/discover", "tools/list",
))  # fmt: skip
"""Methods that may be repeated without harm."""


class ClientRequest:
    """A request without an answer; `since` is the time from which it is held."""

    __slots__ = ("id", "line", "method", "since", "tool", "was_sent_again")

    def __init__(
        self, id: "Id", message: "dict[str, Any]", line: bytes, since: float = 0.0
    ) -> None:
        self.id = id
        self.method = str(message["method"])
        self.tool = str(params_of(message).get("name")) if self.method == "tools/call" else ""
        self.line = line
        self.since = since
        self.was_sent_again = False

    def forget_long_line(self) -> None:
        """Free the memory of a long request; it cannot be sent again then."""
        if len(self.line) > _KEPT_LINE:
            self.line = b""

    def may_be_sent_again(self, read_only_tools: frozenset[str]) -> bool:
        """Whether a repetition is harmless, and was not tried before."""
        if self.method == "initialize":
            return True
        harmless = self.method in _READING or self.tool in read_only_tools
        return harmless and bool(self.line) and not self.was_sent_again

    def interrupted(self, server: str) -> str:
        """The error message for a client whose server stopped during this request."""
        what = f"the tool {self.tool}" if self.tool else self.method
        return (
            f"The {server} server stopped while it worked on {what}. "
            "Whether the call took effect is not known: look before you repeat it."
        )


class HeldRequests(dict):  # type: ignore[type-arg]
    """The requests that wait for the server by id, in the order they came; limited in bytes."""

    _LIMIT = 4 << 20

    def has_room_for(self, line: bytes) -> bool:
        """Whether `line` may be held, too."""
        return sum(len(request.line) for request in self.values()) + len(line) <= self._LIMIT

    def overdue(self, began_before: float) -> list[ClientRequest]:
        """Remove and return the requests that are held since before that time."""
        late = [request for request in self.values() if request.since <= began_before]
        for request in late:
            del self[request.id]
        return late
