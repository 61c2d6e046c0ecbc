"""The guard, from outside: nothing of a tree survives its app or its server."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.processes.leash import guard_file
from tests.processes.conftest import tagged, until

pytestmark = pytest.mark.anyio

APP = Path(__file__).with_name("small_app.py")
GUARD = Path(__file__).parents[2] / "app" / "processes" / "guard.py"


def is_guard(process: psutil.Process) -> bool:
    return process.cmdline()[3:4] == [guard_file()]


def start_app(tag: str, home: Path, *behaviours: str) -> subprocess.Popen[str]:
    """A process that runs a supervisor over faulty servers and says when all are ready."""
    app = subprocess.Popen(
        [sys.executable, str(APP), str(home / "lou" / "run"), tag, *behaviours],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert app.stdout is not None
    assert app.stdout.readline() == "ready\n"
    return app


def bury(app: subprocess.Popen[str]) -> None:
    app.kill()
    app.wait(10)
    assert app.stdout is not None
    app.stdout.close()


@pytest.mark.parametrize("how", ["killed", "stopped and killed"])
async def test_nothing_outlives_a_killed_app(home, figure, how):
    for round_ in range(3):
        tag = f"orphan-{os.getpid()}-{round_}"
        app = start_app(tag, home, "daemons:2", "deaf", "good", "daemons:1")
        assert len(tagged(tag)) >= 4 + 4 + 3
        if how != "killed":
            app.send_signal(signal.SIGSTOP)
        bury(app)
        took = await until(lambda tag=tag: not tagged(tag), 10)
        figure(f"app {how}: until no orphan is left", took, "s", at_most=2, enforce=True)


async def test_nothing_outlives_a_killed_app_when_all_is_stopped(home):
    tag = f"orphan-{os.getpid()}-frozen"
    app = start_app(tag, home, "daemons:2", "good")
    for process in tagged(tag):
        process.suspend()
    bury(app)
    await until(lambda: not tagged(tag), 2, "orphans are left")


async def test_the_next_start_ends_what_survived_even_the_guards(home, figure):
    """Guards and app killed together: daemonised grandchildren are all that is left."""
    tag = f"orphan-{os.getpid()}-next"
    app = start_app(tag, home, "daemons:2", "good")
    daemons = [process for process in tagged(tag) if "-c" in process.cmdline()]
    guards = [process for process in tagged(tag) if is_guard(process)]
    assert (len(daemons), len(guards)) == (2, 2)
    app.send_signal(signal.SIGSTOP)
    for guard in guards:
        guard.kill()
    bury(app)
    await until(lambda: {process.pid for process in tagged(tag)} == {p.pid for p in daemons})
    began = time.monotonic()
    second = start_app(f"{tag}-second", home, "good", "good")
    figure("next start with leftovers to sweep: to ready", time.monotonic() - began, "s", at_most=3)
    assert not tagged(tag)
    bury(second)
    await until(lambda: not tagged(f"{tag}-second"))


async def test_the_guard_is_light(home, figure):
    tag = f"light-{os.getpid()}"
    app = start_app(tag, home, "good")
    guard = next(process for process in tagged(tag) if is_guard(process))
    figure("guard: PSS", guard.memory_full_info().pss / 1e6, "MB", at_most=5)
    used = guard.cpu_times()
    assert used.user + used.system < 0.5
    assert not [
        name
        for name in ("asyncio", "json", "_ssl")
        if any(name in m.path for m in guard.memory_maps())
    ]
    bury(app)


def test_the_guard_needs_the_standard_library_only():
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(GUARD.read_text(encoding="utf-8")))
        for alias in getattr(node, "names", ())
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= set(sys.stdlib_module_names)


async def test_a_server_inherits_nothing_but_its_pipes(home):
    tag = f"descriptors-{os.getpid()}"
    app = start_app(tag, home, "good")
    (server,) = next(process for process in tagged(tag) if is_guard(process)).children()
    if sys.platform == "linux":
        held = {path.name for path in Path(f"/proc/{server.pid}/fd").iterdir()}
        assert held == {"0", "1", "2"}
        assert os.getsid(server.pid) == server.pid
    assert psutil.pid_exists(server.pid)
    bury(app)
