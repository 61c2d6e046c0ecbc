"""The state machine of one client session, which outlives the server behind it.

In: blocks of whole lines, and the times when the server came and went. Out: lines in `to_client`
and `to_server`. There is no socket and no clock here; `pump` does the I/O. While the server is
connected blocks pass unchanged and are read afterwards, to know the handshake and the calls in
flight. `replies`, which words the bridge's own lines, is imported only when the first of them is
needed.

```
AWAY      the bridge answers what it can, holds the rest, or refuses it in words
RESUMING  connected; the client's own handshake is replayed while the client still waits
LIVE      bytes pass
```
"""

from servers.bridge.client_requests import ClientRequest, HeldRequests
from servers.bridge.jsonrpc_scan import id_of, lines_of, read, read_briefly
from servers.bridge.pending_requests import PendingRequests
from servers.bridge.session_state import SessionState, params_of

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from servers.bridge.jsonrpc_scan import Found, Id
    from servers.bridge.replies import Replies

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
SERVER_AWAY = -32010
"""In the range that JSON-RPC leaves to servers; no client reads it as "connection closed"."""

_MARK = b'{"jsonrpc":"2.0","method":"notifications/lou/client","params":{"id":"%b"}}\n'
"""Tells the server, which keeps it for itself, in whose file the bridge's command stands."""

AWAY = "away"
RESUMING = "resuming"
LIVE = "live"

LONGEST_HOLD_S = 25.0
"""Less than any client's time limit, more than a server takes to restart."""


class Session:
    """The state of one client's session with the server called `name`.

    `mark` is the client's id for Lou, which names the client where its handshake does not.
    """

    def __init__(self, name: str, mark: str = "") -> None:
        self._mark = mark
        self.to_client: list[bytes] = []
        self.to_server: list[bytes] = []
        self.phase = AWAY
        self.answers: Replies | None = None
        """The cached answers of the server; must be set before `lost` is called."""
        self._name = name
        self._state = SessionState()
        self._in_flight: dict[Id, ClientRequest] = {}
        self._held = HeldRequests()
        self._refusal = ""
        self._passed: list[tuple[bool, bytes]] = []
        self._awaited: Id | None = None  # the answer that ends RESUMING
        self._pending = PendingRequests()
        self._tools_may_differ = False

    @property
    def is_waiting(self) -> bool:
        """Whether a held request waits for the server, or a kept subscription end for its time."""
        return bool(self._held or self._state.ends) or self.phase == RESUMING

    @property
    def is_idle(self) -> bool:
        """Whether the client has had every answer; open subscriptions do not count."""
        self.read_passed()
        return not self._held and self._in_flight.keys() <= self._state.listens.keys()

    def from_client(self, block: bytes, now: float) -> None:
        """Take whole lines of the client; `now` is a monotonic time in seconds."""
        if self.phase == LIVE and not self._pending.await_client:
            self.to_server.append(block)
            self._passed.append((True, block))
            return
        self.read_passed()
        for line in lines_of(block):
            if self.phase == LIVE:
                self._pass_to_server(line)
            else:
                self._take(read(line), line, now)

    def from_server(self, block: bytes) -> None:
        """Take whole lines of the server."""
        self.read_passed()
        if self.phase == LIVE and not (self._pending.await_server or self._state.listens):
            self.to_client.append(block)
            self._passed.append((False, block))
            return
        for line in lines_of(block):
            self._pass_to_client(line)

    def read_passed(self) -> None:
        """Read the blocks that passed; called after they were sent, so that they do not wait."""
        passed, self._passed = self._passed, []
        for from_client, block in passed:
            note = self._note_client if from_client else self._note_server
            for line in lines_of(block):
                found = read_briefly(line)
                if isinstance(found, dict):  # a batch is refused as a whole
                    note(found, line)

    def connected(self) -> None:
        """The server is connected: repeat the client's handshake, if any, then let lines pass."""
        self._refusal = ""
        if self._mark:
            self.to_server.append(_MARK % self._mark.encode())
        state = self._state
        if state.initialize is None:
            self._resume()
            return
        self.phase = RESUMING
        if not state.is_answered and state.initialize_id in self._held:
            self._awaited = state.initialize_id
            self._send(self._held.pop(state.initialize_id))
            return
        self._awaited = self._ask("initialize", state.initialize)

    def lost(self, now: float) -> None:
        """The server is gone: fail the calls in flight, keep those that may be sent again."""
        assert self.answers is not None
        self.read_passed()
        self.phase = AWAY
        self._tools_may_differ = not self._state.is_empty
        self._pending.lost()
        self._state.ends.clear()
        self.to_server.clear()
        interrupted, self._in_flight = self._in_flight, {}
        held, self._held = self._held, HeldRequests()
        for request in interrupted.values():
            if request.may_be_sent_again(self.answers.read_only):
                request.was_sent_again, request.since = True, request.since or now
                self._held[request.id] = request
            elif request.id not in self._state.listens:
                self._fail(request.id, request.interrupted(self._name))
        self._held.update(held)

    def refuse(self, reason: str) -> None:
        """Answer requests with `reason` instead of holding them; hold them again if it is empty."""
        self._refusal = reason
        if reason:
            held, self._held = self._held, HeldRequests()
            for id in held:
                self._fail(id, reason)

    def expire(self, now: float) -> None:
        """Fail the requests that are held longer than LONGEST_HOLD_S."""
        self.to_client += self._state.overdue_ends(now)
        for request in self._held.overdue(now - LONGEST_HOLD_S):
            waited = f"The {self._name} server did not come back in {LONGEST_HOLD_S:.0f} s."
            self._fail(request.id, f"{waited} Open Lou to see why, or try again.")

    def dropped(self, id: "Id | None", size: int, *, by_client: bool) -> None:
        """A line was too long and was dropped; `size` is in bytes, `id` None if it is unknown."""
        self.read_passed()
        if by_client:
            message = f"A message of {size} bytes was not passed on; the limit is 16 MiB."
            self._error(id, INVALID_REQUEST, message)
        elif id is not None:
            self._in_flight.pop(id, None)
            self._fail(
                id, f"The answer of {size} bytes is over the limit of 128 MiB; ask for less."
            )

    def _take(self, found: "Found", line: bytes, now: float) -> None:
        """Answer or hold one line of the client while the server is away."""
        if found is None:
            self._error(None, PARSE_ERROR, "This is not JSON.")
        elif isinstance(found, list):
            from servers.bridge import replies

            for message in found:
                line = replies.message_line(message) if isinstance(message, dict) else b""
                self._take_message(message, line, now)
        else:
            self._take_message(found, line, now)

    def _take_message(self, message: "Any", line: bytes, now: float) -> None:
        method = message.get("method") if isinstance(message, dict) else None
        id = id_of(message) if isinstance(message, dict) else None
        if isinstance(method, str) and (id is not None or "id" not in message):
            self._state.note(message, line, id)
            if id is None:
                self._note_notification(message)
            else:
                self._reply(ClientRequest(id, message, line, now), params_of(message))
        elif not isinstance(message, dict) or not {"result", "error"} & message.keys():
            self._error(id, INVALID_REQUEST, "This is not a JSON-RPC message.")

    def _reply(self, request: ClientRequest, params: "dict[str, Any]") -> None:
        from servers.bridge import replies

        assert self.answers is not None
        if request.method == "subscriptions/listen":
            asked = self._state.listens[request.id]
            self.to_client.append(replies.acknowledged(request.id, asked))
            return
        cached = self.answers.to(request.method, params)
        if cached is not None:
            self._tools_may_differ = True
            self._state.answered(request.id)
            self.to_client.append(replies.result(request.id, cached))
        elif self._refusal:
            self._fail(request.id, self._refusal)
        elif self._held.has_room_for(request.line):
            self._held[request.id] = request
        else:
            self._fail(request.id, f"The {self._name} server is not ready yet; try again soon.")

    def _note_notification(self, message: "dict[str, Any]") -> None:
        if message["method"] == "notifications/initialized":
            self._announce_tools()
        elif message["method"] == "notifications/cancelled":
            id = params_of(message).get("requestId")
            if isinstance(id, (int, str)):
                self._held.pop(id, None)
                self._in_flight.pop(id, None)
                self._state.ended(id)

    def _resume(self) -> None:
        self.phase, self._awaited = LIVE, None
        if self._state.is_initialized:
            from servers.bridge import replies

            self.to_server.append(replies.initialized())
        for method, params in self._state.settings():
            self._ask(method, params)
        for id, line in self._state.listen_lines():
            self._pending.open_again(id)
            self.to_server.append(line)
        held, self._held = self._held, HeldRequests()
        for request in held.values():
            self._send(request)
        self._announce_tools()

    def _announce_tools(self) -> None:
        """Tell the client that the tools may have changed, once its session is open."""
        is_initialized, listens = self._state.is_initialized, self._state.listens
        if self.phase != LIVE or not self._tools_may_differ or not (is_initialized or listens):
            return
        from servers.bridge import replies

        self._tools_may_differ = False
        if is_initialized:
            self.to_client.append(replies.tools_changed())
        self.to_client += replies.tools_changed_for(listens)

    def _send(self, request: ClientRequest) -> None:
        self.to_server.append(request.line)
        request.forget_long_line()
        self._in_flight[request.id] = request

    def _ask(self, method: str, params: "Mapping[str, Any]") -> "Id":
        """Send a request of the bridge's own; returns its id."""
        id, line = self._pending.ask(method, params)
        self.to_server.append(line)
        return id

    def _fail(self, id: "Id", message: str) -> None:
        self._state.answered(id, failed=True)
        self._error(id, SERVER_AWAY, message)

    def _error(self, id: "Id | None", code: int, message: str) -> None:
        from servers.bridge import replies

        self.to_client.append(replies.error(id, code, message))

    def _pass_to_server(self, line: bytes) -> None:
        """Pass one line, unless it answers a server that is gone."""
        found = read(line)
        if isinstance(found, dict) and self._pending.is_stale(found):
            return
        self.to_server.append(line)
        if isinstance(found, dict):
            self._note_client(found, line)

    def _pass_to_client(self, line: bytes) -> None:
        """Pass one line, unless it answers the bridge or ends a subscription."""
        found = read_briefly(line)
        message = found if isinstance(found, dict) else {}
        if not (self._pending.takes(message) or self._state.keeps_end(message, line)):
            self.to_client.append(line)
            self._note_server(message, line)
        if (
            self._awaited is not None
            and "method" not in message
            and id_of(message) == self._awaited
        ):
            self._resume()

    def _note_client(self, message: "dict[str, Any]", line: bytes) -> None:
        id, method = id_of(message), message.get("method")
        if not isinstance(method, str):
            self._pending.answered(id)
            return
        self._state.note(message, line, id)
        if id is None:
            self._note_notification(message)
        else:
            request = self._in_flight[id] = ClientRequest(id, message, line)
            request.forget_long_line()

    def _note_server(self, message: "dict[str, Any]", _: bytes) -> None:
        id = id_of(message)
        if id is None:
            return
        if "method" in message:
            self._pending.asked(id)
        elif self._in_flight.pop(id, None):
            self._state.answered(id)
