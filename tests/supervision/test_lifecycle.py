"""Histories as tables: what happens when, and what must follow."""

from __future__ import annotations

import pytest

from app.supervision.lifecycle import count_restart, step
from app.supervision.states import (
    Answered,
    BecameReady,
    CauseChanged,
    Command,
    Exited,
    MemoryMeasured,
    Needed,
    Paused,
    Refused,
    RestartPolicy,
    RestartRequested,
    Resumed,
    Server,
    Spawned,
    SwitchChanged,
    TimerFired,
)
from app.supervision.trouble_messages import left, not_started
from app.views import ServerState, Trouble
from servers.contract.messages import EXIT_REFUSED, EXIT_UNREACHABLE

POLICY = RestartPolicy()
NO_KEY = Trouble("no_key", "No key is set.", "Set it.", "X")
OFF, BLOCKED, STARTING, READY = (
    ServerState.OFF,
    ServerState.BLOCKED,
    ServerState.STARTING,
    ServerState.READY,
)
UNHEALTHY, BACKOFF, STOPPING, FAILED = (
    ServerState.UNHEALTHY,
    ServerState.BACKOFF,
    ServerState.STOPPING,
    ServerState.FAILED,
)
START, PING, ASK, TERMINATE, KILL = (
    Command.START,
    Command.PING,
    Command.ASK,
    Command.TERMINATE,
    Command.KILL,
)
COUNT, GIVE_UP = Command.COUNT, Command.GIVE_UP

UP = [
    (0, SwitchChanged(True), STARTING, [START]),
    (0, Spawned(), STARTING, []),
    (1, BecameReady(), READY, []),
]
"""Ready at 1; the first ping is due at 9."""

HISTORIES = {
    "on and off": [
        *UP,
        (2, SwitchChanged(False), STOPPING, [ASK]),
        (3, Exited(0), OFF, []),
    ],
    "the stop ladder": [
        *UP,
        (2, SwitchChanged(False), STOPPING, [ASK]),
        (3.9, TimerFired(), STOPPING, []),
        (4, TimerFired(), STOPPING, [TERMINATE]),
        (9, TimerFired(), STOPPING, [KILL]),
        (11, TimerFired(), STOPPING, [KILL, GIVE_UP]),
        (41, TimerFired(), STOPPING, [KILL]),
        (50, Exited(-9), OFF, []),
    ],
    "on again while stopping starts only when the old one is gone": [
        *UP,
        (2, SwitchChanged(False), STOPPING, [ASK]),
        (2, SwitchChanged(True), STOPPING, []),
        (3, Exited(0), STARTING, [START]),
    ],
    "off twice and on twice are harmless": [
        *UP,
        (2, SwitchChanged(True), READY, []),
        (2, SwitchChanged(False), STOPPING, [ASK]),
        (2, SwitchChanged(False), STOPPING, []),
        (3, Exited(0), OFF, []),
        (3, SwitchChanged(False), OFF, []),
    ],
    "a timer that fires early counts as on time": [
        *UP,
        (8.8, TimerFired(due=8.9), READY, []),
        (8.8, TimerFired(due=9), READY, [PING]),
    ],
    "three misses": [
        *UP,
        (9, TimerFired(), READY, [PING]),
        (11, TimerFired(), UNHEALTHY, []),
        (12, TimerFired(), UNHEALTHY, [PING]),
        (14, TimerFired(), UNHEALTHY, []),
        (15, TimerFired(), UNHEALTHY, [PING]),
        (17, TimerFired(), STOPPING, [KILL]),
        (17.1, Exited(-9), BACKOFF, [COUNT]),
        (17.35, TimerFired(), STARTING, [START]),
    ],
    "a pong between misses": [
        *UP,
        (9, TimerFired(), READY, [PING]),
        (11, TimerFired(), UNHEALTHY, []),
        (12, TimerFired(), UNHEALTHY, [PING]),
        (12.1, Answered(), READY, []),
        (20.1, TimerFired(), READY, [PING]),
        (22.1, TimerFired(), UNHEALTHY, []),
        (23.1, TimerFired(), UNHEALTHY, [PING]),
        (25.1, TimerFired(), UNHEALTHY, []),
    ],
    "no miss counts after sleep": [
        *UP,
        (5, Resumed(), READY, []),
        (9, TimerFired(), READY, [PING]),
        (11, TimerFired(), READY, []),
        (12, TimerFired(), READY, [PING]),
        (14, TimerFired(), READY, []),
        (34, TimerFired(), READY, [PING]),
        (36, TimerFired(), UNHEALTHY, []),
    ],
    "a start gets its time again after sleep": [
        (0, SwitchChanged(True), STARTING, [START]),
        (59, Resumed(), STARTING, []),
        (60, TimerFired(), STARTING, []),
        (119, TimerFired(), STOPPING, [ASK]),
    ],
    "a start that is too slow": [
        (0, SwitchChanged(True), STARTING, [START]),
        (10, Spawned(), STARTING, []),
        (69, TimerFired(), STARTING, []),
        (70, TimerFired(), STOPPING, [ASK]),
        (71, Exited(0), BACKOFF, [COUNT]),
    ],
    "any exit that nobody asked for": [
        *UP,
        (2, Exited(0), BACKOFF, [COUNT]),
    ],
    "killed by somebody while ready": [
        *UP,
        (2, Exited(-9), BACKOFF, []),
        (2.25, TimerFired(), STARTING, [START]),
        (3, BecameReady(), READY, []),
        (3, Exited(-9), BACKOFF, []),
        (3.25, TimerFired(), STARTING, [START]),
    ],
    "killed by somebody before ready counts": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, Exited(-9), BACKOFF, [COUNT]),
    ],
    "a configuration error": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, Exited(78), FAILED, [GIVE_UP]),
        (1000, TimerFired(), FAILED, []),
        (1001, Resumed(), FAILED, []),
        (1002, CauseChanged(), STARTING, [START]),
    ],
    "no permission while ready": [
        *UP,
        (2, Exited(77), FAILED, [GIVE_UP]),
        (3, RestartRequested(), STARTING, [START]),
    ],
    "a precondition": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, Refused(NO_KEY), BLOCKED, []),
        (5, Resumed(), BLOCKED, []),
        (6, CauseChanged(), STARTING, [START]),
        (7, Refused(NO_KEY), BLOCKED, []),
        (8, SwitchChanged(False), OFF, []),
    ],
    "a cause that changes while the start is prepared": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, CauseChanged(), STARTING, []),
        (2, Refused(NO_KEY), STARTING, [START]),
    ],
    "off while the start is prepared": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, SwitchChanged(False), STOPPING, [ASK]),
        (1, Refused(NO_KEY), OFF, []),
    ],
    "a restart by a person": [
        *UP,
        (2, RestartRequested(), STOPPING, [ASK]),
        (3, Exited(0), STARTING, [START]),
    ],
    "a restart of what is off": [
        (0, RestartRequested(), OFF, []),
    ],
    "off during the delay": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, Exited(1), BACKOFF, [COUNT]),
        (1.1, SwitchChanged(False), OFF, []),
        (9, TimerFired(), OFF, []),
    ],
    "a restart by a person during the delay": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, Exited(1), BACKOFF, [COUNT]),
        (1.1, RestartRequested(), STARTING, [START]),
    ],
    "memory": [
        *UP,
        (10, MemoryMeasured(True), READY, []),
        (50, MemoryMeasured(True), READY, []),
        (60, MemoryMeasured(False), READY, []),
        (70, MemoryMeasured(True), READY, []),
        (129, MemoryMeasured(True), READY, []),
        (130, MemoryMeasured(True), STOPPING, [ASK]),
        (131, Exited(0), BACKOFF, [COUNT]),
    ],
    "what comes late is left out": [
        (0, BecameReady(), OFF, []),
        (0, Answered(), OFF, []),
        (0, Exited(1), OFF, []),
        (0, Refused(NO_KEY), OFF, []),
        (0, Spawned(), OFF, []),
        (0, MemoryMeasured(True), OFF, []),
        (0, TimerFired(), OFF, []),
        (0, CauseChanged(), OFF, []),
        *UP,
        (2, SwitchChanged(False), STOPPING, [ASK]),
        (2, BecameReady(), STOPPING, []),
        (2, Answered(), STOPPING, []),
        (2, Spawned(), STOPPING, []),
    ],
    "an address that is away is tried for as long as it is wanted": [
        (0, SwitchChanged(True), STARTING, [START]),
        *[
            step
            for at in range(0, 2_000, 100)
            for step in (
                (at + 1, Exited(EXIT_UNREACHABLE), BACKOFF, []),
                (at + 100, TimerFired(), STARTING, [START]),
            )
        ],
    ],
    "a client that needs it wakes it": [
        *UP,
        (10, Exited(EXIT_UNREACHABLE, retry_after_s=20.0), BACKOFF, []),
        (11, Needed(), BACKOFF, []),
        (11, TimerFired(), BACKOFF, []),
        (30, TimerFired(), STARTING, [START]),
        (31, Exited(1), BACKOFF, [COUNT]),
        (32, Needed(), BACKOFF, []),
    ],
    "a refused key blocks until something changes": [
        *UP,
        (2, Exited(EXIT_REFUSED), BLOCKED, []),
        (3, TimerFired(), BLOCKED, []),
        (4, CauseChanged(), STARTING, [START]),
        (5, Exited(EXIT_REFUSED), BLOCKED, []),
        (905, TimerFired(), STARTING, [START]),
    ],
    "a client that needs it finds out whether a refused key is taken again": [
        *UP,
        (10, Exited(EXIT_REFUSED), BLOCKED, []),
        (11, Needed(), BLOCKED, []),
        (11, TimerFired(), BLOCKED, []),
        (12, TimerFired(), STARTING, [START]),
        (13, Exited(EXIT_REFUSED), BLOCKED, []),
        (14, Needed(), BLOCKED, []),
        (16, TimerFired(), BLOCKED, []),
        (17, TimerFired(), STARTING, [START]),
        (18, BecameReady(), READY, []),
        (19, Exited(EXIT_REFUSED), BLOCKED, []),
        (20, Needed(), BLOCKED, []),
        (21, TimerFired(), STARTING, [START]),
    ],
    "a key that is missing waits for the key": [
        (0, SwitchChanged(True), STARTING, [START]),
        (1, Refused(NO_KEY), BLOCKED, []),
        (2, Needed(), BLOCKED, []),
        (900, TimerFired(), BLOCKED, []),
    ],
    "a pause of all is not for a server that did not fail": [
        *UP,
        (2, Exited(-9), BACKOFF, []),
        (2, Paused(NO_KEY), BACKOFF, []),
    ],
    "a pause of all": [
        *UP,
        (2, Paused(NO_KEY), READY, []),
        (3, Exited(1), BACKOFF, [COUNT]),
        (3, Paused(NO_KEY), FAILED, []),
        (4, CauseChanged(), STARTING, [START]),
    ],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_history(history):
    server = Server()
    for now, event, state, effects in history:
        server, done = step(server, event, now, POLICY, draw=0.5)
        assert (server.state, list(done)) == (state, effects), (now, event, server)


def crash(server: Server, now: float, draw: float) -> tuple[Server, float, list[Command]]:
    """Let a starting server exit at once; returns it, the time of its next event, the effects."""
    server, effects = step(server, Exited(1), now, POLICY, draw=draw)
    seen = list(effects)
    if server.state is BACKOFF:
        now = server.due
        server, effects = step(server, TimerFired(), now, POLICY, draw=draw)
        seen += effects
    return server, now, seen


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_the_sixth_exit_in_a_row_is_the_last_and_is_told_once(draw):
    server, _ = step(Server(), SwitchChanged(True), 0, POLICY, draw=draw)
    now, told = 0.0, 0
    for _ in range(6):
        server, now, effects = crash(server, now + 1.24, draw)
        told += effects.count(GIVE_UP)
    assert (server.state, server.restarts, told) == (FAILED, 5, 1)
    assert now <= 60


def test_a_server_that_never_gets_ready_is_given_up_however_slow_its_starts_are():
    server, _ = step(Server(), SwitchChanged(True), 0, POLICY, draw=0.999)
    now, starts = 0.0, 1
    while server.state is not FAILED:
        now += POLICY.start_timeout
        server, _ = step(server, TimerFired(), now, POLICY, draw=0.999)
        server, now, effects = crash(server, now + 1, 0.999)
        starts += effects.count(START)
    assert starts == 6


def test_a_silent_start_is_told_of_before_it_is_given_up_and_not_after_it_is_ready():
    server = Server()
    for now, event in ((0, SwitchChanged(True)), (1, Spawned())):
        server, _ = step(server, event, now, POLICY, draw=0.5)
    assert server.due == 1 + POLICY.slow_after
    slow, commands = step(server, TimerFired(), server.due, POLICY, draw=0.5)
    assert (slow.state, commands) == (STARTING, ())
    assert slow.trouble is not None
    assert "has answered nothing for 8 s" in slow.trouble.message
    ready, _ = step(slow, BecameReady(), 20, POLICY, draw=0.5)
    assert (ready.state, ready.trouble) == (READY, None)
    late, commands = step(slow, TimerFired(), 1 + POLICY.start_timeout, POLICY, draw=0.5)
    assert (late.state, commands) == (STOPPING, (ASK,))
    assert late.trouble is not None
    assert late.trouble.code == "slow_start"


def test_the_delay_doubles_to_its_cap_and_begins_anew_after_a_steady_minute():
    policy = RestartPolicy(restart_limit=1000, restart_window=1e-9)
    server, _ = step(Server(), SwitchChanged(True), 0, policy, draw=1.0)
    delays, now = [], 0.0
    for _ in range(9):
        server, _ = step(server, BecameReady(), now, policy, draw=1.0)
        server, _ = step(server, Exited(1), now, policy, draw=1.0)
        delays.append(server.due - now)
        now = server.due
        server, _ = step(server, TimerFired(), now, policy, draw=1.0)
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    server, _ = step(server, BecameReady(), now, policy, draw=1.0)
    server, _ = step(server, Exited(1), now + 60, policy, draw=1.0)
    assert server.due - (now + 60) == 0.5


def test_a_hang_is_noticed_within_seventeen_seconds_of_its_worst_moment():
    server, _ = step(Server(), SwitchChanged(True), 0, POLICY, draw=0.5)
    server, _ = step(server, BecameReady(), 0, POLICY, draw=0.5)
    while server.state in {READY, UNHEALTHY}:
        now = server.due
        server, _ = step(server, TimerFired(), now, POLICY, draw=0.5)
    assert now <= 17


def test_what_was_given_up_is_probed_silently_every_quarter_of_an_hour():
    server, _ = step(Server(), SwitchChanged(True), 0, POLICY, draw=0.5)
    now = 0.0
    for _ in range(6):
        server, now, _ = crash(server, now, 0.5)
    assert server.state is FAILED
    given_up_at = now
    for probe in range(1, 4):
        server, effects = step(server, TimerFired(), server.due, POLICY, draw=0.5)
        assert list(effects) == [START]
        now = given_up_at + probe * POLICY.probe_every
        server, effects = step(server, Exited(1), now, POLICY, draw=0.5)
        assert (server.state, list(effects)) == (FAILED, [])


def test_a_probe_that_lasts_makes_the_server_whole_again():
    server = Server(wanted=True, state=FAILED, due=900, recent=(1, 2, 3, 4, 5), attempt=5)
    server, _ = step(server, TimerFired(), 900, POLICY, draw=0.5)
    server, _ = step(server, BecameReady(), 901, POLICY, draw=0.5)
    server, _ = step(server, Answered(), 962, POLICY, draw=0.5)
    server, effects = step(server, Exited(1), 963, POLICY, draw=0.5)
    assert (server.state, list(effects)) == (BACKOFF, [COUNT])


def test_the_words_of_a_trouble_say_what_happened_and_what_to_do():
    server, _ = step(Server(), SwitchChanged(True), 0, POLICY, draw=0.5)
    server, _ = step(server, Exited(3, "disk full"), 1, POLICY, draw=0.5)
    assert server.trouble.message == (
        "It ended by itself with exit code 3. Its last words: disk full"
    )
    assert server.trouble.hint


def test_a_start_without_a_process_is_not_told_as_an_end():
    trouble = left(not_started(71, "It could not be started: no memory."))
    assert trouble.message == "It could not be started: no memory."


def test_what_a_refusing_server_said_is_its_trouble():
    server, _ = step(Server(), SwitchChanged(True), 0, POLICY, draw=0.5)
    server, _ = step(server, Exited(78, "", NO_KEY), 1, POLICY, draw=0.5)
    assert server.trouble == NO_KEY


def test_the_breaker_trips_above_its_limit_within_its_window():
    recent, tripped = (), []
    for at in range(12):
        recent, is_storm = count_restart(recent, float(at), POLICY)
        tripped.append(is_storm)
    assert tripped == [False] * 10 + [True] * 2
    assert not count_restart(recent, 100.0, POLICY)[1]
