"""Writes log lines about servers: starts, stops, troubles, clients and calls.

In: changes of status, client events, calls. Out: lines in the logbook.
"""

from __future__ import annotations

import time

from app.logs.logbook import Logbook
from app.views import CallRecord, ClientEvent, ServerState, ServerStatus

_CALLS_A_SECOND = 50
"""Lines for each server. Further calls are only counted, and one line tells how many."""
_LEVELS = {
    ServerState.FAILED: "ERROR",
    ServerState.BACKOFF: "WARNING",
    ServerState.BLOCKED: "WARNING",
    ServerState.UNHEALTHY: "WARNING",
}
_TEXTS = {
    ServerState.BACKOFF: "The server ended and is started again soon",
    ServerState.FAILED: "The server has failed",
}
_STAGES = {"initialized": "connected", "tools_listed": "listed the tools", "left": "left"}


class LifecycleLog:
    """Writes states, clients and calls of all servers to the logbook."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook
        self._states: dict[str, ServerState] = {}
        self._calls: dict[str, _CallsOfSecond] = {}

    def server(self, now: ServerStatus) -> None:
        """Log a change of state with its reason."""
        if self._states.get(now.name, ServerState.OFF) is now.state:
            return
        self._states[now.name] = now.state
        reason = f": {now.trouble.message}" if now.trouble else ""
        text = _TEXTS.get(now.state, f"The server is {now.state.value}")
        self._logbook.add(now.name, _LEVELS.get(now.state, "INFO"), "lou", f"{text}{reason}")

    def client(self, event: ClientEvent) -> None:
        """Log that a client connected, listed the tools or left."""
        stage = _STAGES.get(event.stage)
        if stage:
            who = f"{event.client or 'A client'} {event.version}".strip()
            self._logbook.add(event.server, "INFO", "lou", f"{who} {stage}", at=event.at)

    def call(self, record: CallRecord) -> None:
        """Log a call; beyond the limit, one line a second counts the others."""
        if record.own:
            return
        second = self._calls.setdefault(record.server, _CallsOfSecond())
        left_out = second.next_second()
        if left_out:
            text = f"{left_out} more calls in that second are in the metrics only"
            self._logbook.add(record.server, "INFO", "lou", text)
        if second.has_room():
            self._logbook.add(record.server, *_line(record), at=record.at, call=record.id)


class _CallsOfSecond:
    """The calls of one server within one second."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0

    def next_second(self) -> int:
        """Begin a new second if it is time; returns how many calls of the last were left out."""
        now = int(time.monotonic())
        if now == self._second:
            return 0
        left_out = max(0, self._count - _CALLS_A_SECOND)
        self._second, self._count = now, 0
        return left_out

    def has_room(self) -> bool:
        self._count += 1
        return self._count <= _CALLS_A_SECOND


def _line(record: CallRecord) -> tuple[str, str, str]:
    level = "INFO" if record.outcome == "ok" else "WARNING"
    reason = f" ({record.error})" if record.error else ""
    who = f" for {record.client}" if record.client else ""
    return level, "call", f"{record.tool}{who}: {record.outcome}{reason} in {record.ms:.1f} ms"
