"""The supervisor over Lou's own search and tracker servers."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from app.supervision.launch_command import Launch, server_argv, server_environment
from app.supervision.states import RestartPolicy
from app.supervision.supervisor import Supervisor
from app.views import ServerState
from servers.contract import endpoint
from tests.patience import PATIENCE_S
from tests.supervision.conftest import real_launch, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def supervisor(home: Path) -> AsyncIterator[Supervisor]:
    async def prepare(name: str) -> Launch:
        return real_launch(name, home)

    made = Supervisor(prepare, run_folder=Path(endpoint.run_folder()))
    yield made
    await made.stop(quick=True)


async def start(supervisor: Supervisor, name: str) -> float:
    """Switch a server on; returns how long it took to be ready."""
    supervisor.add(name)
    began = time.monotonic()
    supervisor.want(name, True)
    observed = await supervisor.settled(name, PATIENCE_S)
    assert observed.state is ServerState.READY, observed
    return time.monotonic() - began


@pytest.mark.parametrize("name", ["search", "tracker"])
async def test_a_real_server_is_ready_within_a_second(supervisor, figure, name):
    took = []
    for _ in range(5):
        took.append(await start(supervisor, name))
        supervisor.want(name, False)
        assert (await supervisor.settled(name, PATIENCE_S)).state is ServerState.OFF
    figure(f"{name}: spawn to ready, median of 5", statistics.median(took), "s", at_most=1.0)


async def test_a_socket_path_left_behind_by_a_dead_process_is_no_obstacle(supervisor):
    path = Path(endpoint.server_socket("search"))
    endpoint.make_private(str(path.parent))
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert path.exists()
    await start(supervisor, "search")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


async def test_a_real_server_that_cannot_start_says_why(home, figure):
    async def prepare(name: str) -> Launch:
        return Launch(server_argv("nonsense"), server_environment())

    supervisor = Supervisor(
        prepare, run_folder=Path(endpoint.run_folder()), policy=RestartPolicy(delay_unit=0.01)
    )
    supervisor.add("nonsense")
    supervisor.want("nonsense", True)
    observed = await supervisor.settled("nonsense", PATIENCE_S)
    assert observed.state is ServerState.FAILED
    assert "nonsense" in observed.trouble.message
    await supervisor.stop(quick=True)


async def test_a_killed_real_server_comes_back_once(supervisor, figure):
    await start(supervisor, "search")
    took = []
    for _ in range(3):
        old = supervisor.observed("search").pid
        os.kill(old, signal.SIGKILL)
        began = time.monotonic()
        await until(lambda old=old: supervisor.observed("search").pid not in {None, old})
        assert (await supervisor.settled("search", PATIENCE_S)).state is ServerState.READY
        took.append(time.monotonic() - began)
        assert not psutil.pid_exists(old)
    figure("search: kill -9 to ready, slowest of 3", max(took), "s", at_most=2.5)
