"""A native crash leaves a trace, and the next start tells of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.core import Core
from app.system import crash_trace
from app.views import Notice

CRASH = """
import faulthandler
from app.system import crash_trace
with crash_trace.recorded():
    faulthandler._sigsegv()
"""


def crash() -> None:
    assert subprocess.run([sys.executable, "-c", CRASH], check=False).returncode


@pytest.mark.anyio
async def test_the_next_start_tells_of_a_crash_once(home: Path) -> None:
    crash()
    told: list[Notice] = []
    for expected in (1, 0):
        told.clear()
        with crash_trace.recorded():
            core = Core("headless")
            core.notices.subscribe(told.append)
            await core.start()
            await core.stop()
        assert len([each for each in told if each.code == "crashed"]) == expected
    text = (home / "lou/logs/lou.log").read_text("utf-8")
    assert "Lou ended by a fault the last time" in text
    assert "in recorded" in text or "<module>" in text


def test_a_run_that_ends_in_order_leaves_nothing(home: Path) -> None:
    with crash_trace.recorded():
        assert list((home / "lou/logs").glob("*.trace"))
    assert not list((home / "lou/logs").glob("*.trace"))
    assert not crash_trace.take()


def test_a_log_folder_that_cannot_be_used_does_not_stop_the_start(home: Path) -> None:
    (home / "lou").mkdir()
    (home / "lou/logs").write_text("no folder")
    with crash_trace.recorded():
        assert not crash_trace.take()
