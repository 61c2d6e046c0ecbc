"""What happened to the servers, as log lines: states, clients, and calls with their id."""

from __future__ import annotations

import time

from app.logs.logbook import Logbook
from app.views import CallRecord, ClientEvent, ServerState, ServerStatus

_CALLS_A_SECOND = 50
"""Lines, for each server. Beyond that the metrics count them and one line says how many."""
_WORSE = {
    ServerState.FAILED: "ERROR",
    ServerState.BACKOFF: "WARNING",
    ServerState.BLOCKED: "WARNING",
}
_WORSE |= {ServerState.UNHEALTHY: "WARNING"}
_SOON = "The server ended and is started again soon"
_STAGES = {"initialized": "connected", "tools_listed": "listed the tools", "left": "left"}


class LifecycleLog:
    """Writes to the logbook what no server says of itself."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook
        self._states: dict[str, ServerState] = {}
        self._spells: dict[str, _Spell] = {}

    def server(self, now: ServerStatus) -> None:
        """Note a change of state, with its reason."""
        if self._states.get(now.name, ServerState.OFF) is now.state:
            return
        self._states[now.name] = now.state
        reason = f": {now.trouble.message}" if now.trouble else ""
        text = _SOON if now.state is ServerState.BACKOFF else f"The server is {now.state.value}"
        self._logbook.add(now.name, _WORSE.get(now.state, "INFO"), "lou", f"{text}{reason}")

    def client(self, event: ClientEvent) -> None:
        """Note that a client came, looked or went."""
        stage = _STAGES.get(event.stage)
        if stage:
            who = f"{event.client or 'A client'} {event.version}".strip()
            self._logbook.add(event.server, "INFO", "lou", f"{who} {stage}", at=event.at)

    def call(self, record: CallRecord) -> None:
        """Note a call; a flood of them in one line a second."""
        spell = self._spells.setdefault(record.server, _Spell())
        passed_over = spell.turn()
        if passed_over:
            text = f"{passed_over} more calls in that second are in the metrics only"
            self._logbook.add(record.server, "INFO", "lou", text)
        if spell.admits():
            self._logbook.add(record.server, *_line(record), at=record.at, call=record.id)


class _Spell:
    """The calls of one server within one second."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0

    def turn(self) -> int:
        """How many calls of the second before were passed over; 0 while it goes on."""
        now = int(time.monotonic())
        if now == self._second:
            return 0
        passed_over = max(0, self._count - _CALLS_A_SECOND)
        self._second, self._count = now, 0
        return passed_over

    def admits(self) -> bool:
        self._count += 1
        return self._count <= _CALLS_A_SECOND


def _line(record: CallRecord) -> tuple[str, str, str]:
    level = "INFO" if record.outcome == "ok" else "WARNING"
    reason = f" ({record.error})" if record.error else ""
    who = f" for {record.client}" if record.client else ""
    return level, "call", f"{record.tool}{who}: {record.outcome}{reason} in {record.ms:.1f} ms"
