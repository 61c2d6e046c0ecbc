"""One client's session, whatever becomes of the server behind it: lines in, lines out.

No socket and no clock: whoever does the I/O feeds blocks of whole lines, sends what `to_client` and
`to_server` hold, and says when the server came and went. While the server is connected blocks pass
untouched and are looked at afterwards, to know the handshake and the calls in flight.

```
AWAY      the bridge answers what it can, holds the rest, or refuses it in words
RESUMING  connected; the client's own handshake is replayed while the client still waits
LIVE      bytes pass
```
"""

from __future__ import annotations

from servers.bridge.bridge_messages import INVALID_REQUEST, PARSE_ERROR, SERVER_AWAY, BridgeMessages
from servers.bridge.client_requests import ClientRequest, Held
from servers.bridge.jsonrpc_scan import glance, id_of, lines_of, read
from servers.bridge.pending_requests import PendingRequests
from servers.bridge.session_state import SessionState, params_of

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from servers.bridge.jsonrpc_scan import Found, Id
    from servers.bridge.replies import Replies

AWAY = "away"
RESUMING = "resuming"
LIVE = "live"

LONGEST_HOLD_S = 25.0
"""Less than the shortest patience of a client, more than a server takes to be replaced."""


class Session:
    """The state of one client's session with the server called `name`."""

    def __init__(self, name: str) -> None:
        self.to_client: list[bytes] = []
        self.to_server: list[bytes] = []
        self.phase = AWAY
        self.answers: Replies | None = None
        """What may be said without the server; must be set before it is away."""
        self._say = BridgeMessages(self.to_client, self.to_server)
        self._name = name
        self._standing = SessionState()
        self._in_flight: dict[Id, ClientRequest] = {}
        self._held = Held()
        self._refusal = ""
        self._passed: list[tuple[bool, bytes]] = []
        self._awaited: Id | None = None  # the answer that ends RESUMING
        self._questions = PendingRequests()
        self._owes_news = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody waits for the server to come, or for the time to pass."""
        return bool(self._held or self._standing.ends) or self.phase == RESUMING

    @property
    def is_idle(self) -> bool:
        """Whether the client has had every answer; open subscriptions do not count."""
        self.look()
        return not self._held and self._in_flight.keys() <= self._standing.listens.keys()

    def from_client(self, block: bytes, now: float) -> None:
        """Take whole lines of the client."""
        if self.phase == LIVE and not self._questions.await_client:
            self.to_server.append(block)
            self._passed.append((True, block))
            return
        self.look()
        for line in lines_of(block):
            if self.phase == LIVE:
                self._pass_to_server(line)
            else:
                self._take(read(line), line, now)

    def from_server(self, block: bytes) -> None:
        """Take whole lines of the server."""
        self.look()
        if self.phase == LIVE and not (self._questions.await_server or self._standing.listens):
            self.to_client.append(block)
            self._passed.append((False, block))
            return
        for line in lines_of(block):
            self._pass_to_client(line)

    def look(self) -> None:
        """Read what has passed, once it is on its way."""
        passed, self._passed = self._passed, []
        for is_clients, block in passed:
            note = self._note_client if is_clients else self._note_server
            for line in lines_of(block):
                found = glance(line)
                if isinstance(found, dict):  # a batch is refused as a whole
                    note(found, line)

    def connected(self) -> None:
        """The server is there: bring it to where the last one stood, then let bytes pass."""
        self._refusal = ""
        standing = self._standing
        if standing.initialize is None:
            self._resume()
            return
        self.phase = RESUMING
        if not standing.is_answered and standing.initialize_id in self._held:
            self._awaited = standing.initialize_id
            self._send(self._held.pop(standing.initialize_id))
            return
        self._awaited = self._ask("initialize", standing.initialize)

    def lost(self, now: float) -> None:
        """The server is gone: fail the calls it took along, keep those that may be sent again."""
        assert self.answers is not None
        self.look()
        self.phase = AWAY
        self._owes_news = not self._standing.is_empty
        self._questions.lost()
        self._standing.ends.clear()
        self.to_server.clear()
        broken, self._in_flight = self._in_flight, {}
        later, self._held = self._held, Held()
        for request in broken.values():
            if request.may_be_sent_again(self.answers.read_only):
                request.was_sent_again, request.since = True, request.since or now
                self._held[request.id] = request
            elif request.id not in self._standing.listens:
                self._fail(request.id, request.interrupted(self._name))
        self._held.update(later)

    def refuse(self, reason: str) -> None:
        """Say `reason` instead of holding, from now on; empty: hold again."""
        self._refusal = reason
        if reason:
            held, self._held = self._held, Held()
            for id in held:  # noqa: A001 - the wire's word
                self._fail(id, reason)

    def expire(self, now: float) -> None:
        """Let nobody wait longer than LONGEST_HOLD_S."""
        self.to_client += self._standing.overdue_ends(now)
        for request in self._held.overdue(now - LONGEST_HOLD_S):
            waited = f"The {self._name} server did not come back in {LONGEST_HOLD_S:.0f} s."
            self._fail(request.id, f"{waited} Open Lou to see why, or try again.")

    def dropped(self, id: Id | None, size: int, *, by_client: bool) -> None:  # noqa: A002
        """A line was too long to pass."""
        self.look()
        if by_client:
            words = f"A message of {size} bytes was not passed on; the limit is 16 MiB."
            self._say.error(id, INVALID_REQUEST, words)
        elif id is not None:
            self._in_flight.pop(id, None)
            self._fail(id, f"The answer of {size} bytes is over the limit of 16 MiB; ask for less.")

    def _take(self, found: Found, line: bytes, now: float) -> None:
        """One line of the client while there is no server to pass it to."""
        if found is None:
            self._say.error(None, PARSE_ERROR, "This is not JSON.")
        elif isinstance(found, list):
            from servers.bridge import replies

            for message in found:
                line = replies.alone(message) if isinstance(message, dict) else b""
                self._take_message(message, line, now)
        else:
            self._take_message(found, line, now)

    def _take_message(self, message: Any, line: bytes, now: float) -> None:
        method = message.get("method") if isinstance(message, dict) else None
        id = id_of(message) if isinstance(message, dict) else None  # noqa: A001 - the wire's word
        if isinstance(method, str) and (id is not None or "id" not in message):
            self._standing.note(message, line, id)
            if id is None:
                self._heed(message)
            else:
                self._reply(ClientRequest(id, message, line, now), params_of(message))
        elif not isinstance(message, dict) or not {"result", "error"} & message.keys():
            self._say.error(id, INVALID_REQUEST, "This is not a JSON-RPC message.")

    def _reply(self, request: ClientRequest, params: dict[str, Any]) -> None:
        assert self.answers is not None
        if request.method == "subscriptions/listen":
            self._say.acknowledged(request.id, self._standing.listens[request.id])
            return
        known = self.answers.to(request.method, params)
        if known is not None:
            self._owes_news = True
            self._standing.answered(request.id)
            self._say.result(request.id, known)
        elif self._refusal:
            self._fail(request.id, self._refusal)
        elif self._held.has_room_for(request.line):
            self._held[request.id] = request
        else:
            self._fail(request.id, f"The {self._name} server is not ready yet; try again soon.")

    def _heed(self, message: dict[str, Any]) -> None:
        """A notification of the client."""
        if message["method"] == "notifications/initialized":
            self._tell_news()
        elif message["method"] == "notifications/cancelled":
            id = params_of(message).get("requestId")  # noqa: A001
            if isinstance(id, (int, str)):
                self._held.pop(id, None)
                self._in_flight.pop(id, None)
                self._standing.ended(id)

    def _resume(self) -> None:
        self.phase, self._awaited = LIVE, None
        if self._standing.is_greeted:
            self._say.initialized()
        for method, params in self._standing.settings():
            self._ask(method, params)
        for id, line in self._standing.listen_lines():  # noqa: A001
            self._questions.open_again(id)
            self.to_server.append(line)
        held, self._held = self._held, Held()
        for request in held.values():
            self._send(request)
        self._tell_news()

    def _tell_news(self) -> None:
        """The tools may be others now; said once the client may hear it."""
        told = self._standing.is_greeted or bool(self._standing.listens)
        if self.phase != LIVE or not self._owes_news or not told:
            return
        self._owes_news = False
        self._say.tools_changed(self._standing.listens, is_greeted=self._standing.is_greeted)

    def _send(self, request: ClientRequest) -> None:
        self.to_server.append(request.line)
        request.forget_long_line()
        self._in_flight[request.id] = request

    def _ask(self, method: str, params: Mapping[str, Any]) -> Id:
        """Send a request of the bridge's own."""
        id, line = self._questions.ask(method, params)  # noqa: A001
        self.to_server.append(line)
        return id

    def _fail(self, id: Id, words: str) -> None:  # noqa: A002
        self._standing.answered(id, failed=True)
        self._say.error(id, SERVER_AWAY, words)

    def _pass_to_server(self, line: bytes) -> None:
        """While an answer to a server that is gone may still come, no line passes unread."""
        found = read(line)
        if isinstance(found, dict) and self._questions.is_stale(found):
            return
        self.to_server.append(line)
        if isinstance(found, dict):
            self._note_client(found, line)

    def _pass_to_client(self, line: bytes) -> None:
        """While the bridge has asked the server something, no line passes unread."""
        found = glance(line)
        message = found if isinstance(found, dict) else {}
        if not (self._questions.takes(message) or self._standing.keeps_end(message, line)):
            self.to_client.append(line)
            self._note_server(message, line)
        if (
            self._awaited is not None
            and "method" not in message
            and id_of(message) == self._awaited
        ):
            self._resume()

    def _note_client(self, message: dict[str, Any], line: bytes) -> None:
        id, method = id_of(message), message.get("method")  # noqa: A001
        if not isinstance(method, str):
            self._questions.answered(id)
            return
        self._standing.note(message, line, id)
        if id is None:
            self._heed(message)
        else:
            request = self._in_flight[id] = ClientRequest(id, message, line)
            request.forget_long_line()

    def _note_server(self, message: dict[str, Any], _: bytes) -> None:
        id = id_of(message)  # noqa: A001
        if id is None:
            return
        if "method" in message:
            self._questions.asked(id)
        elif self._in_flight.pop(id, None):
            self._standing.answered(id)
