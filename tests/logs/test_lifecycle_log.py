"""What happened to the servers can be read in the log, and a flood of calls does not flood it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs.logbook import Logbook
from app.supervision.lifecycle_log import LifecycleLog
from app.views import CallRecord, ClientEvent, ServerState, ServerStatus, Trouble


@pytest.fixture
def logbook(home: Path) -> Iterator[Logbook]:
    found = Logbook(home / "logs", str)
    yield found
    found.close()


def _said(logbook: Logbook) -> list[tuple[str, str]]:
    return [(row.level, row.message) for row in logbook.since(0, limit=1_000)]


def test_a_state_is_told_once_and_with_its_reason(logbook: Logbook) -> None:
    chronicle = LifecycleLog(logbook)
    trouble = Trouble("crashed", "It ended with code 1.")
    for state, why in [
        (ServerState.STARTING, None),
        (ServerState.READY, None),
        (ServerState.READY, None),
        (ServerState.BACKOFF, trouble),
    ]:
        chronicle.server(ServerStatus("search", state=state, trouble=why))
    assert _said(logbook) == [
        ("INFO", "The server is starting"),
        ("INFO", "The server is ready"),
        ("WARNING", "The server ended and is started again soon: It ended with code 1."),
    ]


def test_clients_are_told_as_they_come_and_go(logbook: Logbook) -> None:
    chronicle = LifecycleLog(logbook)
    for stage in ("initialized", "called", "left"):
        chronicle.client(ClientEvent("search", "1", "claude-ai", stage, version="1.2", at=1.0))
    assert _said(logbook) == [
        ("INFO", "claude-ai 1.2 connected"),
        ("INFO", "claude-ai 1.2 left"),
    ]


def test_a_call_is_linked_and_a_failed_one_stands_out(logbook: Logbook) -> None:
    chronicle = LifecycleLog(logbook)
    chronicle.call(CallRecord("search", "web_search", 12.34, "ok", client="claude-ai", id="a1"))
    chronicle.call(CallRecord("search", "web_search", 3.0, "error", "quota", id="a2"))
    assert _said(logbook) == [
        ("INFO", "web_search for claude-ai: ok in 12.3 ms"),
        ("WARNING", "web_search: error (quota) in 3.0 ms"),
    ]
    assert [row.call for row in logbook.since(0)] == ["a1", "a2"]


def test_a_flood_of_calls_is_a_few_lines_and_a_number(
    logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([*([7.0] * 5_000), 8.0])
    monkeypatch.setattr("app.supervision.lifecycle_log.time.monotonic", lambda: next(seconds))
    chronicle = LifecycleLog(logbook)
    for _ in range(5_001):
        chronicle.call(CallRecord("search", "web_search", 1.0, "ok"))
    said = [text for _, text in _said(logbook)]
    assert len(said) == 52
    assert said[50] == "4950 more calls in that second are in the metrics only"
