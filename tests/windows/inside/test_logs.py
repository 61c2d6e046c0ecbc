"""Log files that another program has open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs.log_search import LogQuery
from app.logs.logbook import Logbook

LINES = 6_000
HOLD = """
import pathlib, sys, time
while True:
    for path in pathlib.Path(sys.argv[1]).glob('*.log'):
        try:
            with path.open('rb') as file:
                file.read()
                time.sleep(0.02)
        except OSError:
            pass
        time.sleep(0.02)
"""


@pytest.fixture
def held(folder: Path) -> Iterator[Path]:
    """A folder of logs whose files another program opens one after the other, without sharing."""
    logs = folder / "logs"
    logs.mkdir()
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", HOLD, str(logs)])
    yield logs
    process.kill()
    process.wait()


def flood(logs: Path, count: int) -> tuple[list[str], int, bytes]:
    """The numbers that are stored of `count` lines, the number of files, and all their bytes."""
    logbook = Logbook(logs, str, total_bytes=1_000 * count)  # room for all
    for number in range(count):
        logbook.add("search", "INFO", "x", f"{number:07d} {'x' * 250}")
        if number % 200 == 0:
            logbook.page(LogQuery(), limit=1)  # writes what waits
    logbook.close()
    files = sorted(logs.glob("*.log"), key=lambda path: (path.name == "search.log", path.name))
    content = b"".join(path.read_bytes() for path in files)
    numbers = [line.split(" - ")[3][:7] for line in content.decode().splitlines()]
    return numbers, len(files), content


def test_a_flood_is_stored_once_while_another_program_has_the_files_open(held: Path) -> None:
    numbers, files, content = flood(held, LINES)
    assert numbers == [f"{number:07d}" for number in range(LINES)]
    assert files > 1
    assert b"\r" not in content


def test_lines_are_stored_once_while_the_oldest_file_cannot_be_deleted(folder: Path) -> None:
    logs = folder / "logs"
    logs.mkdir()
    oldest = logs / "search.000001.log"
    oldest.write_bytes(b"x" * 600_000)
    with oldest.open("rb"):
        logbook = Logbook(logs, str, total_bytes=500_000)
        for number in range(900):
            logbook.add("search", "INFO", "x", f"{number:07d} {'x' * 300}")
        logbook.close()
        written = b"".join(path.read_bytes() for path in logs.glob("*.log") if path != oldest)
    assert oldest.exists()
    assert written.count(b"\n") == 900
