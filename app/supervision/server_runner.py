"""Runs one server: passes events to `lifecycle.step` and executes the commands it returns.

In: switches and requests. Out: a `ServerStatus`, and announcements through `RunnerContext`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.errors import ServerError
from app.supervision import run_files
from app.supervision.launch_command import Launch
from app.supervision.lifecycle import KILLED, step
from app.supervision.resource_usage import ResourceMeter
from app.supervision.server_process import ForkStarter, ServerCallbacks, ServerProcess
from app.supervision.states import (
    Answered,
    BecameReady,
    Command,
    Exited,
    LifecycleEvent,
    MemoryMeasured,
    Refused,
    RestartPolicy,
    Server,
    Spawned,
    TimerFired,
)
from app.supervision.status import ReportedStatus, observe
from app.supervision.trouble_messages import not_started
from app.system import files
from app.system.background_tasks import BackgroundTasks
from app.views import ServerState, ServerStatus, Trouble
from servers.contract import harmless, messages, ping_timer
from servers.contract.envelope import Event

log = logging.getLogger(__name__)

_COARSE = 0.05
"""The fraction of their time by which timers of Qt may be late."""
_LONGEST_WORDS = 300
_TOOLS_DEADLINE = 10.0


_SOFTWARE_ERROR = 70
_OS_ERROR = 71
_NOT_RUNNING = Trouble("off", "", "Switch it on, or see what keeps it from running.")
_DISK_FULL = Trouble(
    "disk_full", "The disk is full, so it cannot start.", "Free some space. Lou notices by itself."
)
_SEE_COMMAND = "Install it, or correct the server's command."


async def _prepare_launch(
    prepare: Callable[[str], Awaitable[Launch | Trouble]], name: str
) -> Launch | Refused | Exited:
    """The checked launch of `name`, or why it cannot start."""
    try:
        plan = await prepare(name)
    except Exception:
        log.exception("Could not prepare the start of %s", name)
        return not_started(_SOFTWARE_ERROR, "Lou could not prepare its start; see Lou's own log.")
    if isinstance(plan, Trouble):
        return Refused(plan)
    return _check_program(plan)


def _unspawnable(problem: BaseException) -> Exited | Refused:
    """What stands for a start which the system refused or a bug prevented."""
    if isinstance(problem, OSError) and problem.errno in files.DISK_FULL:
        return Refused(_DISK_FULL)
    if isinstance(problem, OSError | ValueError):
        return not_started(_OS_ERROR, f"It could not be started: {problem}.")
    return not_started(_SOFTWARE_ERROR, "Lou could not start it; see Lou's own log.")


def _check_program(launch: Launch) -> Launch | Refused:
    program = Path(launch.argv[0])
    if not program.is_absolute() or not program.is_file():
        missing = f"The program {program} was not found."
        return Refused(Trouble("program_missing", missing, _SEE_COMMAND))
    if not os.access(program, os.X_OK):
        denied = f"The program {program} may not be executed."
        return Refused(Trouble("program_denied", denied, _SEE_COMMAND))
    if launch.cwd is not None and not Path(launch.cwd).is_dir():
        nowhere = f"The folder {launch.cwd} that it should run in was not found."
        return Refused(Trouble("folder_missing", nowhere, "Correct the server's folder."))
    return launch


@dataclass(frozen=True, slots=True)
class RunnerContext:
    """What the supervisor gives to each of its runners, and where they announce changes."""

    prepare: Callable[[str], Awaitable[Launch | Trouble]]
    leftovers_ended: Callable[[], Awaitable[None]]
    """Returns when the processes that an earlier app left are ended."""
    run_folder: Path
    redact: Callable[[str], str]
    changed: Callable[[str], None]
    message: Callable[[tuple[str, Event]], None]
    stderr: Callable[[tuple[str, str]], None]
    gave_up: Callable[[tuple[str, Trouble]], None]
    restart_counted: Callable[[], None]
    timer_fired: Callable[[float], None]
    """Called with the seconds by which a timer was late."""
    forks: ForkStarter | None


class ServerRunner:
    """The only place that starts a process of this server, so there are never two."""

    def __init__(self, name: str, context: RunnerContext, policy: RestartPolicy) -> None:
        self.name, self.policy = name, policy
        self.server = Server()
        self._context = context
        self._since = time.time()
        self._queue: deque[LifecycleEvent] = deque()
        self._is_feeding = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: float | None = None
        self._start_task: asyncio.Task[None] | None = None
        self._start_can_be_cancelled = False
        self._background = BackgroundTasks()
        self._process: ServerProcess | None = None
        self._reported: ReportedStatus | None = None
        self._meter: ResourceMeter | None = None
        self._newest_configuration: Mapping[str, Any] | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._announced = self.observed()

    def feed(self, event: LifecycleEvent) -> None:
        """Pass an event to the state machine. Events that its commands cause follow after it."""
        self._queue.append(event)
        if self._is_feeding:
            return
        self._is_feeding = True
        try:
            while self._queue:
                self._advance(self._queue.popleft())
        finally:
            self._is_feeding = False
        self._set_timer()
        self.announce()

    def observed(self) -> ServerStatus:
        return observe(self.name, self.server, self._reported, self._since)

    def announce(self) -> None:
        """Announce the status if it differs from the last one, and wake those who wait for it."""
        now = self.observed()
        if now == self._announced:
            return
        self._announced = now
        self._context.changed(self.name)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def is_settled(self) -> bool:
        """Whether it is as wanted, or blocked or failed."""
        if self.server.state in {ServerState.BLOCKED, ServerState.FAILED}:
            return True
        return self.server.state is (ServerState.READY if self.server.wanted else ServerState.OFF)

    async def settled(self, seconds: float) -> None:
        """Wait until `is_settled`, for at most `seconds`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not self.is_settled() and loop.time() < deadline:
            waiting = loop.create_future()
            self._waiting.add(waiting)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiting, deadline - loop.time())
            self._waiting.discard(waiting)

    async def request(
        self, method: str, params: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Send a request to the process and return its result; raises ServerError."""
        if self._process is None:
            trouble = self.server.trouble or _NOT_RUNNING
            raise ServerError(
                f"The server {self.name} is not running ({self.server.state}). "
                f"{trouble.message}".strip(),
                trouble.hint,
                code=messages.NOT_READY,
            )
        return await self._process.request(method, params, seconds)

    async def configure(self, params: Mapping[str, Any], seconds: float) -> None:
        """Send a configuration that replaces the one of the start."""
        self._newest_configuration = params
        if self._process is not None:
            await self._process.request(messages.CONFIGURE, params, seconds)

    def _advance(self, event: LifecycleEvent) -> None:
        loop = asyncio.get_running_loop()
        before = self.server.state
        self.server, commands = step(
            self.server,
            event,
            loop.time(),
            self.policy,
            draw=random.random(),  # noqa: S311
        )
        if self.server.state is not before:
            self._since = time.time()
        for command in commands:
            self._perform(command)

    def _perform(self, command: Command) -> None:
        match command:
            case Command.START:
                self._start_task = asyncio.get_running_loop().create_task(self._start_process())
                self._start_task.add_done_callback(self._start_ended)
            case Command.PING:
                self._background.start(self._ping())
            case Command.COUNT:
                self._context.restart_counted()
            case Command.GIVE_UP:
                if self.server.trouble is not None:
                    self._context.gave_up((self.name, self.server.trouble))
            case _:
                self._stop_process(command)

    def _stop_process(self, command: Command) -> None:
        process = self._process
        if process is None:
            if self._start_can_be_cancelled and self._start_task is not None:
                self._start_task.cancel()
        elif command is Command.ASK:
            process.ask_to_stop()
        elif command is Command.TERMINATE:
            process.terminate()
        else:
            process.kill()

    async def _start_process(self) -> None:
        self._start_can_be_cancelled = True
        await self._context.leftovers_ended()
        self._newest_configuration = None
        launch = await _prepare_launch(self._context.prepare, self.name)
        self._start_can_be_cancelled = False
        if not isinstance(launch, Launch):
            self.feed(launch)
            return
        launch = self._complete(launch)
        if launch.start_timeout:
            self.policy = replace(self.policy, start_timeout=launch.start_timeout)
        reported = ReportedStatus(os.urandom(8).hex(), launch.memory_budget, launch.required_tools)
        callbacks = ServerCallbacks(
            self._event_received,
            stderr=lambda line: self._context.stderr((self.name, line)),
            exited=lambda code, words: self._background.start(self._end(code, words)),
        )
        try:
            run_files.write(self._context.run_folder, self.name, reported.instance)
            self._process = await ServerProcess.spawn(
                launch, reported.instance, callbacks, self._context.forks
            )
        except (OSError, ValueError) as refused:
            run_files.erase(self._context.run_folder, self.name)
            self.feed(_unspawnable(refused))
            return
        self._reported, self._meter = reported, ResourceMeter(self._process.guard_pid)
        self.feed(Spawned())
        if self.server.state is ServerState.STOPPING:
            self._process.kill()
        with contextlib.suppress(OSError):
            reported.pid = await self._process.started()
        self.announce()

    def _complete(self, launch: Launch) -> Launch:
        configure = (
            launch.configure if self._newest_configuration is None else self._newest_configuration
        )
        return replace(launch, configure=configure, cwd=launch.cwd or str(self._context.run_folder))

    def _start_ended(self, task: asyncio.Task[None]) -> None:
        """Report a start that failed or was cancelled as an exit, which `step` waits for."""
        if task.cancelled():
            self._start_can_be_cancelled = False
            self.feed(Exited(0))
        elif (broken := task.exception()) is not None:
            self._start_can_be_cancelled = False
            log.error("Could not start %s", self.name, exc_info=broken)
            if self._process is None:
                self.feed(_unspawnable(broken))
            else:
                self._process.kill()

    async def _end(self, code: int | None, words: str) -> None:
        """The process is gone. If its guard was killed, end the process tree here."""
        reported, self._process = self._reported, None
        if reported is not None and code is None:
            await asyncio.to_thread(run_files.end, [reported.instance])
        run_files.erase(self._context.run_folder, self.name)
        self._reported = self._meter = None
        said = words or (reported.last_error if reported is not None else "")
        words = harmless.one_line(self._context.redact(said), _LONGEST_WORDS)
        trouble = reported.trouble if reported is not None else None
        pause = reported.retry_after_s if reported is not None else 0.0
        self.feed(Exited(KILLED if code is None else code, words, trouble, pause))

    def _event_received(self, event: Event) -> None:
        may_differ = self._reported is not None and self._reported.handle(event)
        self._context.message((self.name, event))
        if event.event == messages.READY:
            self._background.start(self._check_tools())
            self.measure()
            self.feed(BecameReady())
        elif may_differ:
            self.announce()

    async def _ping(self) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ServerError):
            await process.request(messages.PING, {}, self.policy.ping_deadline)
            if process is self._process:
                self.feed(Answered())

    def measure(self) -> None:
        """Measure what its processes use now, if it runs."""
        if self._reported is None or self._meter is None:
            return
        self._reported.rss_bytes, self._reported.cpu_percent = self._meter.measure()
        self.feed(MemoryMeasured(self._reported.is_over_budget))

    async def _check_tools(self) -> None:
        reported, process = self._reported, self._process
        if reported is None or process is None or not reported.required_tools:
            return
        with contextlib.suppress(ServerError):
            listed = await process.request(messages.LIST_TOOLS, {}, _TOOLS_DEADLINE)
            reported.check_tools(str(tool.get("name")) for tool in listed.get("tools", ()))
            self.announce()

    def _set_timer(self) -> None:
        due = self.server.due
        if due == self._timer_due:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due = due
        if due is None:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        is_idle = self.server.state is ServerState.READY and not self.server.awaits_pong
        if is_idle and self._process and self._process.ping_later(due - now, self._ping_is_due):
            return
        shared = ping_timer.beat_before(due, ping_timer.BEAT_S)
        at = shared if is_idle and shared > now else due
        latest = at + _COARSE * (at - now)
        self._timer = loop.call_at(at, self._timer_fired, due, latest)

    def _ping_is_due(self) -> None:
        if self._timer is None and self._timer_due is not None:
            self._timer_fired(self._timer_due, math.inf)

    def _timer_fired(self, due: float, latest: float) -> None:
        self._timer = self._timer_due = None
        self._context.timer_fired(asyncio.get_running_loop().time() - latest)
        self.feed(TimerFired(due))
