"""The vocabulary of a server's life: states, rules, what can happen and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from app.views import ServerState, Trouble


class StopStage(IntEnum):
    """How hard a stopping server has been asked so far."""

    ASKED = 0
    TERMINATED = 1
    KILLED = 2


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The numbers of supervision, in seconds where not said otherwise."""

    start_timeout: float = 60.0
    """A start takes a second here, and twenty on a quarter of a busy core."""
    ping_every: float = 5.0
    ping_jitter: float = 0.2
    """Part of `ping_every`, to either side."""
    ping_deadline: float = 2.0
    ping_again: float = 2.0
    """From a miss to the next ping: a hang is noticed 10 to 16 s after it began."""
    misses: int = 3
    away: float = 3.0
    """A timer this late means that the app or the machine slept."""
    grace_after_sleep: float = 30.0
    delay_unit: float = 0.5
    delay_cap: float = 30.0
    steady_after: float = 60.0
    restart_limit: int = 5
    restart_window: float = 60.0
    breaker_limit: int = 10
    """Restarts of all servers together in one window."""
    probe_every: float = 900.0
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
    """A process exists or is being started; a twin may not be."""
    due: float | None = None
    """When `Due` must be fed."""
    trouble: Trouble | None = None
    restarts: int = 0
    recent: tuple[float, ...] = ()
    """When the restarts that count towards giving up were decided."""
    attempt: int = 0
    """The exponent of the next delay."""
    fruitless: int = 0
    """Starts in a row that never became ready."""
    ready_at: float | None = None
    misses: int = 0
    awaits_pong: bool = False
    lenient_until: float = 0.0
    rung: StopStage = StopStage.ASKED
    lost: bool = False
    """Stopping because it failed, not because somebody asked."""
    woken: bool = False
    """A cause changed while the start was being prepared."""
    probing: bool = False
    """Started by itself after it was given up; a failure stays silent."""
    overweight_since: float | None = None


@dataclass(frozen=True, slots=True)
class SwitchChanged:
    """A person or the configuration switched the server."""

    on: bool


@dataclass(frozen=True, slots=True)
class Again:
    """A person asked for a restart, or pressed Retry."""


@dataclass(frozen=True, slots=True)
class Wake:
    """A cause changed: a key, the configuration, the program itself."""


@dataclass(frozen=True, slots=True)
class Due:
    """The time in `Server.due` has come."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """The process exists."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A precondition is missing; no process was made."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class BecameReady:
    """The server answered a real round trip of its own protocol."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The server's own loop answered a ping."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The process and all its descendants are gone. A negative `code` is a signal."""

    code: int
    words: str = ""
    """The last it said, fit to be shown."""
    reported: Trouble | None = None
    """What it said was wrong, in its own words."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The memory of the process tree was measured."""

    too_heavy: bool


@dataclass(frozen=True, slots=True)
class Resumed:
    """The machine was asleep until now."""


@dataclass(frozen=True, slots=True)
class Paused:
    """All servers together restarted too often."""

    trouble: Trouble


Happening = (
    SwitchChanged
    | Again
    | Wake
    | Due
    | Spawned
    | Refused
    | BecameReady
    | Answered
    | Exited
    | Weighed
    | Resumed
    | Paused
)


class Command(StrEnum):
    """What is to be done now."""

    START = "start"
    """Check preconditions, then make the process."""
    PING = "ping"
    ASK = "ask"
    """Send `stop` and close its stdin."""
    TERMINATE = "terminate"
    """SIGTERM and SIGCONT to its group."""
    KILL = "kill"
    """SIGKILL to its whole tree."""
    COUNT = "count"
    """A restart was decided that counts for the breaker."""
    GIVE_UP = "give up"
    """Tell the user once; the words are in `Server.trouble`."""
