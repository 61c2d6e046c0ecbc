"""Keeps what is true equal to what is wanted, for every server at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.observe import Listeners
from app.processes.command import Blocked, Launch
from app.processes.states import Policy, State, Trouble
from servers.contract.envelope import Event

__all__ = ["Blocked", "Launch", "Observed", "Policy", "State", "Supervisor", "Trouble"]


@dataclass(frozen=True, slots=True)
class Observed:
    """What is true of one server now. Times are seconds since the epoch."""

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


class Supervisor:
    """All servers of this app. One loop, one thread; every method may be called at any time."""

    def __init__(
        self,
        prepare: Callable[[str], Awaitable[Launch | Blocked]],
        *,
        policy: Policy = Policy(),  # noqa: B008 - frozen
        run_folder: Path,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.changed: Listeners[str] = Listeners()
        self.messages: Listeners[tuple[str, Event]] = Listeners()
        self.stderr: Listeners[tuple[str, str]] = Listeners()
        self.gave_up: Listeners[tuple[str, Trouble]] = Listeners()
        self._prepare, self._policy, self._run_folder = prepare, policy, run_folder
        self._redact = redact

    def add(self, name: str) -> None:
        """Know of a server; it is off until it is wanted."""
        raise NotImplementedError

    async def remove(self, name: str) -> None:
        """Stop the server and forget it."""
        raise NotImplementedError

    def want(self, name: str, on: bool) -> None:
        """Switch; returns at once. `settled` waits for the effect."""
        raise NotImplementedError

    async def settled(self, name: str, timeout: float) -> Observed:  # noqa: ASYNC109
        """Wait until the server is as wanted, or blocked or failed; at most `timeout` seconds.

        Returns what is true then, settled or not.
        """
        raise NotImplementedError

    async def restart(self, name: str) -> None:
        """Stop and start anew; clears a failure for good. `settled` waits for the effect."""
        raise NotImplementedError

    def wake(self, name: str) -> None:
        """A cause changed (key, configuration, program): a blocked or failed server tries again."""
        raise NotImplementedError

    async def configure(self, name: str, params: Mapping[str, Any]) -> None:
        """Give the server a new configuration while it runs; no effect on one that does not.

        Raises:
            ServerError: the server refused it or gave no answer.
        """
        raise NotImplementedError

    async def request(
        self,
        name: str,
        method: str,
        params: Mapping[str, Any],
        timeout: float,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """Ask the server and return its result.

        Raises:
            ServerError: unknown, not running, refused (`code` is the server's), or no answer.
        """
        raise NotImplementedError

    def observed(self, name: str) -> Observed:
        """What is true of one server.

        Raises:
            ServerError: there is no such server.
        """
        raise NotImplementedError

    def all(self) -> tuple[Observed, ...]:
        """What is true of every server, in the order they were added."""
        raise NotImplementedError

    async def stop(self, *, quick: bool = False) -> None:
        """Stop all servers at once; `quick` is for a logout, where seconds count."""
        raise NotImplementedError
