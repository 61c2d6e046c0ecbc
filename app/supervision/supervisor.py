"""Runs all servers and keeps each in the state that is wanted.

In: names, switches, requests, and a function that prepares a launch. Out: a `ServerStatus` for each
server, results, and announcements.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.errors import ServerError, did_you_mean
from app.supervision import run_files
from app.supervision.launch_command import Launch
from app.supervision.lifecycle import count_restart
from app.supervision.server_process import ForkStarter
from app.supervision.server_runner import RunnerContext, ServerRunner
from app.supervision.states import (
    CauseChanged,
    Needed,
    Paused,
    RestartPolicy,
    RestartRequested,
    Resumed,
    SwitchChanged,
)
from app.supervision.trouble_messages import too_many_restarts
from app.system.listeners import Listeners
from app.views import ServerStatus, Trouble
from servers.contract import endpoint, messages
from servers.contract.envelope import Event

log = logging.getLogger(__name__)

_CONFIGURE_DEADLINE = 15.0
_MARGIN = 1.0


class Supervisor:
    """All servers of this app. Every method may be called at any time, on the loop's thread."""

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
        """The name is empty when all servers together are meant."""
        self._policy = policy
        self._runners: dict[str, ServerRunner] = {}
        self._removing: set[str] = set()
        """Servers that are being removed."""
        self._recent_restarts: tuple[float, ...] = ()
        self._paused_until = 0.0
        self._time_asleep_before = _time_asleep()
        self._sweep: asyncio.Task[None] | None = None
        self._context = RunnerContext(
            prepare=prepare,
            leftovers_ended=self.leftovers_ended,
            run_folder=run_folder,
            redact=redact,
            changed=self.changed.notify,
            message=self.messages.notify,
            stderr=self.stderr.notify,
            gave_up=self.gave_up.notify,
            restart_counted=self._count_restart,
            timer_fired=self._timer_was_late,
            forks=_fork_starter(),
        )

    def add(self, name: str) -> None:
        """Add a server; it is off until it is wanted."""
        self._removing.discard(name)
        if name not in self._runners:
            self._runners[name] = ServerRunner(name, self._context, self._policy)

    async def remove(self, name: str) -> None:
        """Stop the server and remove it, unless it is added again meanwhile."""
        runner = self._runner(name)
        self._removing.add(name)
        runner.feed(SwitchChanged(False))
        await runner.settled(_patience(runner.policy))
        if self._runners.get(name) is runner and name in self._removing:
            self._removing.discard(name)
            del self._runners[name]

    def want(self, name: str, on: bool) -> None:
        """Switch a server on or off; returns at once. `settled` waits for the effect."""
        self._runner(name).feed(SwitchChanged(on))

    async def settled(self, name: str, timeout: float) -> ServerStatus:  # noqa: ASYNC109
        """Wait until the server is as wanted, or blocked or failed; at most `timeout` seconds.

        Returns the status then, settled or not.
        """
        runner = self._runner(name)
        await runner.settled(timeout)
        return runner.observed()

    async def restart(self, name: str) -> None:
        """Stop it and start it again; clears its failures. `settled` waits for the effect."""
        self._runner(name).feed(RestartRequested())

    def wake(self, name: str) -> None:
        """Let a blocked or failed server try again, because a precondition changed."""
        self._runner(name).feed(CauseChanged())

    def need(self, name: str) -> None:
        """Let a server whose address is away or refuses its key try again for a client."""
        self._runner(name).feed(Needed())

    async def configure(self, name: str, params: Mapping[str, Any]) -> None:
        """Send a running server its new configuration; raises ServerError if it refuses that."""
        await self._runner(name).configure(params, _CONFIGURE_DEADLINE)

    async def request(
        self,
        name: str,
        method: str,
        params: Mapping[str, Any],
        timeout: float,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """Send a request and return its result; cancelling this cancels a call in the server.

        Raises:
            ServerError: unknown, not running, refused (`code` is the server's), or no answer.
        """
        return await self._runner(name).request(method, params, timeout)

    def observed(self, name: str) -> ServerStatus:
        """The status of one server; raises ServerError when none has this name."""
        return self._runner(name).observed()

    def all(self) -> tuple[ServerStatus, ...]:
        """The status of every server, in the order they were added."""
        return tuple(runner.observed() for runner in self._runners.values())

    async def measure(self) -> None:
        """Measure what each server uses; notices, too, that the machine was suspended."""
        self._timer_was_late(0.0)
        for runner in tuple(self._runners.values()):
            runner.measure()
            await asyncio.sleep(0)  # some systems list all their processes for each

    async def stop(self, *, quick: bool = False) -> None:
        """Stop all servers at once; `quick` is for a logout, which allows few seconds."""
        runners = tuple(self._runners.values())
        for runner in runners:
            if quick:
                runner.policy = replace(runner.policy, close_wait=1.0, term_wait=0.0)
            runner.feed(SwitchChanged(False))
        await asyncio.gather(*(runner.settled(_patience(runner.policy)) for runner in runners))
        if self._context.forks is not None:
            self._context.forks.close()

    async def leftovers_ended(self) -> None:
        """Wait until the processes that a killed app left are ended; the first call ends them."""
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().create_task(self._end_leftovers())
        await asyncio.shield(self._sweep)

    async def _end_leftovers(self) -> None:
        folder = self._context.run_folder
        try:
            endpoint.make_private(str(folder))
            left_behind = await asyncio.to_thread(run_files.sweep, folder)
        except OSError:
            log.exception("Could not look for what an earlier start of Lou left in %s", folder)
            return
        if left_behind:
            log.warning("Ended what an earlier start of Lou left: %s", ", ".join(left_behind))

    def _runner(self, name: str) -> ServerRunner:
        runner = self._runners.get(name)
        if runner is None:
            known = ", ".join(self._runners) or "none"
            raise ServerError(
                f"There is no server called {name}.",
                f"{did_you_mean(name, self._runners)} The servers are: {known}.".lstrip(),
                code=messages.UNKNOWN_SERVER,
            )
        return runner

    def _count_restart(self) -> None:
        now = asyncio.get_running_loop().time()
        self._recent_restarts, is_storm = count_restart(self._recent_restarts, now, self._policy)
        if not is_storm:
            return
        trouble = too_many_restarts(self._policy.breaker_limit)
        for runner in self._runners.values():
            runner.feed(Paused(trouble))
        if now >= self._paused_until:
            self.gave_up.notify(("", trouble))
        self._paused_until = now + self._policy.restart_window

    def _timer_was_late(self, late: float) -> None:
        """Detect a suspend by a late timer or by the clock; missed pings do not count then."""
        slept, self._time_asleep_before = _time_asleep() - self._time_asleep_before, _time_asleep()
        if max(late, slept) > self._policy.away:
            for runner in tuple(self._runners.values()):
                runner.feed(Resumed())


def _fork_starter() -> ForkStarter | None:
    if sys.platform == "linux" and not getattr(sys, "frozen", False):
        from app.supervision.fork_client import ForkClient  # noqa: PLC0415 - not on Windows

        return ForkClient()
    return None


def _patience(policy: RestartPolicy) -> float:
    return policy.close_wait + policy.term_wait + policy.kill_wait + _MARGIN


def _time_asleep() -> float:
    """Seconds that the machine has been suspended; on Windows `monotonic` itself counts them."""
    asleep = 0.0
    if sys.platform == "linux":
        asleep = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    elif sys.platform == "darwin":
        asleep = time.clock_gettime(time.CLOCK_MONOTONIC) - time.monotonic()
    return asleep
