"""Log records on their way out: never a flood, never a novel, never a secret."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from servers.host import logs, redact
from servers.host.logs import LogPipe
from servers.host.process_lifecycle import quiet_loop
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.anyio


def _record(message: Any, created: float = 100.0, args: Any = ()) -> logging.LogRecord:
    record = logging.LogRecord("some.where", logging.WARNING, "", 1, message, args, None)
    record.created = created
    return record


def test_a_flood_is_cut_and_its_size_is_told() -> None:
    sent: list[dict[str, Any]] = []
    pipe = LogPipe(sent.append)
    for number in range(1_000):
        pipe.handle(_record(f"line {number}"))
    assert len(sent) == 200
    pipe.handle(_record("later", created=101.0))
    assert [data["message"] for data in sent[200:]] == [
        "suppressed 800 log lines (800 WARNING): more than 200 in a second; `log_lines_per_second` "
        "among the server's settings in config.json keeps more",
        "later",
    ]


def test_the_size_of_a_flood_is_told_although_nothing_follows() -> None:
    sent: list[dict[str, Any]] = []
    pipe = LogPipe(sent.append)
    for number in range(21_000):
        record = _record(f"line {number}")
        record.levelname = "INFO" if number % 100 else "ERROR"
        record.levelno = getattr(logging, record.levelname)
        pipe.handle(record)
    wait_until(lambda: sent[-1]["message"].startswith("suppressed"), PATIENCE_S)
    assert [data["level"] for data in sent].count("ERROR") == 200
    assert "20,600 log lines (20,590 INFO, 10 ERROR)" in sent[-1]["message"]
    assert sent[-1]["level"] == "WARNING"


def test_how_many_lines_are_kept_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    pipe = LogPipe(sent.append)
    monkeypatch.setattr(logging.getLogger(), "handlers", [pipe])
    logs.keep_per_second(30_000)
    for number in range(21_000):
        pipe.handle(_record(f"line {number}"))
    assert len(sent) == 21_000
    logs.keep_per_second("many")
    assert pipe.per_second == 200


def test_a_long_message_is_shortened_in_its_middle() -> None:
    sent: list[dict[str, Any]] = []
    LogPipe(sent.append).handle(_record("a" * 5_000 + "b" * 50_000 + "c" * 5_000))
    message = sent[0]["message"]
    assert len(message) < 9_000
    assert message.startswith("aaa")
    assert message.endswith("ccc")
    assert "52000 characters left out" in message


def test_a_secret_in_the_arguments_or_the_traceback_is_taken_out() -> None:
    redact.protect(["the-value-of-a-key"])
    sent: list[dict[str, Any]] = []
    pipe = LogPipe(sent.append)
    pipe.handle(_record("with %s", args=("the-value-of-a-key",)))
    try:
        int("the-value-of-a-key")
    except ValueError as error:
        record = _record("failed")
        record.exc_info = (type(error), error, error.__traceback__)
        pipe.handle(record)
    assert sent[0]["message"] == "with [redacted]"
    assert "base 10: '[redacted]'" in sent[1]["message"]
    assert "the-value-of-a-key" not in sent[1]["message"]


def test_a_line_that_cannot_be_formatted_stops_nobody() -> None:
    sent: list[dict[str, Any]] = []
    LogPipe(sent.append).handle(_record("%d items", args=("many",)))
    assert "could not be formatted: '%d items'" in sent[0]["message"]


def test_libraries_that_log_addresses_stay_quiet_even_in_debug_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    logs.be_verbose(on=True)
    for name in ("mcp.server", "httpx", "httpcore", "aiohttp.client", "urllib3", "uvicorn.access"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO), name
    assert logging.getLogger("servers.search").isEnabledFor(logging.DEBUG)


async def test_the_loop_tells_of_one_kind_of_trouble_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    quiet_loop()
    try:
        for _ in range(5_000):
            loop.call_exception_handler({"message": "socket.accept() out of system resource"})
        loop.call_exception_handler({"message": "something else"})
    finally:
        loop.set_exception_handler(before)
    assert len(caplog.records) == 2


def test_what_is_kept_for_the_bridge_has_no_secret_and_stays_json() -> None:
    redact.protect(["the-value-of-a-key"])
    kept = redact.redacted_json({"tools": ["say the-value-of-a-key", "token=abcdefghij"]})
    assert json.loads(kept) == {"tools": ["say [redacted]", "token=abcdefghij"]}
    assert redact.redacted_json({"a": ["the-value", "-of-a-key"]}) in {
        "null",
        '{"a":["[redacted]"]}',
    }
