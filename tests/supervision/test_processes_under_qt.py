"""The same supervisor on Qt's loop: children, pipes and floods, and a window that stays alive."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import Qt, QTimer

from app.views import ServerState
from tests.patience import PATIENCE_S
from tests.qt_loop import qt_loop
from tests.supervision.conftest import Yard, tagged, until
from tests.supervision.test_fork_server import relay_launch


class Heartbeat:
    """The longest time that Qt's loop kept a 10 ms timer waiting."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def __enter__(self) -> Heartbeat:
        self.longest, self._last, self.beats = 0.0, time.perf_counter(), 0
        self._timer.start(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._beat()
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        self.beats += 1


@pytest.fixture(scope="session", autouse=True)
def _no_display_needed() -> None:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


Run = Callable[[Callable[[Yard], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def on_qt(qapp, home: Path) -> Run:
    def run(main: Callable[[Yard], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            yard = Yard(home / "lou" / "run")
            try:
                await main(yard)
            finally:
                await yard.supervisor.stop(quick=True)
            await until(lambda: not tagged(yard.tag))

        with qt_loop(qapp) as loop:
            loop.run_until_complete(asyncio.wait_for(whole(), PATIENCE_S))

    return run


def test_a_server_lives_dies_and_comes_back_on_qts_loop(on_qt):
    async def main(yard: Yard) -> None:
        old = await yard.ready("a")
        assert (await yard.call("a", "echo", n=1))["echo"] == {"n": 1}
        os.kill(old.pid, signal.SIGKILL)
        await until(lambda: yard.supervisor.observed("a").pid not in {None, old.pid})
        await yard.is_ready("a")
        yard.supervisor.want("a", False)
        assert (await yard.supervisor.settled("a", PATIENCE_S)).state is ServerState.OFF

    on_qt(main)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks its servers")
def test_a_fork_lives_dies_and_comes_back_on_qts_loop(on_qt):
    async def main(yard: Yard) -> None:
        yard.plans["relay1"] = relay_launch("relay1")
        old = await yard.ready("relay1")
        assert psutil.Process(old.pid).name() == "lou-relay"
        listed = await yard.supervisor.request("relay1", "list_tools", {}, PATIENCE_S)
        assert "seen" in {tool["name"] for tool in listed["tools"]}
        os.kill(old.pid, signal.SIGKILL)
        await until(lambda: yard.supervisor.observed("relay1").pid not in {None, old.pid})
        await yard.is_ready("relay1", PATIENCE_S)
        yard.supervisor.want("relay1", False)
        assert (await yard.supervisor.settled("relay1", PATIENCE_S)).state is ServerState.OFF

    on_qt(main)


def test_a_flood_on_stderr_neither_stalls_nor_grows_the_app(on_qt, figure):
    async def main(yard: Yard) -> None:
        await yard.ready("a")
        await yard.call("a", "flood", seconds=0.2)
        before = psutil.Process().memory_info().rss
        with Heartbeat() as heart:
            flood = await yard.call("a", "flood", seconds=3)
        grown = (psutil.Process().memory_info().rss - before) / 1e6
        told = len(yard.lines)
        figure(
            "Qt: lines a second that a server flooded stderr with",
            flood["lines"] / 3,
            at_least=10_000,
        )
        figure("Qt: loop lag during it", 1000 * heart.longest, "ms", at_most=100)
        figure("Qt: app's growth during it", grown, "MB", at_most=32, enforce=True)
        assert heart.beats > 100
        assert told < 1000
        assert any("lines left out" in line for _, line in yard.lines)
        assert yard.supervisor.observed("a").state is ServerState.READY

    on_qt(main)


def test_megabyte_results_do_not_stall_the_app(on_qt, figure):
    async def main(yard: Yard) -> None:
        await yard.ready("a")
        with Heartbeat() as heart:
            for _ in range(20):
                assert len((await yard.call("a", "big", bytes=1_000_000))["text"]) == 1_000_000
        figure("Qt: loop lag during 20 results of 1 MB", 1000 * heart.longest, "ms", at_most=100)

    on_qt(main)


def test_a_flood_of_events_does_not_stall_the_app(on_qt, figure):
    async def main(yard: Yard) -> None:
        await yard.ready("a")
        with Heartbeat() as heart:
            await yard.call("a", "events", count=50_000, within=40)
        assert yard.logged == 50_000
        figure("Qt: loop lag during 50,000 log events", 1000 * heart.longest, "ms", at_most=100)

    on_qt(main)
