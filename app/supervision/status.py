"""The status of one server: what the lifecycle decided and what its process reported.

In: the events of one process. Out: a `ServerStatus` of `app.views`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from app.supervision.states import Server
from app.views import ServerStatus, Trouble
from servers.contract import messages
from servers.contract.envelope import Event

_MISSING_TOOLS = "missing_tools"
_ERRORS = ("ERROR", "CRITICAL")
_LOOKED_AT = 8_000


@dataclass(slots=True)
class ReportedStatus:
    """What one process reported, from its start to its end."""

    instance: str
    memory_budget: int = 0
    required_tools: tuple[str, ...] = ()
    pid: int | None = None
    started_at: float = field(default_factory=time.time)
    tools: int = 0
    endpoint: str = ""
    rss_bytes: int = 0
    cpu_percent: float = 0.0
    last_error: str = ""
    """The last error that it logged, else the reason in its `bye` event; one line."""
    retry_after_s: float = 0.0
    """How long the server at its address asks to wait."""
    _sessions: set[str] = field(default_factory=set)
    _troubles: dict[str, Trouble] = field(default_factory=dict)

    def handle(self, event: Event) -> bool:
        """Record one event; returns whether the status may differ now."""
        data = event.data
        if event.event == messages.READY:
            self.tools = data["tools"] if isinstance(data.get("tools"), int) else 0
            self.endpoint = str(data.get("endpoint", ""))
        elif event.event == messages.CLIENT_CONNECTED:
            self._sessions.add(str(data.get("session")))
        elif event.event == messages.CLIENT_LEFT:
            self._sessions.discard(str(data.get("session")))
        elif event.event == messages.TROUBLE:
            self._handle_trouble(data)
        else:
            self._handle_error(event)
            return False
        return True

    def check_tools(self, offered: Iterable[str]) -> None:
        """Record which of the required tools are not in `offered`."""
        missing = sorted(set(self.required_tools) - set(offered))
        self._troubles.pop(_MISSING_TOOLS, None)
        if missing:
            self._troubles[_MISSING_TOOLS] = Trouble(
                _MISSING_TOOLS,
                f"It runs, but these tools that it must have are missing: {', '.join(missing)}.",
                "Update the server, or take them off its required tools.",
            )

    @property
    def clients(self) -> int:
        """The number of its open MCP sessions."""
        return len(self._sessions)

    @property
    def trouble(self) -> Trouble | None:
        """The latest trouble that it reported and did not clear."""
        return next(reversed(self._troubles.values()), None)

    @property
    def is_over_budget(self) -> bool:
        """Whether its process tree takes more than twice its memory budget."""
        return 0 < 2 * self.memory_budget < self.rss_bytes

    def _handle_trouble(self, data: dict[str, Any]) -> None:
        code = str(data.get("code", ""))
        self._troubles.pop(code, None)
        if not data.get("cleared"):
            words = (str(data.get(part, "")) for part in ("message", "hint", "key"))
            self._troubles[code] = Trouble(code, *words)
            asked = data.get("retry_after_s")
            self.retry_after_s = float(asked) if isinstance(asked, int | float) else 0.0

    def _handle_error(self, event: Event) -> None:
        data = event.data
        if event.event == messages.LOG and data.get("level") in _ERRORS:
            lines = str(data.get("message", "")).strip().splitlines() or [""]
            self.last_error = lines[-1][:_LOOKED_AT]
        elif event.event == messages.BYE and data.get("code") and not self.last_error:
            self.last_error = str(data.get("reason", ""))[:_LOOKED_AT]


def observe(
    name: str, server: Server, reported: ReportedStatus | None, since: float
) -> ServerStatus:
    """The status: the lifecycle's decision and, while a process runs, what that reported."""
    bare = ServerStatus(
        name,
        server.wanted,
        server.state,
        restarts=server.restarts,
        trouble=server.trouble,
        since=since,
    )
    if reported is None:
        return bare
    return replace(
        bare,
        pid=reported.pid,
        tools=reported.tools,
        clients=reported.clients,
        endpoint=reported.endpoint,
        trouble=server.trouble or reported.trouble,
        started_at=reported.started_at,
        rss_bytes=reported.rss_bytes,
        cpu_percent=reported.cpu_percent,
    )
