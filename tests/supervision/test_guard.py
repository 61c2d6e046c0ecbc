"""The guard, from outside: nothing of a tree survives its app or its server."""

from __future__ import annotations

import ast
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.supervision.guard_client import guard_file
from tests.supervision.conftest import arguments, small_app, tagged, until

pytestmark = pytest.mark.anyio

GUARD = Path(__file__).parents[2] / "servers" / "guard.py"


def is_guard(process: psutil.Process) -> bool:
    return arguments(process)[3:4] == [guard_file()]


@pytest.mark.parametrize("how", ["killed", "stopped and killed"])
async def test_nothing_outlives_a_killed_app(home, figure, how):
    for round_ in range(3):
        tag = f"orphan-{os.getpid()}-{round_}"
        with small_app(tag, home, "daemons:2", "deaf", "good", "daemons:1") as app:
            await until(lambda tag=tag: len(tagged(tag)) == 1 + 4 + 4 + 3)
            if how != "killed":
                app.send_signal(signal.SIGSTOP)
        took = await until(lambda tag=tag: not tagged(tag))
        figure(f"app {how}: until no orphan is left", took, "s", at_most=2, enforce=True)


async def test_nothing_outlives_a_killed_app_when_all_is_stopped(home):
    tag = f"orphan-{os.getpid()}-frozen"
    with small_app(tag, home, "daemons:2", "good"):
        for process in tagged(tag):
            process.suspend()
    await until(lambda: not tagged(tag), what="orphans are left")


async def test_the_next_start_ends_what_survived_even_the_guards(home, figure):
    """Guards and app killed together: daemonised grandchildren are all that is left."""
    tag = f"orphan-{os.getpid()}-next"
    with small_app(tag, home, "daemons:2", "good") as app:
        await until(lambda: len(tagged(tag)) == 1 + 2 + 2 + 2)
        daemons = {process.pid for process in tagged(tag) if "-c" in arguments(process)}
        guards = [process for process in tagged(tag) if is_guard(process)]
        assert (len(daemons), len(guards)) == (2, 2)
        app.send_signal(signal.SIGSTOP)
        for guard in guards:
            guard.kill()
        await until(lambda: {process.pid for process in tagged(tag)} == {app.pid, *daemons})
    await until(lambda: {process.pid for process in tagged(tag)} == daemons)
    began = time.monotonic()
    with small_app(f"{tag}-2", home, "good", "good"):
        took = time.monotonic() - began
        assert not tagged(tag)
    figure("next start with leftovers to sweep: to ready", took, "s", at_most=3)
    await until(lambda: not tagged(f"{tag}-2"))


async def test_the_guard_is_light(home, figure):
    tag = f"light-{os.getpid()}"
    with small_app(tag, home, "good"):
        guard = next(process for process in tagged(tag) if is_guard(process))
        figure("guard: PSS", guard.memory_full_info().pss / 1e6, "MB", at_most=5)
        mapped = " ".join(part.path for part in guard.memory_maps())
        assert not [name for name in ("_asyncio", "_json", "_ssl") if name in mapped]
    await until(lambda: not tagged(tag))


def test_the_guard_needs_the_standard_library_only():
    nodes = list(ast.walk(ast.parse(GUARD.read_text(encoding="utf-8"))))
    imported = {str(each.module) for each in nodes if isinstance(each, ast.ImportFrom)}
    imported |= {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    assert {name.partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_server_inherits_nothing_but_its_pipes_and_leads_a_session(home):
    tag = f"descriptors-{os.getpid()}"
    with small_app(tag, home, "good"):
        (server,) = next(process for process in tagged(tag) if is_guard(process)).children()
        held = {path.name for path in Path(f"/proc/{server.pid}/fd").iterdir()}
        assert held == {"0", "1", "2"}
        assert os.getsid(server.pid) == server.pid
    await until(lambda: not tagged(tag))
