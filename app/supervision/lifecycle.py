"""The pure state machine of one server: no process, no clock, no I/O.

In: the state of a server, an event, the time and a random number. Out: the next state and commands.

```
off ──want──> starting ──ready──> ready <──pong / miss──> unhealthy ──3 misses──> stopping (kill)
blocked <──precondition missing── starting ──exit, timeout──> backoff ──delay over──> starting
blocked <──its address refuses the key── starting, ready ──its address is away──> backoff
backoff ──limit, permanent code──> failed          any ──stop──> stopping ──gone──> off
```

A ready server that somebody else kills (SIGKILL) did not fail: it starts again after the first,
short delay, and the restart counts neither towards giving up nor for the breaker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.supervision.states import (
    Answered,
    BecameReady,
    CauseChanged,
    Command,
    Exited,
    LifecycleEvent,
    MemoryMeasured,
    Needed,
    Paused,
    Refused,
    RestartPolicy,
    RestartRequested,
    Resumed,
    Server,
    Spawned,
    StopStage,
    SwitchChanged,
    TimerFired,
)
from app.supervision.trouble_messages import (
    HUNG,
    OVERWEIGHT,
    STUCK,
    gave_up,
    left,
    paused,
    silent,
    too_slow,
)
from app.views import ANSWERING, ServerState
from servers.contract.messages import (
    EXIT_CONFIGURATION,
    EXIT_PERMISSION,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
)

Step = tuple[Server, tuple[Command, ...]]

KILLED = -9
_RUNNING = ANSWERING | {ServerState.STARTING}
_AWAITING = frozenset({ServerState.BACKOFF, ServerState.BLOCKED})
_STUCK_AGAIN = 30.0


@dataclass(frozen=True, slots=True)
class _Now:
    now: float
    policy: RestartPolicy
    draw: float


def step(
    server: Server, event: LifecycleEvent, now: float, policy: RestartPolicy, *, draw: float
) -> Step:
    """The state after `event` and the commands to execute.

    `now` is in seconds on a monotonic clock, `draw` a random number in [0, 1) for delays.
    """
    return _RULES[type(event)](server, event, _Now(now, policy, draw))


def count_restart(
    recent: tuple[float, ...], now: float, policy: RestartPolicy
) -> tuple[tuple[float, ...], bool]:
    """The restarts of one window with one more at `now`, and whether they are too many."""
    recent = (*(at for at in recent if now - at < policy.restart_window), now)
    return recent, len(recent) > policy.breaker_limit


def _switched(server: Server, event: SwitchChanged, at: _Now) -> Step:
    if not event.on:
        return _switched_off(server, at)
    server = replace(server, wanted=True)
    return _start(server, at) if server.state is ServerState.OFF else (server, ())


def _switched_off(server: Server, at: _Now) -> Step:
    server = replace(server, wanted=False, lost=False)
    if server.state in _RUNNING:
        return _stop(server, at)
    if server.alive:
        return server, ()
    return Server(restarts=server.restarts), ()


def _restart_requested(server: Server, _: LifecycleEvent, at: _Now) -> Step:
    if not server.wanted:
        return server, ()
    if server.state in _RUNNING:
        return _stop(_without_history(server), at)
    if server.alive:
        return replace(_without_history(server), lost=False), ()
    return _start(_without_history(server), at)


def _cause_changed(server: Server, _: LifecycleEvent, at: _Now) -> Step:
    if server.state in {ServerState.BLOCKED, ServerState.FAILED}:
        return _start(_without_history(server), at)
    return replace(server, woken=server.state is ServerState.STARTING), ()


def _resumed(server: Server, _: LifecycleEvent, at: _Now) -> Step:
    server = replace(server, lenient_until=at.now + at.policy.grace_after_sleep)
    if server.state is ServerState.STARTING:
        until = at.now + at.policy.start_timeout
        return replace(server, due=until, start_until=until), ()
    if server.state is ServerState.FAILED and server.due is not None:
        return _start(replace(server, probing=True), at)
    return server, ()


def _start(server: Server, at: _Now) -> Step:
    started = replace(
        server,
        state=ServerState.STARTING,
        alive=True,
        due=at.now + at.policy.start_timeout,
        start_until=at.now + at.policy.start_timeout,
        ready_at=None,
        misses=0,
        awaits_pong=False,
        lost=False,
        woken=False,
        overweight_since=None,
        not_before=0.0,
    )
    return started, (Command.START,)


def _spawned(server: Server, _: LifecycleEvent, at: _Now) -> Step:
    if server.state is ServerState.STARTING:
        until = at.now + at.policy.start_timeout
        due = min(until, at.now + at.policy.slow_after)
        return replace(server, due=due, start_until=until), ()
    return server, ()


def _refused(server: Server, event: Refused, at: _Now) -> Step:
    if not server.alive:
        return server, ()
    server = replace(server, alive=False, due=None)
    if not server.wanted:
        return Server(restarts=server.restarts), ()
    if server.woken or server.state is ServerState.STOPPING:
        return _start(server, at)
    return replace(server, state=ServerState.BLOCKED, trouble=event.trouble, probing=False), ()


def _became_ready(server: Server, _: BecameReady, at: _Now) -> Step:
    if server.state is not ServerState.STARTING:
        return server, ()
    due = at.now + at.policy.ping_every
    ready = replace(
        server, state=ServerState.READY, ready_at=at.now, due=due, trouble=None, failed_starts=0
    )
    return ready, ()


def _answered(server: Server, _: Answered, at: _Now) -> Step:
    if server.state not in ANSWERING:
        return server, ()
    due = at.now + at.policy.ping_every
    return replace(server, state=ServerState.READY, misses=0, awaits_pong=False, due=due), ()


def _timer_fired(server: Server, event: TimerFired, at: _Now) -> Step:
    at = replace(at, now=max(at.now, event.due))
    if server.due is None or at.now < server.due:
        return server, ()
    if server.state in ANSWERING:
        return _check_health(server, at)
    if server.state is ServerState.STARTING:
        return _start_is_late(server, at)
    if server.state is ServerState.STOPPING:
        return _escalate(server, at)
    if server.state is ServerState.BACKOFF:
        return _start(replace(server, restarts=server.restarts + 1), at)
    return _start(replace(server, probing=True), at)


def _start_is_late(server: Server, at: _Now) -> Step:
    if at.now < server.start_until:
        slow = silent(at.policy.slow_after)
        return replace(server, due=server.start_until, trouble=slow), ()
    return _stop(replace(server, lost=True, trouble=too_slow(at.policy.start_timeout)), at)


def _check_health(server: Server, at: _Now) -> Step:
    if not server.awaits_pong:
        asked = replace(server, awaits_pong=True, due=at.now + at.policy.ping_deadline)
        return asked, (Command.PING,)
    server = replace(server, awaits_pong=False, due=at.now + at.policy.ping_again)
    if at.now < server.lenient_until:
        return server, ()
    server = replace(server, misses=server.misses + 1, state=ServerState.UNHEALTHY)
    if server.misses < at.policy.misses:
        return server, ()
    return _kill(replace(server, lost=True, trouble=HUNG), at)


def _stop(server: Server, at: _Now) -> Step:
    due = at.now + at.policy.close_wait
    return replace(server, state=ServerState.STOPPING, stop_stage=StopStage.ASKED, due=due), (
        Command.ASK,
    )


def _kill(server: Server, at: _Now) -> Step:
    due = at.now + at.policy.kill_wait
    return replace(server, state=ServerState.STOPPING, stop_stage=StopStage.KILLED, due=due), (
        Command.KILL,
    )


def _escalate(server: Server, at: _Now) -> Step:
    if server.stop_stage is StopStage.ASKED:
        due = at.now + at.policy.term_wait
        return replace(server, stop_stage=StopStage.TERMINATED, due=due), (Command.TERMINATE,)
    if server.stop_stage is StopStage.TERMINATED:
        return _kill(server, at)
    is_news = server.trouble is None or server.trouble.code != STUCK.code
    commands = (Command.KILL, Command.GIVE_UP) if is_news else (Command.KILL,)
    return replace(server, trouble=STUCK, due=at.now + _STUCK_AGAIN), commands


def _memory_measured(server: Server, event: MemoryMeasured, at: _Now) -> Step:
    if server.state not in ANSWERING or not event.too_heavy:
        return replace(server, overweight_since=None), ()
    if server.overweight_since is None:
        return replace(server, overweight_since=at.now), ()
    if at.now - server.overweight_since < at.policy.overweight_for:
        return server, ()
    return _stop(replace(server, lost=True, trouble=OVERWEIGHT), at)


def _exited(server: Server, event: Exited, at: _Now) -> Step:
    if not server.alive:
        return server, ()
    if not server.wanted:
        return Server(restarts=server.restarts), ()
    if _is_steady(server, at):
        server = replace(_without_history(server), trouble=server.trouble)
    gone = replace(server, alive=False, due=None)
    if server.state is not ServerState.STOPPING:
        return _ended_by_itself(gone, event, at)
    return _fail(gone, at) if server.lost else _start(replace(gone, trouble=None), at)


def _ended_by_itself(server: Server, event: Exited, at: _Now) -> Step:
    was_up = server.state in ANSWERING
    server = replace(server, trouble=left(event))
    if event.code in {EXIT_CONFIGURATION, EXIT_PERMISSION}:
        return _give_up(server, probe_at=None)
    if event.code == EXIT_REFUSED:
        return _await_key(server, at)
    if event.code == EXIT_UNREACHABLE:
        return _await_address(server, event, at)
    if event.code == KILLED and was_up:
        return _retry(server, at.now + at.policy.delay_unit * at.draw)
    return _fail(server, at)


def _fail(server: Server, at: _Now) -> Step:
    if server.ready_at is None:
        server = replace(server, failed_starts=server.failed_starts + 1)
    recent = tuple(then for then in server.recent if at.now - then < at.policy.restart_window)
    spent = max(len(recent), server.failed_starts - 1)
    if server.probing or spent >= at.policy.restart_limit:
        return _give_up(server, probe_at=at.now + at.policy.probe_every)
    longest = min(at.policy.delay_cap, at.policy.delay_unit * 2 ** min(server.attempt, 30))
    server = replace(server, attempt=server.attempt + 1, recent=(*recent, at.now))
    server, commands = _retry(server, at.now + at.draw * longest)
    return server, (*commands, Command.COUNT)


def _await_address(server: Server, event: Exited, at: _Now) -> Step:
    """Try again for as long as it is wanted: an address that is away is no fault of a server."""
    if server.ready_at is not None:
        server = replace(server, attempt=0)
    longest = min(at.policy.unreachable_cap, at.policy.delay_unit * 2 ** min(server.attempt, 30))
    pause = max(event.retry_after_s, longest * (1 + at.draw) / 2)
    soonest = at.now + max(event.retry_after_s, min(pause, at.policy.needed_every))
    server = replace(server, attempt=server.attempt + 1, not_before=soonest, probing=False)
    return _retry(server, at.now + pause)


def _await_key(server: Server, at: _Now) -> Step:
    """Wait for another key; a client that calls may find that the same one is taken again."""
    attempt = 0 if server.ready_at is not None else server.attempt
    pause = min(at.policy.unreachable_cap, at.policy.needed_every * 2 ** min(attempt, 30))
    blocked = replace(
        server,
        state=ServerState.BLOCKED,
        due=at.now + at.policy.probe_every,
        attempt=attempt + 1,
        not_before=at.now + pause,
        probing=False,
    )
    return blocked, ()


def _needed(server: Server, _: LifecycleEvent, at: _Now) -> Step:
    if server.state not in _AWAITING or not server.not_before:
        return server, ()
    due = min(server.due or at.now, max(at.now, server.not_before))
    return replace(server, due=due), ()


def _retry(server: Server, due: float) -> Step:
    return replace(server, state=ServerState.BACKOFF, due=due), ()


def _give_up(server: Server, probe_at: float | None) -> Step:
    """Announce it, unless a probe of a server that was given up before failed again."""
    is_news = not server.probing
    failed = replace(
        server,
        state=ServerState.FAILED,
        due=probe_at,
        probing=False,
        trouble=gave_up(server.trouble, for_now=probe_at is not None),
    )
    return failed, ((Command.GIVE_UP,) if is_news else ())


def _paused(server: Server, event: Paused, at: _Now) -> Step:
    if server.state is not ServerState.BACKOFF or not server.recent:
        return server, ()  # one that did not restart is no part of the storm
    due = at.now + at.policy.probe_every
    trouble = paused(event.trouble, server.trouble)
    return replace(server, state=ServerState.FAILED, trouble=trouble, due=due), ()


def _is_steady(server: Server, at: _Now) -> bool:
    return server.ready_at is not None and at.now - server.ready_at >= at.policy.steady_after


def _without_history(server: Server) -> Server:
    return replace(server, recent=(), attempt=0, failed_starts=0, probing=False, trouble=None)


_RULES: dict[type, Callable[[Server, Any, _Now], Step]] = {
    SwitchChanged: _switched,
    RestartRequested: _restart_requested,
    CauseChanged: _cause_changed,
    TimerFired: _timer_fired,
    Spawned: _spawned,
    Refused: _refused,
    BecameReady: _became_ready,
    Answered: _answered,
    Exited: _exited,
    MemoryMeasured: _memory_measured,
    Needed: _needed,
    Resumed: _resumed,
    Paused: _paused,
}
