"""What a call asked and got is sent after its answer: without secrets, bounded, at no cost."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from servers.contract import messages
from servers.host import call_details, redact
from servers.host.call_details import EMAIL, MOST_CHARACTERS, PRIVATE
from servers.host.meter import Meter
from servers.host.tools.calls import FinishedCall
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio

SECRET = "canary-6f1d7b8e2c904a5d"
KEY = "sk-abcdefghijklmnop123456"


@pytest.fixture(autouse=True)
def switched_on() -> Iterator[None]:
    redact.protect([SECRET])
    call_details.switch(on=True)
    call_details.hide(("note",))
    yield
    call_details.switch(on=False)
    call_details.hide(())


class Heard:
    """A meter, and the details that it sent."""

    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []
        self.calls = 0
        self.meter = Meter(self._emit)

    def _emit(self, event: str, data: dict[str, Any]) -> None:
        if event == messages.CALL_DETAIL:
            self.details.append(data)
        elif event == messages.CALL:
            self.calls += 1

    def finish(self, request: Any = None, answer: Any = None, **more: Any) -> None:
        facts = {"held": 100, "own": False, **more}
        self.meter.record(
            FinishedCall(
                "1", "find", "claude", "1.0", 2.0, "ok", "", 7, facts["own"],
                lambda: facts["held"], lambda: (request, answer),
            )
        )  # fmt: skip

    async def sent(self, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.details) < count:
                await asyncio.sleep(0.01)
        return self.details


async def test_the_detail_follows_the_answer_with_the_facts_of_the_call() -> None:
    heard = Heard()
    heard.finish({"text": "tiny"}, {"structuredContent": {"count": 2}})
    assert (heard.calls, heard.details) == (1, []), "nothing but the figures before the answer"
    (found,) = await heard.sent()
    assert (found["tool"], found["client"], found["outcome"]) == ("find", "claude", "ok")
    assert found["request"] == {"text": "tiny"}
    assert found["answer"] == {"structuredContent": {"count": 2}}
    assert (found["cut"], found["own"]) == ("", False)


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"text": f"my {SECRET}"}, {"text": "my [redacted]"}),
        ({"text": f"{KEY} is it"}, {"text": "[redacted] is it"}),
        ({"api_key": "abcdef123456"}, {"api_key": "[redacted]"}),
        ({"password": "hunter2hunter2"}, {"password": "[redacted]"}),
        ({"headers": ["Authorization: Bearer abcdef123456"]},
         {"headers": ["Authorization: Bearer [redacted]"]}),
        ({SECRET: 1}, {"[redacted]": 1}),
        ({"jo@example.com": 1, "al@example.com": 2}, {EMAIL: 1, EMAIL + "'": 2}),
        ({"to": "Jo <jo.doe+x@mail.example.co.uk>, al@b.de"}, {"to": f"Jo <{EMAIL}>, {EMAIL}"}),
        ({"url": "https://e.com/?mail=jo%40example.com"}, {"url": f"https://e.com/?mail={EMAIL}"}),
        ({"note": "call on monday"}, {"note": PRIVATE}),
        ({"changed": {"note": ["a", "b"]}}, {"changed": {"note": PRIVATE}}),
        ({"note": ""}, {"note": ""}),
        ({"keyword": "tiny keyboards", "token_count": 5}, {"keyword": "tiny keyboards",
                                                           "token_count": 5}),
        ({"text": "at 5 @ the @home a@b"}, {"text": "at 5 @ the @home a@b"}),
        ([1, 2.5, True, None, "\ud800"], [1, 2.5, True, None, "\ud800"]),
    ],
)  # fmt: skip
async def test_secrets_addresses_and_private_members_are_masked(value: Any, masked: Any) -> None:
    heard = Heard()
    heard.finish(value, value)
    (found,) = await heard.sent()
    assert found["request"] == found["answer"] == masked


async def test_no_secret_is_split_between_pieces() -> None:
    heard = Heard()
    text = "".join(f"{'x' * (number % 90)} {SECRET} jo@example.com\n" for number in range(260))
    heard.finish({"text": text[:20_000]})
    (found,) = await heard.sent()
    shown = found["request"]["text"]
    assert SECRET[:10] not in shown
    assert "@" not in shown
    assert found["cut"] == ""


@pytest.mark.parametrize(
    "value",
    [
        {"text": "word " * 200_000},
        {"text": "\u00e9\n" * 500_000},
        {"data": "QUJD" * 250_000},
        {"rows": [{"name": f"row {row}", "size": row} for row in range(100_000)]},
        {f"member {number}": number for number in range(100_000)},
        {"numbers": list(range(300_000))},
    ],
    ids=["words", "lines", "base64", "rows", "members", "numbers"],
)
async def test_a_megabyte_is_cut_and_says_so_and_fits_a_message(value: Any) -> None:
    heard = Heard()
    heard.finish({}, value, held=1_000_000)
    (found,) = await heard.sent()
    assert found["cut"] == "long"
    assert len(json.dumps(found["answer"])) < 6 * MOST_CHARACTERS
    if not any(name.startswith("member") for name in value):
        assert "left out)" in json.dumps(found["answer"])


async def test_a_value_that_is_nested_without_end_is_cut() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = [deep]
    heard = Heard()
    heard.finish({}, deep)
    assert (await heard.sent())[0]["cut"] == "long"


async def test_beyond_the_bound_calls_are_sent_without_their_detail() -> None:
    heard = Heard()
    for _ in range(2_200):
        heard.finish({"text": "x"}, {"a": 1})
    found = await heard.sent(2_200)
    assert heard.calls == len(found) == 2_200
    bare = [each for each in found if each["cut"] == "busy"]
    assert len(bare) == 200
    assert all("request" not in each and each["tool"] == "find" for each in bare)


async def test_calls_without_a_rest_are_sent_between_the_next() -> None:
    heard = Heard()
    async with asyncio.timeout(PATIENCE_S):
        while not heard.details:
            heard.finish({"number": heard.calls})
            await asyncio.sleep(0.005)
    assert heard.details[0]["request"] == {"number": 0}
    assert heard.calls < 1_000, "after a second, and not when many wait"


async def test_at_the_end_all_that_waits_is_sent() -> None:
    heard = Heard()
    for number in range(300):
        heard.finish({"number": number}, {"rows": ["some words"] * 30})
    await heard.meter.details.finish()
    assert len(heard.details) == 300
    assert heard.details[0]["request"] == {"number": 0}


async def test_at_the_end_what_takes_too_long_is_sent_without_detail() -> None:
    heard = Heard()
    for _ in range(1_000):
        heard.finish({"text": "some words " * 5_000}, {"text": "some words " * 5_000})
    await heard.meter.details.finish()
    assert len(heard.details) == 1_000
    assert heard.details[-1]["cut"] == "busy"


async def test_what_the_calls_that_wait_hold_is_bounded_in_bytes() -> None:
    heard = Heard()
    for _ in range(40):
        heard.finish({}, {"text": "x"}, held=1_000_000)
    found = await heard.sent(40)
    assert sum(each["cut"] == "busy" for each in found) == 24


async def test_an_answer_that_takes_long_to_read_is_not_read_again() -> None:
    heard = Heard()
    heard.finish({}, {"text": "x"}, held=20_000_000)
    (found,) = await heard.sent()
    assert (found["cut"], "answer" in found) == ("large", False)


async def test_a_detail_that_cannot_be_made_harms_no_other() -> None:
    def broken() -> Any:
        raise ValueError("no such thing")

    heard = Heard()
    heard.meter.record(FinishedCall("1", "a", "c", "", 1.0, "ok", "", 1, read=broken))
    heard.finish({"text": "fine"})
    assert (await heard.sent())[0]["request"] == {"text": "fine"}


async def test_switched_off_nothing_is_kept() -> None:
    heard = Heard()
    call_details.switch(on=False)
    heard.finish({"text": "x"})
    call_details.switch(on=True)
    heard.finish({"text": "y"})
    assert [each["request"] for each in await heard.sent()] == [{"text": "y"}]


async def test_own_calls_are_marked_and_not_counted() -> None:
    heard = Heard()
    heard.finish({}, {}, own=True)
    heard.finish({}, {})
    assert [each["own"] for each in await heard.sent(2)] == [True, False]
    assert 'lou_calls_total{server="s",tool="find",outcome="ok"} 1' in heard.meter.prometheus(
        "s", 0
    )


async def test_no_slice_of_the_work_holds_the_loop_for_long() -> None:
    heard = Heard()
    longest, last, loop = 0.0, time.thread_time(), asyncio.get_running_loop()
    heard.finish({"text": "some words and more words " * 900}, {"text": "line of words\n" * 1_500})

    def tick() -> None:
        nonlocal longest, last
        now = time.thread_time()
        longest, last = max(longest, now - last), now
        if not heard.details:
            loop.call_soon(tick)

    tick()
    await heard.sent()
    assert longest < 0.25, "a piece is 2,000 characters, not 24,000"
