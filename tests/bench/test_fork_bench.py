"""The promises of memory and time that Lou's own processes make; see `servers.fork_server`."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest

from servers.contract import endpoint
from tests.app.running import lou
from tests.bench.test_host_bench import Client
from tests.conftest import Figures
from tests.supervision.conftest import arguments
from tests.supervision.test_fork_server import WIRE, Forks, fork_servers, forks

__all__ = ["forks"]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600), pytest.mark.anyio]
TEN = 10


def pss_mb(processes: Iterable[psutil.Process]) -> float:
    """What these use together; a page that several share counts once."""
    texts = (Path(f"/proc/{process.pid}/smaps_rollup").read_text() for process in processes)
    return sum(int(text.split("\nPss:")[1].split()[0]) for text in texts) / 1000


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def test_idle_lou(figure: Figures) -> None:
    with lou() as running:
        running.start()
        running.wait_for("search", "ready")
        running.wait_for("tracker", "ready")
        time.sleep(5)
        assert running.process is not None
        processes = family(running.process.pid)
        for each in processes:
            figure(f"idle: PSS of {each.name()} {' '.join(arguments(each)[4:6])}", pss_mb([each]))
        figure("headless Lou with both servers, idle: PSS", pss_mb(processes), "MB", at_most=120)


@pytest.mark.parametrize("name", ["search", "tracker"])
async def test_killed_to_ready(forks: Forks, figure: Figures, name: str) -> None:
    """Without the pause before a restart, which is 0 to 0.5 s."""
    status = await forks.ready(name)
    took = []
    for _ in range(20):
        assert status.pid is not None
        began = time.monotonic()
        os.kill(status.pid, signal.SIGKILL)
        status = await forks.again(name, other_than=status.pid)
        took.append(time.monotonic() - began)
    figure(f"{name}: killed to ready, median of 20", statistics.median(took), "s", at_most=0.3)


async def test_ten_relays(forks: Forks, figure: Figures) -> None:
    await forks.ready("relay0")
    before = pss_mb(own_processes())
    for number in range(1, TEN + 1):
        await forks.ready(f"relay{number}")
    more = (pss_mb(own_processes()) - before) / TEN
    figure("each further stdio server: PSS of relay and guard", more, "MB", at_most=8)


def own_processes() -> list[psutil.Process]:
    """Fork servers, guards, and relays, without the users' servers."""
    found = [each for root in fork_servers() for each in family(root.pid)]
    return [each for each in found if WIRE not in arguments(each)]


async def test_ready_after_the_users_server(forks: Forks, figure: Figures) -> None:
    await forks.ready("relay0")
    late = []
    for number in range(1, 10):
        began = time.perf_counter()
        with subprocess.Popen((sys.executable, WIRE), stdin=-1, stdout=-1) as direct:
            assert direct.stdin is not None
            assert direct.stdout is not None
            Client(direct.stdin.fileno(), direct.stdout.fileno())
            alone = time.perf_counter() - began
            direct.stdin.close()
        began = time.perf_counter()
        await forks.ready(f"relay{number}")
        assert Path(endpoint.server_socket(f"relay{number}")).exists()
        late.append(time.perf_counter() - began - alone)
    figure(
        "relay: ready after the server could be, median", statistics.median(late), "s", at_most=0.1
    )
