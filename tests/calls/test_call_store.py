"""Kept calls: found quickly, bounded by bytes and age, gone when they are switched off."""

from __future__ import annotations

import asyncio
import json
import shlex
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.calls.call_log import CallLog
from app.calls.call_store import CallStore, NewCall
from app.calls.kept_call import CallDetail, CallQuery, KeptCall, as_command, as_json
from app.config.settings import Settings
from servers.contract.redaction import Redactor
from tests.patience import eventually

pytestmark = pytest.mark.anyio

SETTINGS = Settings(calls_total_mb=5)
SECRET = "canary-6f1d7b8e2c904a5d"


def new(number: int, **more: Any) -> NewCall:
    facts = {"server": "search", "tool": "web_search", "client": "claude", "outcome": "ok"} | more
    at, own = more.get("at", 1000.0 + number), int(more.get("own", False))
    row = (
        *(at, facts["server"], facts["tool"], facts["client"], "1", 5.0, facts["outcome"], ""),
        *(10, own, ""),
    )
    return NewCall(row, CallDetail(more.get("request", "{}"), more.get("answer", "{}")))


@pytest.fixture
def store(home: Path) -> Iterator[CallStore]:
    found = CallStore(home / "calls" / "calls.sqlite", 5_000_000)
    yield found
    found.close()


def ids(store: CallStore, before: int | None = None, limit: int = 10, **query: Any) -> list[int]:
    page = store.find(CallQuery(**query), before, limit, 10.0)
    return [call.id for call in page.calls]


def test_calls_are_found_the_newest_first_and_page_by_page(store: CallStore) -> None:
    store.add([new(number) for number in range(25)])
    first = store.find(CallQuery(), None, 10, 1.0)
    assert [call.id for call in first.calls] == list(range(25, 15, -1))
    assert ids(store, first.before) == list(range(15, 5, -1))
    last = store.find(CallQuery(), 6, 10, 1.0)
    assert ([call.id for call in last.calls], last.before) == ([5, 4, 3, 2, 1], None)


def test_each_condition_narrows_and_own_calls_are_left_out(store: CallStore) -> None:
    store.add(
        [
            new(1),
            new(2, server="tracker", tool="find_tracked"),
            new(3, client="cursor"),
            new(4, outcome="error"),
            new(5, own=True),
            new(6, request='{"query":"Tiny Keyboards"}'),
        ]
    )
    assert ids(store) == [6, 4, 3, 2, 1]
    assert ids(store, own=True) == [6, 5, 4, 3, 2, 1]
    assert ids(store, server="tracker") == [2]
    assert ids(store, tool="find_tracked") == [2]
    assert ids(store, client="cursor") == [3]
    assert ids(store, outcome="error") == [4]
    assert ids(store, text="tiny keyb") == [6]
    assert ids(store, text="tiny", outcome="error") == []
    assert ids(store, text="CURSOR") == [3]
    assert store.names("client") == ("claude", "cursor")
    assert store.names("server") == ("search", "tracker")


def test_a_search_that_takes_too_long_says_where_to_go_on(store: CallStore) -> None:
    store.add(
        [new(number, answer='{"a":"needle"}' if number == 0 else "{}") for number in range(900)]
    )
    page = store.find(CallQuery(text="needle"), None, 10, 0.0)
    assert page.calls == ()
    found: list[int] = []
    while page.before is not None:
        page = store.find(CallQuery(text="needle"), page.before, 10, 0.0)
        found += [call.id for call in page.calls]
    assert found == [1]


def test_the_file_stays_within_its_bound_and_the_newest_calls_stay(store: CallStore) -> None:
    for number in range(0, 400, 10):
        store.add(
            [new(each, answer=json.dumps("x" * 60_000)) for each in range(number, number + 10)]
        )
        assert store._path.stat().st_size <= store.most_bytes
    kept = ids(store, limit=1000)
    assert kept[0] == 400
    assert 40 < len(kept) < 100
    assert store.detail(400).answer
    assert store.detail(1) == CallDetail()


def test_old_calls_are_forgotten_and_leave_no_bytes(store: CallStore) -> None:
    store.add([new(1, at=1000.0, request=json.dumps(SECRET)), new(2, at=2000.0)])
    store.forget(1500.0)
    assert ids(store) == [2]
    store.close()
    assert SECRET.encode() not in store._path.read_bytes()


def test_the_file_is_for_its_owner_alone(store: CallStore) -> None:
    store.add([new(1)])
    assert store._path.stat().st_mode & 0o077 == 0
    assert store._path.parent.stat().st_mode & 0o077 == 0


def test_a_broken_file_is_set_aside(store: CallStore) -> None:
    store._path.parent.mkdir(mode=0o700)
    store._path.write_bytes(b"no database at all" * 100)
    store._path.chmod(0o600)
    store.add([new(1)])
    assert ids(store) == [1]
    assert len(list(store._path.parent.glob("*broken*"))) == 1


def test_a_call_becomes_a_command_and_a_document() -> None:
    call = KeptCall(7, 1000.0, "search", "web_search", "claude", "1", 5.0, "ok", "", 10, own=False)
    detail = CallDetail('{"query":"it\'s [e-mail] \\"x\\"","count":3}', '{"isError":false}')
    words = shlex.split(as_command(call, detail))
    assert words[:4] == ["lou", "call", "search", "web_search"]
    assert json.loads(words[4]) == {"query": 'it\'s [e-mail] "x"', "count": 3}
    assert detail.masked() == ("query",)
    assert json.loads(as_json(call, detail))["answer"] == {"isError": False}
    assert as_command(call, CallDetail()) == "lou call search web_search"


@pytest.fixture
async def calls(home: Path) -> AsyncIterator[CallLog]:
    found = CallLog(home / "calls.sqlite", Redactor([SECRET]), SETTINGS)
    await found.start()
    yield found
    await found.stop()


def event(**more: Any) -> dict[str, Any]:
    facts = {
        "tool": "find",
        "client": "c",
        "ms": 1.5,
        "outcome": "ok",
        "at": time.time(),
        "bytes": 9,
    }
    return {**facts, "request": {"a": 1}, "answer": {"b": 2}, "cut": "", "own": False, **more}


async def found(calls: CallLog, **query: Any) -> list[KeptCall]:
    return list((await calls.find(CallQuery(**query), limit=1000, budget_s=5.0)).calls)


async def test_an_event_is_found_at_once_and_told_of(calls: CallLog) -> None:
    told: list[int] = []
    calls.stored.subscribe(told.append)
    calls.add("search", event())
    (call,) = await found(calls)
    assert (call.server, call.tool, call.ms, call.size) == ("search", "find", 1.5, 9)
    assert told == [1]
    one = await calls.call(call.id)
    assert one is not None
    assert one[1] == CallDetail('{"a":1}', '{"b":2}')
    assert await calls.call(99) is None
    calls.add("search", event())
    await eventually(lambda: sum(told) == 2)


async def test_what_a_client_calls_itself_is_masked(calls: CallLog) -> None:
    calls.add("search", event(tool=SECRET, client=f"{'x' * 190} {SECRET}", version=SECRET))
    (call,) = await found(calls)
    assert (call.tool, call.version) == ("[redacted]", "[redacted]")
    assert SECRET[:9] not in call.client


async def test_secrets_that_only_the_app_knows_are_masked_too(calls: CallLog) -> None:
    calls.add("search", event(request={"text": f"my {SECRET}"}, answer=[{SECRET: SECRET}]))
    (call,) = await found(calls)
    one = await calls.call(call.id)
    assert one is not None
    assert one[1] == CallDetail('{"text":"my [redacted]"}', '[{"[redacted]":"[redacted]"}]')


@pytest.mark.parametrize(
    "wrong",
    [{"tool": None}, {"ms": "x"}, {"at": float("nan")}, {"bytes": 1e300}, {"outcome": 5},
     {"client": "x" * 10_000}, {"request": None}, {"answer": "\ud800"}],
)  # fmt: skip
async def test_an_event_with_anything_in_it_is_no_trouble(
    calls: CallLog, wrong: dict[str, Any]
) -> None:
    calls.add("search", event(**wrong))
    assert len(await found(calls)) == 1


async def test_what_waits_is_bounded(calls: CallLog) -> None:
    for _ in range(300):
        calls.add("search", event(answer={"text": "x" * 60_000}))
    kept = await found(calls)
    assert len(kept) == 300
    assert sum(call.cut == "busy" for call in kept) > 100


async def test_switched_off_nothing_is_kept_and_the_file_is_gone(
    calls: CallLog, home: Path
) -> None:
    calls.add("search", event())
    assert len(await found(calls)) == 1
    calls.change(replace(SETTINGS, keep_calls=False))
    await eventually(lambda: not (home / "calls.sqlite").exists())
    calls.add("search", event())
    assert await found(calls) == []
    assert not (home / "calls.sqlite").exists()


async def test_who_reads_while_it_is_switched_off_does_not_bring_the_file_back(
    calls: CallLog, home: Path
) -> None:
    calls.add("search", event())
    (call,) = await found(calls)
    calls.add("search", event())
    readers = [asyncio.create_task(each) for each in (found(calls), calls.call(call.id))]
    await asyncio.sleep(0)  # they have begun
    calls.change(replace(SETTINGS, keep_calls=False))
    await asyncio.gather(*readers)
    await eventually(lambda: not (home / "calls.sqlite").exists())


async def test_what_waited_when_it_was_switched_off_takes_no_room_later(calls: CallLog) -> None:
    for _ in range(300):
        calls.add("search", event(answer={"text": "x" * 60_000}))
    calls.change(replace(SETTINGS, keep_calls=False))
    await asyncio.sleep(0)  # the file is deleted before the next call is stored
    calls.change(SETTINGS)
    calls.add("search", event(answer={"text": "x" * 60_000}))
    (call,) = await found(calls)
    assert call.cut == ""


async def test_old_calls_go_by_age(calls: CallLog) -> None:
    calls.add("search", event(at=time.time() - 8 * 86_400))
    assert await found(calls) == []


async def test_a_full_disk_harms_nothing_else(calls: CallLog, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(calls._store, "add", full)
    calls.add("search", event())
    assert await found(calls) == []
    monkeypatch.undo()
    calls.add("search", event())
    assert len(await found(calls)) == 1
    await asyncio.sleep(0)
