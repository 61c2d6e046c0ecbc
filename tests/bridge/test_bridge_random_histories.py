"""Random histories of a bridge session: nothing is lost, doubled or sent to the wrong side."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from servers.bridge.session import AWAY, LONGEST_HOLD_S
from tests.bridge.histories import (
    CACHED,
    INITIALIZED,
    MODERN,
    Play,
    call,
    listen,
    notification,
    request,
    result,
)

OTHERS = st.sampled_from(("tools/list", "resources/list", "prompts/get", "ping", "unheard/of"))


class AnySession(RuleBasedStateMachine):
    """A client of either era, a server that comes and goes, and a book of who said what."""

    @initialize(modern=st.booleans(), cached=st.booleans())
    def begin(self, modern: bool, cached: bool) -> None:
        self.play = Play(CACHED if cached else None)
        self.modern = modern
        self.is_connected = False
        self.ids = 0
        self.answers: Counter[Any] = Counter()
        self.open: set[Any] = set()  # requests the client waits for
        self.cancelled: set[Any] = set()
        self.inbox: list[dict[str, Any]] = []  # what this server has not answered yet
        self.heard: list[dict[str, Any]] = []  # what this server has heard
        self.sent_to: Counter[Any] = Counter()
        self.listens: set[Any] = set()
        self.asked_initialize = self.greeted = False

    def ask(self, message: dict[str, Any]) -> None:
        if self.modern:
            message["params"] |= MODERN
        self.open.add(message["id"])
        self.play.client(message)

    def next_id(self) -> Any:
        self.ids += 1
        return self.ids if self.ids % 3 else f"id-{self.ids}"

    @precondition(lambda self: not self.modern and not self.asked_initialize)
    @rule()
    def shake_hands(self) -> None:
        self.asked_initialize = True
        self.handshake = self.next_id()
        self.ask(request(self.handshake, "initialize", protocolVersion="2025-11-25"))

    @precondition(lambda self: self.asked_initialize and self.answers[self.handshake])
    @precondition(lambda self: not self.greeted)
    @rule()
    def greet(self) -> None:
        self.greeted = True
        self.play.client(INITIALIZED)

    @precondition(lambda self: self.modern or self.greeted)
    @rule(tool=st.sampled_from(("find", "save")))
    def call_a_tool(self, tool: str) -> None:
        self.ask(call(self.next_id(), tool))

    @precondition(lambda self: self.modern or self.greeted)
    @rule(method=OTHERS)
    def ask_something_else(self, method: str) -> None:
        self.ask(request(self.next_id(), method))

    @precondition(lambda self: self.modern)
    @rule()
    def subscribe(self) -> None:
        id_ = f"listen-{self.next_id()}"
        self.listens.add(id_)
        self.play.client(listen(id_))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.open, key=str)))
        if self.asked_initialize and id_ == self.handshake:
            return
        self.open.discard(id_)
        self.cancelled.add(id_)
        self.play.client(notification("notifications/cancelled", requestId=id_))

    @rule(junk=st.binary(max_size=30))
    def mumble(self, junk: bytes) -> None:
        if not self.is_connected:
            self.play.client(junk.replace(b"\n", b"") + b"\n")

    @precondition(lambda self: not self.is_connected)
    @rule()
    def server_comes(self) -> None:
        self.is_connected = True
        self.inbox, self.heard = [], []
        self.play.connected()

    @precondition(lambda self: self.is_connected)
    @rule()
    def server_dies(self) -> None:
        self.read()
        self.is_connected = False
        self.play.lost()

    @precondition(lambda self: self.is_connected and self.inbox)
    @rule(data=st.data())
    def server_answers(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.inbox) - 1))
        message = self.inbox.pop(at)
        if message["method"] != "subscriptions/listen":
            self.play.server(result(message["id"]))

    @precondition(lambda self: not self.is_connected)
    @rule(reason=st.sampled_from(("", "It is switched off.")))
    def app_speaks(self, reason: str) -> None:
        self.play.session.refuse(reason)

    @rule(seconds=st.sampled_from((1, LONGEST_HOLD_S)))
    def time_passes(self, seconds: float) -> None:
        self.play.now += seconds
        self.play.session.expire(self.play.now)

    @invariant()
    def read(self) -> None:
        if not hasattr(self, "play"):
            return
        for message in self.play.heard_by_server():
            self.heard.append(message)
            if "id" in message:
                self.inbox.append(message)
                self.sent_to[message["id"]] += 1
                self.is_sent_no_more_than_allowed(message)
        for message in self.play.heard_by_client():
            self.client_hears(message)

    def is_sent_no_more_than_allowed(self, message: dict[str, Any]) -> None:
        most = 1 if message["params"].get("name") == "save" else 2
        if message["method"] in {"initialize", "subscriptions/listen"}:
            return
        assert self.sent_to[message["id"]] <= most

    def client_hears(self, message: dict[str, Any]) -> None:
        assert message["jsonrpc"] == "2.0"
        assert not str(message.get("id", "")).startswith("lou-")
        if "method" in message or message["id"] is None:
            return
        id_ = message["id"]
        self.answers[id_] += 1
        if id_ in self.open or id_ in self.cancelled:
            assert self.answers[id_] == 1
            self.open.discard(id_)
        if self.asked_initialize and id_ == self.handshake:
            self.asked_initialize = "result" in message  # refused: it may try again

    @invariant()
    def a_handshake_comes_first(self) -> None:
        if hasattr(self, "play") and self.asked_initialize and self.heard:
            methods = [message["method"] for message in self.heard]
            assert methods[0] == "initialize"
            assert methods.count("initialize") == 1
            if self.greeted and len(methods) > 1:
                assert methods[1] == "notifications/initialized"

    def teardown(self) -> None:
        """Whatever was asked is answered in the end, once."""
        if not hasattr(self, "play"):
            return
        if self.is_connected:
            self.server_dies()
        assert self.play.session.phase == AWAY
        self.time_passes(LONGEST_HOLD_S)
        self.read()
        assert not self.open
        assert self.play.session.is_idle


TestAnySession = AnySession.TestCase
TestAnySession.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
