"""What is true of one server now, for everybody who shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.supervision.reported import ReportedStatus
from app.supervision.states import Server, ServerState, Trouble


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server. Times are seconds since the epoch; `since` is when it came into its state."""

    name: str
    wanted: bool = False
    state: ServerState = ServerState.OFF
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


def observe(name: str, server: Server, facts: ReportedStatus | None, since: float) -> ServerStatus:
    """What the lifecycle decided and, while a process is there, what it told of itself."""
    bare = ServerStatus(
        name,
        server.wanted,
        server.state,
        restarts=server.restarts,
        trouble=server.trouble,
        since=since,
    )
    if facts is None:
        return bare
    return replace(
        bare,
        pid=facts.pid,
        tools=facts.tools,
        clients=facts.clients,
        endpoint=facts.endpoint,
        trouble=server.trouble or facts.trouble,
        started_at=facts.started_at,
        rss_bytes=facts.rss_bytes,
        cpu_percent=facts.cpu_percent,
    )
