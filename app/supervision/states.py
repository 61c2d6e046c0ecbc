"""The values of the lifecycle: the policy, the state of one server, its events and its commands.

`lifecycle.step` takes a `Server` and a `LifecycleEvent` and returns the next `Server` and the
`Command`s that `ServerRunner` executes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from app.views import ServerState, Trouble


class StopStage(IntEnum):
    """The last means that was used to stop a server."""

    ASKED = 0
    TERMINATED = 1
    KILLED = 2


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Limits and delays of supervision; seconds unless the name says otherwise."""

    start_timeout: float = 60.0
    """A start takes 1 s on a quiet machine and 20 s on a quarter of a busy core."""
    slow_after: float = 8.0
    """A start that takes longer is told to the person, who may know why."""
    ping_every: float = 8.0
    """Where the server cannot put it off; see `servers.contract.ping_timer`."""
    ping_deadline: float = 2.0
    ping_again: float = 1.0
    """From a missed answer to the next ping: a hang is detected 8 to 16 s after it began."""
    misses: int = 3
    away: float = 3.0
    """A timer that is this late means that the app or the machine was suspended."""
    grace_after_sleep: float = 30.0
    delay_unit: float = 0.5
    delay_cap: float = 30.0
    steady_after: float = 60.0
    restart_limit: int = 5
    restart_window: float = 60.0
    breaker_limit: int = 10
    """Restarts of all servers together in one `restart_window`."""
    probe_every: float = 900.0
    needed_every: float = 2.0
    """The shortest time between two tries of an address that is away and that a client needs; it
    doubles while the address refuses the key."""
    unreachable_cap: float = 60.0
    """The longest time between two tries of an address that is away."""
    close_wait: float = 2.0
    term_wait: float = 5.0
    kill_wait: float = 2.0
    overweight_for: float = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """One server as its lifecycle sees it. All times are on one monotonic clock."""

    wanted: bool = False
    state: ServerState = ServerState.OFF
    alive: bool = False
    """A process exists or is being started, so no other may be started."""
    due: float | None = None
    """When `TimerFired` must be passed to `step`."""
    start_until: float = 0.0
    """When a start that is under way is given up."""
    trouble: Trouble | None = None
    restarts: int = 0
    recent: tuple[float, ...] = ()
    """The times of the restarts that count towards giving up."""
    attempt: int = 0
    """The exponent of the next restart delay."""
    failed_starts: int = 0
    """Starts in a row that never became ready."""
    ready_at: float | None = None
    misses: int = 0
    awaits_pong: bool = False
    lenient_until: float = 0.0
    stop_stage: StopStage = StopStage.ASKED
    lost: bool = False
    """It is being stopped because it failed, not on request."""
    woken: bool = False
    """A precondition changed while the start was being prepared."""
    probing: bool = False
    """It was started by a probe after it was given up; a failure is not announced again."""
    overweight_since: float | None = None
    not_before: float = 0.0
    """While its address is away or refuses the key: when a client may make it try again."""


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """What may change the state of a server: one of the classes below."""


@dataclass(frozen=True, slots=True)
class SwitchChanged(LifecycleEvent):
    """A person or the configuration switched the server."""

    on: bool


class RestartRequested(LifecycleEvent):
    """A person asked for a restart or pressed Retry."""


class CauseChanged(LifecycleEvent):
    """What kept it from starting may be gone: a key, the configuration or Lou changed."""


@dataclass(frozen=True, slots=True)
class TimerFired(LifecycleEvent):
    """The time in `Server.due` is reached; timers may fire early, so `due` counts as reached."""

    due: float = 0.0


class Spawned(LifecycleEvent):
    """The process exists."""


@dataclass(frozen=True, slots=True)
class Refused(LifecycleEvent):
    """A precondition is missing; no process was started."""

    trouble: Trouble


class BecameReady(LifecycleEvent):
    """The server answered a round trip over its own protocol."""


class Answered(LifecycleEvent):
    """The event loop of the server answered a ping."""


@dataclass(frozen=True, slots=True)
class Exited(LifecycleEvent):
    """The process and all its descendants are gone. A negative `code` is a signal."""

    code: int
    words: str = ""
    """Its last line of output, redacted."""
    reported: Trouble | None = None
    """The trouble that it reported itself."""
    retry_after_s: float = 0.0
    """How long the server at its address asks to wait."""


@dataclass(frozen=True, slots=True)
class MemoryMeasured(LifecycleEvent):
    """The memory of the process tree was measured."""

    too_heavy: bool


class Needed(LifecycleEvent):
    """A client waits for it."""


class Resumed(LifecycleEvent):
    """The machine was suspended until now."""


@dataclass(frozen=True, slots=True)
class Paused(LifecycleEvent):
    """All servers together restarted too often, so restarting is paused."""

    trouble: Trouble


class Command(StrEnum):
    """What the runner must do now."""

    START = "start"
    """Check the preconditions, then start the process."""
    PING = "ping"
    ASK = "ask"
    """Send `stop` and close its stdin."""
    TERMINATE = "terminate"
    """SIGTERM and SIGCONT to its group."""
    KILL = "kill"
    """SIGKILL to its whole tree."""
    COUNT = "count"
    """Count a restart for the breaker of all servers."""
    GIVE_UP = "give up"
    """Announce the failure once; its text is in `Server.trouble`."""
