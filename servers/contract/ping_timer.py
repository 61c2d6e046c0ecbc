"""The timer of the kernel after which the app pings a server. The server itself puts it off. Linux.

The app makes it, winds it up, and sends a copy to the server. The loop of a server that is well
winds it up again and again, so it becomes readable, and wakes the app, only after a hang. Both
wake at the same beats of the monotonic clock.
"""

from __future__ import annotations

import asyncio
import time

BEAT_S = 8.0
"""Seconds between the beats at which servers are asked."""
EARLY_S = 0.5
"""How early a coarse timer may fire; its beat is over then."""
_SLACK_S = 0.25
"""How late a beat may be; the app asks a server that is later, which is no harm."""
_BEATS = 40
"""In a row that put off a ping; the one that follows them shows that the pipes work, too."""
_MONOTONIC, _NOT_BLOCKING, _CLOSE_ON_EXEC = 1, 0o4000, 0o2000000


def make() -> int:
    """A timer's descriptor, which does not run; raises OSError if the system has none."""
    import ctypes  # noqa: PLC0415 - only where there are such timers

    timer: int = ctypes.pythonapi.timerfd_create(_MONOTONIC, _NOT_BLOCKING | _CLOSE_ON_EXEC)
    if timer < 0:
        raise OSError("there is no timer")
    return timer


def wind(timer: int, seconds: float) -> None:
    """Let it run down in `seconds` from now, and not before."""
    import ctypes  # noqa: PLC0415 - only where there are such timers

    whole, part = divmod(max(int(seconds * 1e9), 1), 10**9)
    once = (ctypes.c_long * 4)(0, 0, whole, part)
    ctypes.pythonapi.timerfd_settime(timer, 0, once, None)


def beat_before(at: float, every_s: float) -> float:
    """The last beat before `at`."""
    return (at + EARLY_S) // every_s * every_s


def seconds_to_beat(now: float, every_s: float) -> float:
    return beat_before(now, every_s) + every_s - now


_given: list[int] = []


def hand_over(timer: int) -> None:
    """Tell `put_off`, in this process, which timer is its own."""
    _given.append(timer)


def put_off() -> None:
    """Put off the app's pings at beats that all servers share, for as long as this loop turns."""
    while _given:
        _beat(_given.pop(), _BEATS)


def _beat(timer: int, left: int) -> None:
    pause = seconds_to_beat(time.monotonic(), BEAT_S)
    if left:
        wind(timer, pause + _SLACK_S)
    asyncio.get_running_loop().call_later(pause, _beat, timer, left - 1 if left else _BEATS)
