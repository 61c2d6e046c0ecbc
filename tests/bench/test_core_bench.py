"""The figures of the core: floods of lines, a million stored ones, figures of a month, commands."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from app.logs.line_format import Stamps
from app.logs.log_search import LogQuery
from app.logs.logbook import Logbook
from servers.contract.redaction import Redactor
from tests.app.running import LOU, lou

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

MILLION = 1_000_000


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million lines of three servers, as the writer leaves them."""
    folder = tmp_path_factory.mktemp("logs")
    stamp, begin = Stamps(), time.time() - MILLION / 100
    for index, server in enumerate(("search", "tracker", "lou")):
        lines = []
        for number in range(index, MILLION, 3):
            level = "ERROR" if number % 50_000 == 0 else "INFO" if number % 3 else "DEBUG"
            message = f"line {number} answered web_search in {number % 977} ms for claude-ai"
            lines.append(
                f"{stamp(begin + number / 100)} - servers.{server}.engine - {level} - {message}\n"
            )
        size = len(lines) // 5
        for part in range(5):
            name = f"{server}.{part + 1:06d}.log" if part < 4 else f"{server}.log"
            end = (part + 1) * size if part < 4 else len(lines)
            (folder / name).write_text("".join(lines[part * size : end]))
    return folder


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("page opens", LogQuery()),
        ("filter by level", LogQuery(level="ERROR")),
        ("filter by a frequent text", LogQuery(text="claude")),
        ("filter by a rare text", LogQuery(text="line 7 answered")),
        ("filter by a text that is not there", LogQuery(text="no such words")),
        ("filter by level and text", LogQuery(level="WARNING", text="line 50")),
        ("one server, rare text", LogQuery(server="tracker", text="line 1 answered")),
    ],
)
def test_a_million_lines_answer_at_once(million: Path, figure, name: str, wanted: LogQuery) -> None:
    logbook = Logbook(million, str)
    process = psutil.Process()
    before = process.memory_info().rss
    times = []
    for _ in range(5):
        began = time.perf_counter()
        page = logbook.page(wanted, limit=500, budget_s=60)  # whole, however slow the machine
        times.append((time.perf_counter() - began) * 1000)
    figure(f"1,000,000 stored lines: {name}, median", statistics.median(times), "ms", at_most=300)
    assert page.before is None or len(page.lines) == 500, "one page answers the whole search"
    grown = (process.memory_info().rss - before) / 1e6
    figure(f"1,000,000 stored lines: {name}, memory kept", grown, "MB", at_most=30)
    logbook.close()


def test_a_minute_of_5000_lines_a_second(tmp_path: Path, figure) -> None:
    redactor = Redactor()
    for number in range(6):
        redactor.learn([f"canary-{number}-0123456789abcdefghijkl"])
    logbook = Logbook(tmp_path / "logs", redactor)
    process = psutil.Process()
    memory, cpu, began = process.memory_info().rss, time.process_time(), time.monotonic()
    written, slowest, seconds = 0, 0.0, 60
    while (now := time.monotonic() - began) < seconds:
        turn = time.perf_counter()
        while written < now * 5_000:
            logbook.add(
                "search", "INFO", "servers.search.websearch.engine", f"{written} took 12.3 ms"
            )
            written += 1
        slowest = max(slowest, time.perf_counter() - turn)
        time.sleep(0.02)
    used = (time.process_time() - cpu) / seconds * 100
    grown = (process.memory_info().rss - memory) / 1e6
    logbook.close()
    text = "".join(path.read_text() for path in sorted((tmp_path / "logs").iterdir()))
    kept = {int(number) for number in re.findall(r"INFO - (\d+) took", text)}
    figure("60 s of 5,000 lines/s: lines lost", written - len(kept), "", at_most=0, enforce=True)
    figure("60 s of 5,000 lines/s: CPU of one core", used, "%", at_most=15)
    figure("60 s of 5,000 lines/s: memory growth", grown, "MB", at_most=30)
    figure("60 s of 5,000 lines/s: longest turn of the loop", slowest * 1000, "ms", at_most=100)


def test_commands_are_quick(figure) -> None:
    with lou() as running:
        running.start()
        running.wait_for("search", "ready")
        running.wait_for("tracker", "ready")
        for words in (("status", "--json"), ("call", "tracker", "find_tracked", "--json")):
            times = []
            for _ in range(15):
                began = time.perf_counter()
                assert running.run(*words).returncode == 0
                times.append((time.perf_counter() - began) * 1000)
            figure(
                f"lou {words[0]}: whole command, median",
                statistics.median(times),
                "ms",
                at_most=250,
            )
        ask_over_one_connection(running.environment, figure)
        idle(running.process.pid, figure)


def ask_over_one_connection(environment: dict[str, str], figure) -> None:
    program = (
        "import json, time; from app.control.client import ControlClient\n"
        "with ControlClient() as wire:\n"
        "    times = []\n"
        "    for _ in range(300):\n"
        "        began = time.perf_counter(); wire.ask('status')\n"
        "        times.append((time.perf_counter() - began) * 1000)\n"
        "print(json.dumps(times))\n"
    )
    python = str(Path(LOU).with_name("python"))
    done = subprocess.run(
        [python, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    times = sorted(json.loads(done.stdout))
    figure("control socket: status round trip, median", statistics.median(times), "ms", at_most=5)
    figure("control socket: status round trip, p99", times[int(len(times) * 0.99)], "ms")


def idle(pid: int, figure) -> None:
    process = psutil.Process(pid)
    time.sleep(2)
    before = process.cpu_times()
    time.sleep(20)
    after = process.cpu_times()
    used = (after.user + after.system - before.user - before.system) / 20 * 100
    figure("headless Lou, idle for 20 s: CPU of one core", used, "%", at_most=0.5)
    figure("headless Lou, idle: PSS", process.memory_full_info().pss / 1e6, "MB", at_most=60)


def test_start_up_is_quick(figure) -> None:
    program = "import app.core"
    python = str(Path(LOU).with_name("python"))
    times = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([python, "-c", program], check=True)
        times.append((time.perf_counter() - began) * 1000)
    figure("import of the whole core, interpreter included, median", statistics.median(times), "ms")
    shown = subprocess.run(
        [python, "-X", "importtime", "-c", program], capture_output=True, text=True, check=True
    ).stderr
    assert not re.search(r"\| +(keyring|secretstorage|cryptography|mcp|PySide6)\b", shown)
