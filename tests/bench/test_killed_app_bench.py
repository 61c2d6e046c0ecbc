"""`lou serve` itself is killed again and again, with a user's server that daemonises."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.supervision.conftest import until

pytestmark = [pytest.mark.anyio, pytest.mark.bench, pytest.mark.timeout(1200)]

ROUNDS = int(os.environ.get("LOU_BENCH_ROUNDS", "50"))
SERVERS = ("search", "tracker", "own")
UPSTREAM = Path(__file__).parents[1] / "supervision" / "daemonising_upstream.py"


@pytest.fixture
def configured(home: Path) -> Path:
    """A home whose configuration has a custom server next to the embedded ones."""
    entries = {
        "search": {"command": "lou-server", "args": ["search"]},
        "tracker": {"command": "lou-server", "args": ["tracker"]},
        "own": {"command": sys.executable, "args": [str(UPSTREAM)]},
    }
    folder = home / "lou"
    folder.mkdir(mode=0o700)
    (folder / "config.json").write_text(json.dumps({"mcpServers": entries, "settings": {}}))
    return home


class App:
    """`lou serve` in the configured home; killed at the end."""

    def __init__(self, home: Path) -> None:
        self._log = home / "serve.log"

    def __enter__(self) -> App:
        self.began = time.monotonic()
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve"], stdout=output, stderr=subprocess.STDOUT
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)

    def said(self, *lines: str) -> float:
        """Wait until it said all these; returns how long after its start that was."""
        while not all(line in self._log.read_text() for line in lines):
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < self.began + 40, self._log.read_text()
            time.sleep(0.01)
        return time.monotonic() - self.began

    def is_ready(self) -> float:
        return self.said(*(f"{name} is ready" for name in SERVERS))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


async def test_the_killed_app_leaves_nothing(configured, figure):
    took = []
    for round_ in range(ROUNDS):
        with App(configured) as app:
            app.is_ready()
            tree = psutil.Process(app.process.pid).children(recursive=True)
            daemons = [process for process in tree if "left-behind" in process.cmdline()]
            assert daemons, "the custom server left nothing to clean up"
            assert len(tree) >= 3 + 3 + 1 + 1
            if round_ % 2:
                app.process.send_signal(signal.SIGSTOP)
        took.append(await until(lambda tree=tree: not any(map(is_alive, tree)), 10))
    name = f"kill -9 of lou serve, {ROUNDS} times: to 0 orphans, slowest"
    figure(name, max(took), "s", at_most=2)


async def test_the_next_start_does_not_wait_for_the_killed_one(configured, figure):
    """It begins at once, while the guards of the killed app still clean up."""
    up, ready = [], []
    for _ in range(max(1, ROUNDS // 10)):
        with App(configured) as app:
            app.is_ready()
        with App(configured) as app:
            up.append(app.said("Lou runs"))
            ready.append(app.is_ready())
    figure("next start after a kill: lock free, app up, slowest", max(up), "s", at_most=3)
    figure("next start after a kill: 3 servers ready, median", statistics.median(ready), "s")
