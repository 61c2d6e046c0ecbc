"""The figures of docs/windows.md; `tests/bench/test_windows_bench.py` prints them elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import stat
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.system import files
from servers.contract import greeting, ownership
from servers.tracker.stores.sqlite import disk
from tests.conftest import Figures
from tests.patience import wait_until
from tests.windows import machine
from tests.windows.inside import test_logs, test_tracker_files
from tests.windows.inside.running import BASE, SERVERS, Lou, entry_in, session, still_running
from tests.windows.inside.test_files import reader
from tests.windows.inside.test_logs import held
from tests.windows.inside.test_whole_application import PACKAGED

__all__ = ["held", "reader"]

KILLS, REPLACEMENTS, STARTS, FLOOD = 20, 1_000, 15, 100_000
PYTHONS = {"environment": sys.executable, "plain": machine.PLAIN}


@pytest.mark.timeout(2400)
def test_kills_of_the_app(folder: Path, figure: Figures) -> None:
    own = {"own": SERVERS["own"]}
    ends: dict[str, list[tuple[int, float]]] = {name: [] for name in PYTHONS}
    with contextlib.ExitStack() as stack:
        lous = {
            name: Lou(folder / name, (python, "-I", "-m", "app"), own)
            for name, python in PYTHONS.items()
        }
        for lou in lous.values():
            stack.callback(lou.stop)
        for _ in range(KILLS):
            for lou in lous.values():
                lou.launch("serve", creationflags=subprocess.DETACHED_PROCESS)
            for name, lou in lous.items():
                ends[name].append(killed(lou))
    for name, found in ends.items():
        survivors, times = zip(*found, strict=True)
        row = f"{KILLS} kills of the app with grandchildren, {name} python"
        figure(f"{row}: survivors after 3 s", sum(survivors), at_most=0)
        figure(f"{row}: slowest end of all", max(times), "s", at_most=3)


def killed(lou: Lou) -> tuple[int, float]:
    """How many processes survive the app by 3 s, and how long the others took to end."""
    wait_until(lou.is_ready, what="its server is ready")
    family = lou.kill()
    assert len(family) >= 4, "a relay, the user's server and its two children"
    began = time.monotonic()
    with contextlib.suppress(AssertionError):
        wait_until(lambda: not still_running(family), 3)
    took = time.monotonic() - began
    survivors = len(still_running(family))
    lou.stop()
    return survivors, took


def test_replacements_under_a_reader(reader: Path, figure: Figures) -> None:
    def config(number: int) -> int:
        files.write_atomic(reader, f"{number}".encode())
        return int(ownership.read(str(reader)))

    def port(number: int) -> int:
        greeting.write_port(str(reader), greeting.this_port(number, "a1"))
        return greeting.read_port(str(reader)).port

    for name, replace in (("a file", config), ("a port file", port)):
        failed, lost = replaced(replace)
        figure(f"{REPLACEMENTS} replacements of {name} under a reader: failed", failed, at_most=0)
        figure(f"{REPLACEMENTS} replacements of {name} under a reader: lost", lost, at_most=0)


def replaced(replace: Callable[[int], int]) -> tuple[int, int]:
    """How many replacements failed, and after how many something else was read."""
    failed = lost = 0
    for number in range(1, REPLACEMENTS + 1):
        try:
            lost += replace(number) != number
        except OSError:
            failed += 1
    return failed, lost


def test_log_flood(held: Path, figure: Figures) -> None:
    numbers, count, content = test_logs.flood(held, FLOOD)
    name = f"flood of {FLOOD:,} lines into {count} held log files"
    figure(f"{name}: lost", FLOOD - len({*numbers}), at_most=0)
    figure(f"{name}: doubled", len(numbers) - len({*numbers}), at_most=0)
    figure(f"{name}: carriage returns", content.count(b"\r"), at_most=0)


def test_start_of_the_written_entry(lou: Lou, figure: Figures) -> None:
    lou.start("serve")
    PACKAGED.parent.mkdir(parents=True, exist_ok=True)
    PACKAGED.write_bytes(b"{}")
    lou.run("clients", "connect", "claude-desktop")
    argv, env = entry_in(PACKAGED)
    entry: list[float] = []
    bare: list[float] = []
    for _ in range(STARTS):
        began = time.monotonic()
        with session(argv, env) as opened:
            opened.open()
            entry.append(time.monotonic() - began)
        began = time.monotonic()
        subprocess.run([BASE, "-I", "-S", "-c", "pass"], check=True)
        bare.append(time.monotonic() - began)
    ratio = statistics.median(entry) / statistics.median(bare)
    figure("written entry to initialize", statistics.median(entry), "s")
    figure("written entry to initialize / python -I -S -c pass", ratio, at_most=2.5)


@pytest.mark.parametrize("trouble", ["damaged", "damaged and held", "read-only"])
def test_opening_of_a_sick_tracker_file(folder: Path, figure: Figures, trouble: str) -> None:
    async def scene() -> tuple[float, list[str]]:
        file = await test_tracker_files.made(folder)
        if "damaged" in trouble:
            test_tracker_files.damage(file)
        else:
            file.chmod(stat.S_IREAD)
        told = test_tracker_files.Told()
        began = time.monotonic()
        with file.open("rb") if "held" in trouble else contextlib.nullcontext():
            store = await test_tracker_files.opened(file, told)
            took = time.monotonic() - began
        await store.close()
        return took, told.codes

    took, codes = asyncio.run(scene())
    expected = {"damaged": "restored", "damaged and held": disk.HELD.code}.get(trouble)
    assert codes[-1:] == ([expected] if expected else [])
    figure(f"opening of a {trouble} tracker file", took, "s", at_most=10)
