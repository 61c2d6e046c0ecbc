"""Log lines: none lost, none secret, found again quickly among very many."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs import log_writer
from app.logs.line_format import Stamps, parse, render
from app.logs.log_search import Cursor, LogQuery
from app.logs.logbook import LEVELS, Logbook
from servers.contract.redaction import Redactor
from tests.patience import wait_until

SECRET = "tvly-canary-5f0c9e51b7a24d"


@pytest.fixture
def redactor() -> Redactor:
    found = Redactor()
    found.learn([SECRET])
    return found


@pytest.fixture
def logbook(home: Path, redactor: Redactor) -> Iterator[Logbook]:
    found = Logbook(home / "logs", redactor)
    found.keep_from("DEBUG")
    yield found
    found.close()


def stored(logbook: Logbook, wanted: LogQuery = LogQuery(), limit: int = 10_000) -> list[str]:  # noqa: B008
    """All messages, oldest first, gathered page by page."""
    messages: list[str] = []
    before: Cursor | None = None
    while True:
        page = logbook.page(wanted, before, limit=limit, budget_s=5)
        messages += [line.message for line in page.lines]
        if page.before is None:
            return messages[::-1]
        before = page.before


def test_the_file_has_the_promised_format(logbook: Logbook) -> None:
    logbook.add("search", "WARNING", "servers.search", "Something", at=1_700_000_000.25)
    logbook.page(LogQuery())
    text = (logbook.folder / "search.log").read_text()
    local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(1_700_000_000))
    assert text == f"{local},250 - servers.search - WARNING - Something\n"


def test_the_file_is_private_and_holds_no_secret(logbook: Logbook) -> None:
    logbook.add("search", "INFO", "x", f"the key is {SECRET}")
    logbook.close()
    path = logbook.folder / "search.log"
    assert path.stat().st_mode & 0o777 == 0o600
    assert logbook.folder.stat().st_mode & 0o777 == 0o700
    assert SECRET not in path.read_text()
    assert SECRET not in logbook.since(0)[0].message


def test_a_record_of_many_lines_stays_one_row_and_forges_none(logbook: Logbook) -> None:
    trace = "Traceback:\n  File x\n2026-01-01 00:00:00,000 - evil - ERROR - forged"
    logbook.add("search", "ERROR", "x", trace)
    logbook.add("search", "INFO", "x", "next")
    assert [line.message for line in logbook.since(0)] == [trace, "next"]
    assert stored(logbook) == [trace, "next"]
    assert (logbook.folder / "search.log").read_text("utf-8").count("\n") == 2


def test_since_gives_what_is_new_of_one_or_all(logbook: Logbook) -> None:
    for number in range(6):
        logbook.add("search" if number % 2 else "tracker", "INFO", "x", str(number))
    seen = logbook.newest
    logbook.add("tracker", "INFO", "x", "6")
    logbook.add("search", "INFO", "x", "7")
    assert [line.message for line in logbook.since(seen)] == ["6", "7"]
    assert [line.message for line in logbook.since(0, "tracker")] == ["0", "2", "4", "6"]
    assert [line.message for line in logbook.since(0, limit=3)] == ["5", "6", "7"]
    assert [line.n for line in logbook.since(0)] == sorted(line.n for line in logbook.since(0))


def test_memory_keeps_the_newest_only(home: Path) -> None:
    logbook = Logbook(home / "logs", str, ring=100)
    for number in range(1_000):
        logbook.add("search", "INFO", "x", str(number))
    assert [line.message for line in logbook.since(0)] == [str(n) for n in range(900, 1_000)]
    assert len(stored(logbook)) == 1_000
    logbook.close()


def test_a_level_and_a_text_find_their_lines(logbook: Logbook) -> None:
    for number in range(2_000):
        level = "ERROR" if number % 500 == 0 else "INFO" if number % 2 else "DEBUG"
        logbook.add(
            "search", level, "x", f"Line {number} says - ERROR - " + "Needle" * (number == 7)
        )
    assert len(stored(logbook, LogQuery(level="ERROR"))) == 4
    assert len(stored(logbook, LogQuery(level="INFO"))) == 1_004
    assert len(stored(logbook, LogQuery(text="nEEdle"))) == 1
    assert stored(logbook, LogQuery(level="ERROR", text="line 500")) == ["Line 500 says - ERROR - "]
    assert stored(logbook, LogQuery(text="absent")) == []


@pytest.mark.parametrize("text", ["", "common", "RARE", "both", "absent", " - error - "])
@pytest.mark.parametrize("level", ["", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_the_same_lines_are_found_whether_the_level_or_the_text_is_rarer(
    logbook: Logbook, level: str, text: str
) -> None:
    lines = []
    for n in range(4_000):
        says = f"Common {n}{' rare' * (n % 700 == 3)}{' both' * (n % 50 == 0)}"
        says += " - ERROR - " * (n % 900 == 1)
        kind = "ERROR" if n % 400 == 0 else "WARNING" if n % 3 == 0 else "INFO"
        logbook.add("search", kind, "lou.search", says)
        lines.append((kind, says))
    least = LEVELS.index(level or "DEBUG")
    expected = [
        says
        for kind, says in lines
        if LEVELS.index(kind) >= least and text.lower() in f"- lou.search - {kind} - {says}".lower()
    ]
    assert stored(logbook, LogQuery(level=level, text=text)) == expected


def test_pages_of_all_servers_are_in_the_order_of_time(logbook: Logbook) -> None:
    begin = time.time()
    for number in range(300):
        server = ("search", "tracker", "lou")[number % 3]
        logbook.add(server, "INFO", "x", str(number), at=begin + number / 100)
    assert stored(logbook, limit=37) == [str(n) for n in range(300)]
    assert stored(logbook, LogQuery(text="1"), limit=5) == [
        str(n) for n in range(300) if "1" in str(n)
    ]


def test_files_roll_and_the_oldest_of_all_go_first(home: Path) -> None:
    logbook = Logbook(home / "logs", str, total_bytes=2_000_000)
    for number in range(60_000):
        logbook.add("search", "INFO", "x", f"{number:06d}")
        if number % 5_000 == 0:
            logbook.page(LogQuery(), limit=1)
    logbook.close()
    size = sum(path.stat().st_size for path in logbook.folder.iterdir())
    assert size <= 2_000_000 + 256_000
    messages = stored(logbook)
    assert messages == [f"{n:06d}" for n in range(60_000 - len(messages), 60_000)]


def test_lines_are_stored_once_while_the_oldest_file_cannot_be_deleted(home: Path) -> None:
    oldest = home / "logs/search.000001.log"
    (oldest / "inside").mkdir(parents=True)
    logbook = Logbook(home / "logs", str, total_bytes=1)
    for number in range(900):
        logbook.add("search", "INFO", "x", f"{number:06d} {'x' * 300}")
    logbook.close()
    files = (path for path in (home / "logs").glob("*.log") if path != oldest)
    assert sum(path.read_bytes().count(b"\n") for path in files) == 900


def test_a_page_goes_on_where_it_ended_while_files_roll(home: Path) -> None:
    # Files of 250 KB, and room for all that is written here.
    logbook = Logbook(home / "logs", str, total_bytes=5_000_000)
    for number in range(4_000):
        logbook.add("search", "INFO", "x", f"{number:06d} {'x' * 300}")
    first = logbook.page(LogQuery(), limit=100)
    before = len(list((home / "logs").glob("*.log")))
    for number in range(4_000, 9_000):
        logbook.add("search", "INFO", "x", f"{number:06d} {'x' * 300}")
        if number % 500 == 0:
            logbook._writer.flush()
    second = logbook.page(LogQuery(), first.before, limit=100)
    assert len(list((home / "logs").glob("*.log"))) > before
    numbers = [int(line.message[:6]) for line in (*first.lines, *second.lines)]
    assert numbers == list(range(3_999, 3_799, -1))
    logbook.close()


def test_lines_are_found_again_after_a_restart(home: Path) -> None:
    for start in range(3):
        logbook = Logbook(home / "logs", str)
        logbook.add("search", "INFO", "x", f"start {start}")
        logbook.close()
    later = Logbook(home / "logs", str)
    assert stored(later) == ["start 0", "start 1", "start 2"]
    assert later.servers() == ("search",)


def test_a_search_that_takes_too_long_returns_where_it_stopped(logbook: Logbook) -> None:
    for number in range(30_000):
        logbook.add("search", "INFO", "x", f"{number} {'y' * 100}")
    page = logbook.page(LogQuery(text="absent"), budget_s=0.0)
    assert page.lines == ()
    assert page.before is not None
    assert stored(logbook, LogQuery(text="29999 ")) != []


def test_lines_wait_while_the_disk_is_full_and_none_is_lost(
    home: Path, recwarn: pytest.WarningsRecorder
) -> None:
    import resource

    logbook = Logbook(home / "logs", str)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
        for number in range(200):
            logbook.add("search", "INFO", "x", f"line {number}")
        logbook.page(LogQuery())
        assert logbook.problem
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert stored(logbook) == [f"line {n}" for n in range(200)]
    assert not logbook.problem
    logbook.close()


def test_a_file_that_somebody_deletes_is_made_anew(logbook: Logbook) -> None:
    logbook.add("search", "INFO", "x", "first")
    logbook.page(LogQuery())
    (logbook.folder / "search.log").unlink()
    logbook.add("search", "INFO", "x", "second")
    assert stored(logbook) == ["second"]


def test_a_flood_loses_nothing(home: Path, figure) -> None:
    redactor = Redactor()
    redactor.learn([SECRET])
    logbook = Logbook(home / "logs", redactor)
    lines, began, cpu = 50_000, time.monotonic(), time.process_time()
    for number in range(lines):
        logbook.add(
            "search", "INFO", "servers.search.websearch.engine", f"{number} answered in 12.3 ms"
        )
    logbook.close()
    spent = time.monotonic() - began
    text = (logbook.folder / "search.log").read_text()
    assert [int(n) for n in re.findall(r"INFO - (\d+) ", text)] == list(range(lines))
    figure("log flood: lines lost in the file", 0, "lines", at_most=0, enforce=True)
    figure("log flood: lines a second, one core", lines / spent, "/s", at_least=5_000)
    used = (time.process_time() - cpu) / lines * 5_000 * 100
    figure("log flood: CPU at 5,000 lines/s", used, "%", at_most=15)


def test_the_writer_thread_alone_puts_lines_on_disk(home: Path) -> None:
    before = set(threading.enumerate())
    logbook = Logbook(home / "logs", str)
    logbook.add("search", "INFO", "x", "by itself")
    path = home / "logs" / "search.log"
    wait_until(lambda: path.exists() and path.stat().st_size)
    logbook.close()
    assert not [t for t in set(threading.enumerate()) - before if t.name == "log-writer"]


def test_reading_back_gives_what_was_rendered() -> None:
    stamp = Stamps()(1_700_000_000.5)
    line = parse("s", render(stamp, "a.b", "INFO", "x - y\nz").rstrip("\n"))
    assert (line.at, line.logger, line.level, line.message) == (stamp, "a.b", "INFO", "x - y\nz")
    assert parse("s", "no log line").message == "no log line"


def test_servers_whose_names_begin_alike_keep_their_own_files(logbook: Logbook) -> None:
    logbook.add("a", "INFO", "x", "of a")
    logbook.add("a-b", "INFO", "x", "of a-b")
    assert stored(logbook, LogQuery(server="a")) == ["of a"]
    assert [s.path.name for s in log_writer.segments(logbook.folder, "a")] == ["a.log"]
