"""What is true of one server now, for everybody who shows it."""

from __future__ import annotations

from dataclasses import dataclass

from app.processes.states import State, Trouble


@dataclass(frozen=True, slots=True)
class Observed:
    """One server. Times are seconds since the epoch; `since` is when it came into its state."""

    name: str
    wanted: bool = False
    state: State = State.OFF
    pid: int | None = None
    restarts: int = 0
    tools: int = 0
    clients: int = 0
    endpoint: str = ""
    trouble: Trouble | None = None
    since: float = 0.0
    started_at: float | None = None
    rss_bytes: int = 0
    cpu_percent: float = 0.0
