"""One server's life in fact: feeds what happens to `lifecycle.step` and does what it decides."""

from __future__ import annotations

import asyncio
import contextlib
import logging
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
from app.supervision.lifecycle import step
from app.supervision.resource_usage import ResourceMeter
from app.supervision.server_process import ServerCallbacks, ServerProcess
from app.supervision.spawn import prepared, unspawnable
from app.supervision.states import (
    Answered,
    BecameReady,
    Command,
    Due,
    Exited,
    Happening,
    RestartPolicy,
    Server,
    Spawned,
    Weighed,
)
from app.supervision.status import ReportedStatus, observe
from app.system.background_tasks import BackgroundTasks
from app.views import ServerState, ServerStatus, Trouble
from servers.contract import harmless, messages
from servers.contract.envelope import Event

log = logging.getLogger(__name__)

_KILLED = -9
_COARSE = 0.05
"""Qt's timers may be late by this part of their time."""
_LONGEST_WORDS = 300
_TOOLS_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class RunnerContext:
    """What every watch of one supervisor shares."""

    prepare: Callable[[str], Awaitable[Launch | Trouble]]
    swept: Callable[[], Awaitable[None]]
    """Returns when what an earlier app left behind is gone."""
    run_folder: Path
    redact: Callable[[str], str]
    changed: Callable[[str], None]
    message: Callable[[tuple[str, Event]], None]
    stderr: Callable[[tuple[str, str]], None]
    gave_up: Callable[[tuple[str, Trouble]], None]
    counted: Callable[[], None]
    woke: Callable[[float], None]
    """A timer fired so many seconds late."""


class ServerRunner:
    """The only place where a process of this server is made; so there are never two."""

    def __init__(self, name: str, around: RunnerContext, policy: RestartPolicy) -> None:
        self.name, self.policy = name, policy
        self.server = Server()
        self._around = around
        self._since = time.time()
        self._queue: deque[Happening] = deque()
        self._is_feeding = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed: float | None = None
        self._birth: asyncio.Task[None] | None = None
        self._may_cancel = False
        self._background = BackgroundTasks()
        self._child: ServerProcess | None = None
        self._facts: ReportedStatus | None = None
        self._scale: ResourceMeter | None = None
        self._newer: Mapping[str, Any] | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._told = self.observed()

    def feed(self, happening: Happening) -> None:
        """Something happened: decide and do. What that causes in turn is fed after it."""
        self._queue.append(happening)
        if self._is_feeding:
            return
        self._is_feeding = True
        try:
            while self._queue:
                self._advance(self._queue.popleft())
        finally:
            self._is_feeding = False
        self._rearm()
        self.announce()

    def observed(self) -> ServerStatus:
        """What is true now."""
        return observe(self.name, self.server, self._facts, self._since)

    def announce(self) -> None:
        """Tell once when something differs, and wake those who wait for it."""
        now = self.observed()
        if now == self._told:
            return
        self._told = now
        self._around.changed(self.name)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def is_settled(self) -> bool:
        """Whether it is as wanted, or cannot be."""
        if self.server.state in {ServerState.BLOCKED, ServerState.FAILED}:
            return True
        return self.server.state is (ServerState.READY if self.server.wanted else ServerState.OFF)

    async def settled(self, seconds: float) -> None:
        """Wait until `is_settled`, at most so long."""
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
        """Ask the process and return its result."""
        if self._child is None:
            raise ServerError(
                f"The server {self.name} is not running ({self.server.state}).",
                "Switch it on, or see what keeps it from running.",
                code=messages.NOT_READY,
            )
        return await self._child.request(method, params, seconds)

    async def configure(self, params: Mapping[str, Any], seconds: float) -> None:
        """Hand over a configuration that replaces the one of the start."""
        self._newer = params
        if self._child is not None:
            await self._child.request(messages.CONFIGURE, params, seconds)

    def _advance(self, happening: Happening) -> None:
        loop = asyncio.get_running_loop()
        before = self.server.state
        self.server, effects = step(
            self.server,
            happening,
            loop.time(),
            self.policy,
            draw=random.random(),  # noqa: S311
        )
        if self.server.state is not before:
            self._since = time.time()
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: Command) -> None:
        match effect:
            case Command.START:
                self._birth = asyncio.get_running_loop().create_task(self._bear())
                self._birth.add_done_callback(self._born)
            case Command.PING:
                self._background.start(self._ping())
            case Command.COUNT:
                self._around.counted()
            case Command.GIVE_UP:
                if self.server.trouble is not None:
                    self._around.gave_up((self.name, self.server.trouble))
            case _:
                self._press(effect)

    def _press(self, effect: Command) -> None:
        child = self._child
        if child is None:
            if self._may_cancel and self._birth is not None:
                self._birth.cancel()
        elif effect is Command.ASK:
            child.ask_to_stop()
        elif effect is Command.TERMINATE:
            child.terminate()
        else:
            child.kill()

    async def _bear(self) -> None:
        self._may_cancel = True
        await self._around.swept()
        self._newer = None
        launch = await prepared(self._around.prepare, self.name)
        self._may_cancel = False
        if not isinstance(launch, Launch):
            self.feed(launch)
            return
        launch = self._completed(launch)
        if launch.start_timeout:
            self.policy = replace(self.policy, start_timeout=launch.start_timeout)
        facts = ReportedStatus(os.urandom(8).hex(), launch.memory_budget, launch.required_tools)
        callbacks = ServerCallbacks(self._heard, self._read, self._exited)
        try:
            run_files.write(self._around.run_folder, self.name, facts.instance)
            self._child = await ServerProcess.spawn(launch, facts.instance, callbacks)
        except (OSError, ValueError) as refused:
            run_files.erase(self._around.run_folder, self.name)
            self.feed(unspawnable(refused))
            return
        self._facts, self._scale = facts, ResourceMeter(self._child.guard_pid)
        self.feed(Spawned())
        if self.server.state is ServerState.STOPPING:
            self._child.kill()
        with contextlib.suppress(OSError):
            facts.pid = await self._child.started()
        self.announce()

    def _completed(self, launch: Launch) -> Launch:
        configure = launch.configure if self._newer is None else self._newer
        return replace(launch, configure=configure, cwd=launch.cwd or str(self._around.run_folder))

    def _born(self, birth: asyncio.Task[None]) -> None:
        """A start that came to nothing is an end too: somebody waits to hear of it."""
        if birth.cancelled():
            self._may_cancel = False
            self.feed(Exited(0))
        elif (broken := birth.exception()) is not None:
            self._may_cancel = False
            log.error("Could not start %s", self.name, exc_info=broken)
            if self._child is None:
                self.feed(unspawnable(broken))
            else:
                self._child.kill()

    def _exited(self, code: int | None, words: str) -> None:
        self._background.start(self._end(code, words))

    async def _end(self, code: int | None, words: str) -> None:
        """The process is gone; a guard that was killed could not see to its tree."""
        facts, self._child = self._facts, None
        if facts is not None and code is None:
            await asyncio.to_thread(run_files.end, [facts.instance])
        run_files.erase(self._around.run_folder, self.name)
        self._facts = self._scale = None
        said = words or (facts.complaint if facts is not None else "")
        words = harmless.one_line(self._around.redact(said), _LONGEST_WORDS)
        reported = facts.trouble if facts is not None else None
        self.feed(Exited(_KILLED if code is None else code, words, reported))

    def _heard(self, event: Event) -> None:
        is_news = self._facts is not None and self._facts.hear(event)
        self._around.message((self.name, event))
        if event.event == messages.READY:
            self._background.start(self._check_tools())
            self._weigh()
            self.feed(BecameReady())
        elif is_news:
            self.announce()

    def _read(self, line: str) -> None:
        self._around.stderr((self.name, line))

    async def _ping(self) -> None:
        child = self._child
        if child is None:
            return
        with contextlib.suppress(ServerError):
            await child.request(messages.PING, {}, self.policy.ping_deadline)
            if child is self._child:
                self._weigh()
                self.feed(Answered())

    def _weigh(self) -> None:
        if self._facts is None or self._scale is None:
            return
        self._facts.rss_bytes, self._facts.cpu_percent = self._scale.weigh()
        self.feed(Weighed(self._facts.is_overweight))

    async def _check_tools(self) -> None:
        facts, child = self._facts, self._child
        if facts is None or child is None or not facts.required_tools:
            return
        with contextlib.suppress(ServerError):
            listed = await child.request(messages.LIST_TOOLS, {}, _TOOLS_DEADLINE)
            facts.check_tools(str(tool.get("name")) for tool in listed.get("tools", ()))
            self.announce()

    def _rearm(self) -> None:
        due = self.server.due
        if due == self._armed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed = due
        if due is not None:
            loop = asyncio.get_running_loop()
            latest = due + _COARSE * (due - loop.time())
            self._timer = loop.call_at(due, self._ring, latest)

    def _ring(self, latest: float) -> None:
        """A timer may ring early; then it is set again."""
        self._timer = self._armed = None
        self._around.woke(asyncio.get_running_loop().time() - latest)
        self.feed(Due())
