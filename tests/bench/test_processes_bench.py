"""The promises of supervision, at full length."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from app.supervision.launch_command import Launch
from app.supervision.supervisor import Supervisor
from app.views import ServerState, ServerStatus
from servers.contract import endpoint
from tests.supervision.conftest import Yard, arguments, real_launch, small_app, tagged, until
from tests.supervision.test_lifecycle_histories import World

pytestmark = [pytest.mark.anyio, pytest.mark.bench, pytest.mark.timeout(600)]


@pytest.fixture
async def real(home: Path) -> AsyncIterator[Supervisor]:
    """A supervisor over Lou's own servers."""

    async def prepare(name: str) -> Launch:
        return real_launch(name, home)

    supervisor = Supervisor(prepare, run_folder=Path(endpoint.run_folder()))
    for name in ("search", "tracker"):
        supervisor.add(name)
    yield supervisor
    await supervisor.stop(quick=True)


@pytest.fixture
async def yard(home: Path) -> AsyncIterator[Yard]:
    made = Yard(home / "lou" / "run")
    yield made
    await made.supervisor.stop(quick=True)
    await until(lambda: not tagged(made.tag), 5, "processes were left behind")


async def is_ready(supervisor: Supervisor, name: str) -> None:
    observed = await supervisor.settled(name, 30)
    assert observed.state is ServerState.READY, observed


@pytest.mark.parametrize("name", ["search", "tracker"])
async def test_spawn_to_ready(real, figure, name):
    took = []
    for _ in range(20):
        began = time.monotonic()
        real.want(name, True)
        await is_ready(real, name)
        took.append(time.monotonic() - began)
        real.want(name, False)
        await real.settled(name, 10)
    figure(f"{name}: spawn to ready, median of 20", statistics.median(took), "s", at_most=1.0)


@pytest.mark.parametrize("name", ["search", "tracker"])
async def test_kill_loop(real, figure, name):
    real.want(name, True)
    await is_ready(real, name)
    took = []
    for _ in range(100):
        old = real.observed(name).pid
        os.kill(old, signal.SIGKILL)
        began = time.monotonic()
        await until(lambda old=old: real.observed(name).pid not in {None, old})
        await is_ready(real, name)
        took.append(time.monotonic() - began)
        assert len(living(name)) == 1
    p95 = statistics.quantiles(took, n=20)[-1]
    figure(f"{name}: kill -9 to ready, p95 of 100", p95, "s", at_most=2.5)
    figure(f"{name}: kill -9 to ready, median of 100", statistics.median(took), "s")


def living(name: str) -> list[int]:
    """The processes that are this server now, of this test's own home."""
    lines = ((child, arguments(child)) for child in psutil.Process().children(recursive=True))
    return [
        child.pid
        for child, line in lines
        if name in line and "servers" in line and not any("/guard" in part for part in line)
    ]


def is_given_up(server: ServerStatus, pid: int | None) -> bool:
    """Whether this process is no longer waited for; STOPPING itself lasts a moment only."""
    return server.pid != pid or server.state not in {ServerState.READY, ServerState.UNHEALTHY}


async def test_stopped_servers_are_noticed_and_replaced(yard, figure):
    names = [f"s{number}" for number in range(8)]
    for name in names:
        await yard.ready(name)

    async def freeze(name: str) -> tuple[float, float]:
        await asyncio.sleep(random.uniform(0, 6))  # any phase of its pings
        old = yard.supervisor.observed(name).pid
        os.kill(old, signal.SIGSTOP)
        began = time.monotonic()
        await until(lambda: is_given_up(yard.supervisor.observed(name), old), 30)
        noticed = time.monotonic() - began
        await until(lambda: yard.supervisor.observed(name).pid not in {None, old}, 30)
        await yard.is_ready(name)
        assert not psutil.pid_exists(old)
        return noticed, time.monotonic() - began

    times = await asyncio.gather(*map(freeze, names))
    figure("SIGSTOP of 8 servers: noticed, slowest", max(n for n, _ in times), "s", at_most=17)
    figure("SIGSTOP of 8 servers: replaced, slowest", max(r for _, r in times), "s", at_most=20)


FOUR = ("daemons:2", "daemons:1", "deaf", "good")


async def test_fifty_killed_apps_leave_nothing(home, figure):
    """Every fifth next start begins while the guards of the killed one still clean up."""
    took, starts = [], []
    for round_ in range(50):
        tag = f"bench-{os.getpid()}-{round_}"
        with small_app(tag, home, *FOUR) as app:
            await until(lambda tag=tag: len(tagged(tag)) == 1 + 4 + 4 + 3)
            if round_ % 2:
                app.send_signal(signal.SIGSTOP)
        if round_ % 5 == 0:
            starts.append(await next_start(home, f"{tag}-next"))
            assert not tagged(tag)
        else:
            took.append(await until(lambda tag=tag: not tagged(tag), 10))
    figure("kill -9 of the app, 50 times: until 0 orphans, slowest", max(took), "s", at_most=2)
    figure("next start after a kill: 4 servers ready, slowest", max(starts), "s", at_most=3)


async def next_start(home: Path, tag: str) -> float:
    began = time.monotonic()
    with small_app(tag, home, *FOUR):
        took = time.monotonic() - began
    await until(lambda: not tagged(tag), 5)
    return took


async def latency(yard: Yard, name: str, seconds: float) -> float:
    """The median of calls one after the other, in ms."""
    took, until_ = [], time.monotonic() + seconds
    while time.monotonic() < until_:
        began = time.perf_counter()
        await yard.call(name, "echo", n=1)
        took.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.002)
    return statistics.median(took)


async def test_a_server_that_exits_at_once_disturbs_nobody(yard, figure):
    await yard.ready("calm")
    before = await latency(yard, "calm", 3)
    began = time.monotonic()
    yard.start("broken", "exit:1")
    during = await latency(yard, "calm", 3)
    observed = await yard.supervisor.settled("broken", 60)
    figure("exits at once: to failed", time.monotonic() - began, "s", at_most=60)
    figure("exits at once: messages", len(yard.given_up), "", at_most=1, enforce=True)
    figure("exits at once: latency of the other, ratio", during / before, "x", at_most=1.5)
    assert observed.state is ServerState.FAILED
    assert len(yard.given_up) == 1


async def test_the_app_at_rest(home, figure):
    """Its own process with two servers and nothing to do."""
    with small_app(f"rest-{os.getpid()}", home, "good", "good") as app:
        process = psutil.Process(app.pid)
        before = process.cpu_times()
        await asyncio.sleep(40)
        after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    figure("app at rest, two servers", 100 * spent / 40, "% of a core", at_most=0.5)


def test_two_thousand_histories(figure):
    run_state_machine_as_test(
        World, settings=settings(World.TestCase.settings, max_examples=2000, stateful_step_count=50)
    )
    figure("random histories of 50 steps without a broken invariant", 2000, at_least=2000)
