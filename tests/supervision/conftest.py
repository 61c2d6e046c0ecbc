"""Supervisors over faulty servers, whose processes are counted at the end."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from app.supervision.launch_command import Launch, server_argv, server_environment
from app.supervision.states import RestartPolicy
from app.supervision.supervisor import Supervisor
from app.views import ServerState, ServerStatus, Trouble
from servers.contract.envelope import Event
from tests.patience import PATIENCE_S, eventually

SMALL_APP = str(Path(__file__).with_name("small_app.py"))
FAULTY = str(Path(__file__).with_name("faulty_server.py"))


async def until(
    condition: Callable[[], object], seconds: float = PATIENCE_S, what: str = ""
) -> float:
    """Wait until `condition` holds; returns how long that took."""
    return await eventually(condition, seconds, what)


def arguments(process: psutil.Process) -> list[str]:
    """Its command line; empty when it is gone, or all but gone."""
    try:
        return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline()
    except psutil.Error:
        return []


def tagged(tag: str) -> list[psutil.Process]:
    """The living processes that carry `tag` among their arguments."""
    return [process for process in psutil.process_iter() if tag in arguments(process)]


def real_launch(name: str, home: Path) -> Launch:
    """How Lou's own servers are launched, with a key and folders of their own."""
    folders = {"data": str(home / "lou" / "data"), "cache": str(home / "lou" / "cache")}
    keys = {"ENCRYPTION_KEY": base64.urlsafe_b64encode(bytes(range(32))).decode()}
    configure = {"keys": keys, "settings": {"folders": folders}}
    return Launch(server_argv(name), server_environment(), configure=configure)


@contextlib.contextmanager
def small_app(tag: str, home: Path, *behaviours: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a supervisor over faulty servers; all are ready, and it is killed."""
    app = subprocess.Popen(
        [sys.executable, SMALL_APP, str(home / "lou" / "run"), tag, *behaviours],
        stdout=subprocess.PIPE,
        text=True,
    )
    with app:
        try:
            assert app.stdout is not None
            assert app.stdout.readline() == "ready\n"
            yield app
        finally:
            app.kill()


@dataclass
class Yard:
    """A supervisor over faulty servers, and everything it said."""

    run_folder: Path
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    tag: str = field(default_factory=lambda: f"tag-{uuid4().hex[:12]}")
    behaviours: dict[str, str] = field(default_factory=dict)
    plans: dict[str, Launch | Trouble] = field(default_factory=dict)
    given_up: list[tuple[str, Trouble]] = field(default_factory=list)
    logged: int = 0
    lines: list[tuple[str, str]] = field(default_factory=list)
    states: list[tuple[str, ServerState]] = field(default_factory=list)
    prepared: int = 0
    hold: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.prepare, policy=self.policy, run_folder=self.run_folder)
        self.supervisor.gave_up.subscribe(self.given_up.append)
        self.supervisor.messages.subscribe(self._count)
        self.supervisor.stderr.subscribe(self.lines.append)
        self.supervisor.changed.subscribe(self._note)

    def _count(self, message: tuple[str, Event]) -> None:
        self.logged += message[1].event == "log"

    def _note(self, name: str) -> None:
        state = (name, self.supervisor.observed(name).state)
        if not self.states or self.states[-1] != state:
            self.states.append(state)

    async def prepare(self, name: str) -> Launch | Trouble:
        self.prepared += 1
        plan = self.plans.get(name) or self.launch(self.behaviours.get(name, "good"))
        if self.hold is not None:
            await self.hold.wait()
        return plan

    def launch(self, behaviour: str, **changes: object) -> Launch:
        argv = (sys.executable, "-I", "-S", FAULTY, behaviour, self.tag)
        return replace(Launch(argv, server_environment(), "/"), **changes)

    def start(self, name: str, behaviour: str = "good") -> None:
        self.behaviours[name] = behaviour
        self.supervisor.add(name)
        self.supervisor.want(name, True)

    async def ready(self, name: str, behaviour: str = "good") -> ServerStatus:
        self.start(name, behaviour)
        return await self.is_ready(name)

    async def is_ready(self, name: str, seconds: float = 20.0) -> ServerStatus:
        await until(lambda: self.supervisor.observed(name).state is ServerState.READY, seconds)
        return self.supervisor.observed(name)

    async def call(self, name: str, tool: str, within: float = 20.0, **arguments: object) -> dict:
        params = {"name": tool, "arguments": arguments}
        return (await self.supervisor.request(name, "call_tool", params, within))["data"]

    def servers(self) -> list[psutil.Process]:
        """The servers themselves, without guards and grandchildren."""
        lines = ((process, arguments(process)) for process in tagged(self.tag))
        return [
            process
            for process, line in lines
            if FAULTY in line and not any("/guard" in part for part in line)
        ]


@pytest.fixture
async def yards(home: Path) -> AsyncIterator[Callable[..., Yard]]:
    """Makes supervisors; at the end they are stopped, and nothing of them may be left."""
    made: list[Yard] = []

    def make(**changes: object) -> Yard:
        made.append(Yard(home / "lou" / "run", **changes))
        return made[-1]

    yield make
    for yard in made:
        await yard.supervisor.stop(quick=True)
        await until(lambda tag=yard.tag: not tagged(tag), what="processes were left behind")


@pytest.fixture
async def yard(yards: Callable[..., Yard]) -> Yard:
    return yards()
