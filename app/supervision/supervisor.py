"""Keeps what is true equal to what is wanted, for every server at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.errors import ServerError
from app.supervision import run_files
from app.supervision.launch_command import Launch
from app.supervision.lifecycle import count_restart
from app.supervision.server_runner import RunnerContext, ServerRunner
from app.supervision.states import Again, Paused, RestartPolicy, Resumed, SwitchChanged, Wake
from app.supervision.trouble_messages import too_many_restarts
from app.system.listeners import Listeners
from app.views import ServerStatus, Trouble
from servers.contract import endpoint, messages
from servers.contract.envelope import Event

__all__ = ["Launch", "RestartPolicy", "Supervisor"]

log = logging.getLogger(__name__)

_CONFIGURE_DEADLINE = 15.0
_MARGIN = 1.0


class Supervisor:
    """All servers of this app. One loop, one thread; every method may be called at any time."""

    def __init__(
        self,
        prepare: Callable[[str], Awaitable[Launch | Trouble]],
        *,
        policy: RestartPolicy = RestartPolicy(),  # noqa: B008 - frozen
        run_folder: Path,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.changed: Listeners[str] = Listeners()
        self.messages: Listeners[tuple[str, Event]] = Listeners()
        self.stderr: Listeners[tuple[str, str]] = Listeners()
        self.gave_up: Listeners[tuple[str, Trouble]] = Listeners()
        """The server's name is empty when all servers together are meant."""
        self._policy = policy
        self._watches: dict[str, ServerRunner] = {}
        self._leaving: set[str] = set()
        """Those that are being removed."""
        self._recent: tuple[float, ...] = ()
        self._paused_until = 0.0
        self._slept = _time_asleep()
        self._sweep: asyncio.Task[None] | None = None
        self._around = RunnerContext(
            prepare=prepare,
            swept=self.swept,
            run_folder=run_folder,
            redact=redact,
            changed=self.changed.tell,
            message=self.messages.tell,
            stderr=self.stderr.tell,
            gave_up=self.gave_up.tell,
            counted=self._count,
            woke=self._look_at_clock,
        )

    def add(self, name: str) -> None:
        """Know of a server; it is off until it is wanted."""
        self._leaving.discard(name)
        if name not in self._watches:
            self._watches[name] = ServerRunner(name, self._around, self._policy)

    async def remove(self, name: str) -> None:
        """Stop the server and forget it, unless it is added again meanwhile."""
        watch = self._watch(name)
        self._leaving.add(name)
        watch.feed(SwitchChanged(False))
        await watch.settled(_patience(watch.policy))
        if self._watches.get(name) is watch and name in self._leaving:
            self._leaving.discard(name)
            del self._watches[name]

    def want(self, name: str, on: bool) -> None:
        """Switch; returns at once. `settled` waits for the effect."""
        self._watch(name).feed(SwitchChanged(on))

    async def settled(self, name: str, timeout: float) -> ServerStatus:  # noqa: ASYNC109
        """Wait until the server is as wanted, or blocked or failed; at most `timeout` seconds.

        Returns what is true then, settled or not.
        """
        watch = self._watch(name)
        await watch.settled(timeout)
        return watch.observed()

    async def restart(self, name: str) -> None:
        """Stop and start anew; clears a failure for good. `settled` waits for the effect."""
        self._watch(name).feed(Again())

    def wake(self, name: str) -> None:
        """A cause changed (key, configuration, program): a blocked or failed server tries again."""
        self._watch(name).feed(Wake())

    async def configure(self, name: str, params: Mapping[str, Any]) -> None:
        """Give the server a new configuration while it runs; no effect on one that does not.

        Raises:
            ServerError: the server refused it or gave no answer.
        """
        await self._watch(name).configure(params, _CONFIGURE_DEADLINE)

    async def request(
        self,
        name: str,
        method: str,
        params: Mapping[str, Any],
        timeout: float,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """Ask the server and return its result; cancelling this cancels a call in the server.

        Raises:
            ServerError: unknown, not running, refused (`code` is the server's), or no answer.
        """
        return await self._watch(name).request(method, params, timeout)

    def observed(self, name: str) -> ServerStatus:
        """What is true of one server.

        Raises:
            ServerError: there is no such server.
        """
        return self._watch(name).observed()

    def all(self) -> tuple[ServerStatus, ...]:
        """What is true of every server, in the order they were added."""
        return tuple(watch.observed() for watch in self._watches.values())

    async def stop(self, *, quick: bool = False) -> None:
        """Stop all servers at once; `quick` is for a logout, where seconds count."""
        watches = tuple(self._watches.values())
        for watch in watches:
            if quick:
                watch.policy = replace(watch.policy, close_wait=1.0, term_wait=0.0)
            watch.feed(SwitchChanged(False))
        await asyncio.gather(*(watch.settled(_patience(watch.policy)) for watch in watches))

    async def swept(self) -> None:
        """Wait until what a killed app left behind is gone; the first caller begins it."""
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().create_task(self._clean())
        await asyncio.shield(self._sweep)

    async def _clean(self) -> None:
        folder = self._around.run_folder
        try:
            endpoint.make_private(str(folder))
            left_behind = await asyncio.to_thread(run_files.sweep, folder)
        except OSError:
            log.exception("Could not look for what an earlier start of Lou left in %s", folder)
            return
        if left_behind:
            log.warning("Ended what an earlier start of Lou left: %s", ", ".join(left_behind))

    def _watch(self, name: str) -> ServerRunner:
        watch = self._watches.get(name)
        if watch is None:
            known = ", ".join(self._watches) or "none"
            raise ServerError(
                f"There is no server called {name}.",
                f"The servers are: {known}.",
                code=messages.UNKNOWN_SERVER,
            )
        return watch

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        self._recent, is_storm = count_restart(self._recent, now, self._policy)
        if not is_storm:
            return
        trouble = too_many_restarts(self._policy.breaker_limit)
        for watch in self._watches.values():
            watch.feed(Paused(trouble))
        if now >= self._paused_until:
            self.gave_up.tell(("", trouble))
        self._paused_until = now + self._policy.restart_window

    def _look_at_clock(self, late: float) -> None:
        """A late timer, or a clock that ran on in our sleep: nobody is to blame for silence."""
        slept, self._slept = _time_asleep() - self._slept, _time_asleep()
        if max(late, slept) > self._policy.away:
            for watch in tuple(self._watches.values()):
                watch.feed(Resumed())


def _patience(policy: RestartPolicy) -> float:
    return policy.close_wait + policy.term_wait + policy.kill_wait + _MARGIN


def _time_asleep() -> float:
    """Seconds that the machine has been suspended, where the system counts them (Linux)."""
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(boot_clock) - time.monotonic() if boot_clock is not None else 0.0
