"""No history breaks the invariants: random events against a small model of the world."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.supervision.lifecycle import step
from app.supervision.states import (
    Answered,
    BecameReady,
    CauseChanged,
    Command,
    Exited,
    LifecycleEvent,
    MemoryMeasured,
    Refused,
    RestartPolicy,
    RestartRequested,
    Resumed,
    Server,
    Spawned,
    SwitchChanged,
    TimerFired,
)
from app.views import ServerState, Trouble

POLICY = RestartPolicy()
ALIVE = {ServerState.STARTING, ServerState.READY, ServerState.UNHEALTHY, ServerState.STOPPING}
EXAMPLES = int(os.environ.get("LOU_HISTORIES", "300"))


class World(RuleBasedStateMachine):
    """At most one process; the doer carries out every effect at once."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.now = 0.0
        self.processes = 0
        self.given_up = 0

    def feed(self, event: LifecycleEvent, draw: float = 0.5) -> None:
        before = self.server
        self.server, effects = step(before, event, self.now, POLICY, draw=draw)
        for effect in effects:
            if effect is Command.START:
                assert before.state is not ServerState.STOPPING or isinstance(
                    event, Exited | Refused
                )
                assert self.processes == 0, "a twin"
                self.processes = 1
            if effect in {Command.PING, Command.ASK, Command.TERMINATE, Command.KILL}:
                assert self.processes == 1, f"{effect} to nobody"
        assert effects.count(Command.START) <= 1
        if before.state is ServerState.FAILED and not isinstance(
            event, SwitchChanged | RestartRequested | CauseChanged | TimerFired | Resumed
        ):
            assert self.server.state is ServerState.FAILED, "failed is sticky"
        if self.server.state is ServerState.BACKOFF and before.state is not ServerState.BACKOFF:
            assert 0 <= self.server.due - self.now <= POLICY.delay_cap
        if Command.GIVE_UP in effects:
            assert self.server.trouble is not None

    @rule(seconds=st.sampled_from([0.01, 0.5, 2.0, 5.0, 20.0, 70.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(draw=st.floats(0, 1))
    def the_timer_rings(self, draw: float) -> None:
        if self.server.due is not None:
            self.now = max(self.now, self.server.due)
        self.feed(TimerFired(), draw)

    @rule(on=st.booleans())
    def somebody_switches(self, on: bool) -> None:
        self.feed(SwitchChanged(on))

    @rule(
        event=st.sampled_from(
            [
                RestartRequested(),
                CauseChanged(),
                Resumed(),
                MemoryMeasured(True),
                MemoryMeasured(False),
                TimerFired(),
            ]
        )
    )
    def something_happens(self, event: LifecycleEvent) -> None:
        self.feed(event)

    @rule(event=st.sampled_from([Spawned(), BecameReady(), Answered()]), draw=st.floats(0, 1))
    def the_server_speaks_even_when_it_is_too_late(
        self, event: LifecycleEvent, draw: float
    ) -> None:
        self.feed(event, draw)

    @precondition(lambda self: self.processes)
    @rule(code=st.sampled_from([0, 1, 77, 78, -9, -11, -15]), draw=st.floats(0, 1))
    def the_process_ends(self, code: int, draw: float) -> None:
        self.processes = 0
        self.feed(Exited(code), draw)

    @precondition(
        lambda self: (
            self.processes and self.server.state in {ServerState.STARTING, ServerState.STOPPING}
        )
    )
    @rule()
    def the_start_is_refused(self) -> None:
        self.processes = 0
        self.feed(Refused(Trouble("no_key", "No key is set.")))

    @invariant()
    def a_process_is_there_exactly_in_the_states_that_have_one(self) -> None:
        assert self.server.alive == bool(self.processes) == (self.server.state in ALIVE)

    @invariant()
    def whoever_needs_a_timer_has_one(self) -> None:
        if self.server.state in ALIVE | {ServerState.BACKOFF}:
            assert self.server.due is not None

    @invariant()
    def off_means_not_wanted(self) -> None:
        assert self.server.wanted or self.server.state in {ServerState.OFF, ServerState.STOPPING}
        assert not self.server.wanted or self.server.state is not ServerState.OFF

    def teardown(self) -> None:
        """From anywhere, off is reached within the ladder."""
        self.feed(SwitchChanged(False))
        if self.processes:
            self.processes = 0
            self.feed(Exited(-9))
        assert self.server.state is ServerState.OFF


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
