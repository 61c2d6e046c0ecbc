"""When all servers together restart too often, whatever each of them does."""

from __future__ import annotations

from app.supervision.states import RestartPolicy


def count_restart(
    recent: tuple[float, ...], now: float, policy: RestartPolicy
) -> tuple[tuple[float, ...], bool]:
    """The restarts of one window with one more at `now`, and whether they are too many."""
    recent = (*(at for at in recent if now - at < policy.restart_window), now)
    return recent, len(recent) > policy.breaker_limit
