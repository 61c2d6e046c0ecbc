"""web_search from arguments to answer, over the stand-ins."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from servers.host.tools.service import ToolError
from servers.outbound import cache
from tests.patience import PATIENCE_S
from tests.search.conftest import Running, Start
from tests.search.standins import samples
from tests.search.standins.world import KEYS

pytestmark = pytest.mark.anyio

KEYED = ("brave", "tavily", "exa", "serper", "google", "anthropic")


async def search(running: Running, query: str = "mcp", **more: Any) -> Any:
    return await running.tools.web_search(query, **more)


async def failure(running: Running, query: str = "mcp", **more: Any) -> ToolError:
    with pytest.raises(ToolError) as caught:
        await search(running, query, **more)
    return caught.value


@pytest.mark.parametrize("name", samples.SEARCHES)
async def test_every_provider_answers_by_name(start: Start, name: str) -> None:
    running = await start(KEYS)
    answer = await search(running, provider=name)
    assert answer.provider == name
    assert answer.results
    assert {hit.provider for hit in answer.results} == {name}
    assert (answer.cached, answer.degraded, answer.tried[0].outcome) == (False, False, "ok")
    assert running.world.counts == {name: 1}


@pytest.mark.parametrize("name", KEYED)
async def test_a_provider_without_its_key_is_an_error_that_names_it(
    start: Start, name: str
) -> None:
    running = await start({}, keyless=False)
    if name == "tavily":
        return
    told = await failure(running, provider=name)
    assert "no key" in told.message
    assert told.kind == "no_key"
    assert not running.world.seen


@pytest.mark.parametrize(
    ("provider", "sample", "kind", "words"),
    [
        ("google", "closed", "auth", "2027-01-01"),
        ("brave", "bad key", "auth", "key was rejected"),
        ("serper", "credits", "quota", "quota"),
        ("anthropic", "unavailable", "upstream", "web search failed"),
        ("duckduckgo", "wall 202", "blocked", "bot"),
        ("searxng", "engines out", "upstream", "none of its engines"),
    ],
)
async def test_an_explicit_provider_that_fails_is_an_error_and_no_silent_switch(
    start: Start, provider: str, sample: str, kind: str, words: str
) -> None:
    running = await start(KEYS)
    running.world.play(provider, sample)
    told = await failure(running, provider=provider)
    assert (told.kind, words in told.message) == (kind, True)
    assert set(running.world.counts) == {provider}
    assert told.data["tried"][0]["provider"] == provider


async def test_auto_falls_back_and_the_answer_tells_why(start: Start) -> None:
    running = await start(KEYS, chain=["brave", "serper", "tavily"])
    running.world.play("brave", "quota")
    running.world.play("serper", "broken")
    answer = await search(running)
    assert answer.provider == "tavily"
    assert [(one.provider, one.outcome) for one in answer.tried] == [
        ("brave", "quota"),
        ("serper", "upstream"),
        ("tavily", "ok"),
    ]
    assert not answer.degraded


async def test_without_any_key_tavily_answers_keyless(start: Start) -> None:
    running = await start({}, searxng={"base_url": ""})
    answer = await search(running)
    assert answer.provider == "tavily"
    sent = running.world.seen[0].headers
    assert sent["x-tavily-access-mode"] == "keyless"
    assert "authorization" not in sent


async def test_wikipedia_alone_is_a_degraded_answer(start: Start) -> None:
    running = await start({}, searxng={"base_url": ""})
    running.world.play("tavily", "plan")
    running.world.play("keenable", "broken")
    running.world.play("duckduckgo", "wall 200")
    answer = await search(running)
    assert (answer.provider, answer.degraded) == ("wikipedia", True)
    assert "encyclopedia" in answer.note


async def test_a_rejected_key_is_trouble_and_is_cleared_when_it_changes(
    start: Start, emitted: list[tuple[str, dict[str, Any]]]
) -> None:
    running = await start({**KEYS, "BRAVE_API_KEY": "wrong-key-of-brave"}, chain=["brave"])
    told = await failure(running)
    assert "wrong-key" not in told.message
    again = await failure(running, "other")
    assert "has not changed" in again.message
    assert running.world.counts["brave"] == 1
    trouble = [data for event, data in emitted if event == "trouble"]
    assert (trouble[0]["code"], trouble[0]["key"]) == ("key_rejected", "BRAVE_API_KEY")
    await running.configure(KEYS, chain=["brave"])
    assert emitted[-1][1]["cleared"] is True
    assert (await search(running)).provider == "brave"


async def test_usage_is_told_for_every_sending_and_every_question(
    start: Start, emitted: list[tuple[str, dict[str, Any]]]
) -> None:
    running = await start(KEYS, chain=["brave"])
    await search(running)
    await search(running)
    usage = [data for event, data in emitted if event == "usage"]
    assert [data["outcome"] for data in usage if "api" in data] == ["ok"]
    assert [data["hit"] for data in usage if "cache" in data] == [False, True]


async def test_a_key_in_an_error_of_the_provider_does_not_come_through(start: Start) -> None:
    running = await start(KEYS)
    key = KEYS["EXA_API_KEY"]

    def echo(_request: Any, _body: Any) -> Any:
        body = json.dumps({"error": f"The key {key} has no access", "tag": "FORBIDDEN"})
        return samples_response(400, body)

    running.world.plays["exa"] = echo
    told = await failure(running, provider="exa")
    assert key not in told.message + json.dumps(told.data)
    states = running.tools.parts.provider_states()
    assert not any(key in state.last_error for state in states)


def samples_response(status: int, body: str) -> Any:
    from aiohttp import web

    return web.Response(status=status, text=body, content_type="application/json")


async def test_several_providers_are_asked_at_once_and_merged(start: Start) -> None:
    running = await start(KEYS)
    running.world.delay_s = 0.2
    started = time.monotonic()
    answer = await search(running, provider="brave+tavily, exa", max_results=5)
    assert time.monotonic() - started < 0.5
    assert answer.provider == "brave+tavily+exa"
    assert len(answer.results) == 5
    assert answer.results[0].provider == "brave+tavily+exa"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"query": "   "}, "empty"),
        ({"query": "x" * 401}, "401 characters"),
        ({"query": "x", "provider": "altavista"}, "No provider named 'altavista'"),
        ({"query": "\u200b\ufeff \ud800"}, "empty"),
        ({"query": "x", "site": "a.test, b.test"}, "is not one domain"),
        ({"query": "x", "site": "a.test OR site:b.test"}, "is not one domain"),
        ({"query": "x", "site": "https://"}, "is not one domain"),
        ({"query": "x", "site": "x" * 300}, "is not one domain"),
    ],
)
async def test_bad_arguments_are_refused_in_words(
    start: Start, arguments: dict[str, Any], words: str
) -> None:
    running = await start(KEYS)
    told = await failure(running, **arguments)
    assert (told.kind, words in told.message) == ("bad_argument", True)


async def test_what_a_model_writes_for_a_filter_is_understood(start: Start) -> None:
    running = await start(KEYS)
    await search(
        running,
        provider="tavily",
        site="https://www.Example.org/path",
        country="Germany",
        language="en-US",
        freshness="week",
    )
    body = running.world.seen[0].body
    assert body["include_domains"] == ["example.org"]
    assert (body["country"], body["time_range"]) == ("germany", "week")


async def test_a_country_or_language_that_nobody_understands_is_told(start: Start) -> None:
    running = await start(KEYS)
    answer = await search(
        running, provider="brave", country="\u00d6sterreich", language="the local one"
    )
    assert "left out: country '\u00d6sterreich', language 'the local one'." in answer.note
    assert not (await search(running, provider="brave", country="de-AT", language="German")).note


async def test_marks_that_come_along_when_text_is_copied_are_not_searched_for(
    start: Start,
) -> None:
    running = await start(KEYS, chain=["brave"])
    first = await search(running, "heron\u00a0weir")
    again = await search(running, "\u200f\ufeffHeron \u2068weir\u2069\x00 \ud83d")
    assert (again.cached, again.query, first.query) == (True, "Heron weir", "heron weir")
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert (await search(running, persian)).query == persian, "it is spelled with a joiner"


async def test_auto_among_names_leaves_the_names(start: Start) -> None:
    running = await start(KEYS)
    assert (await search(running, provider="auto, Brave")).provider == "brave"


async def test_a_country_a_provider_does_not_know_is_left_out_and_told(start: Start) -> None:
    running = await start(KEYS)
    answer = await search(running, provider="brave", country="sg")
    assert "country" not in running.world.seen[0].query
    assert "could not honour: country 'sg'" in answer.note


async def test_equal_searches_cost_one_call_and_share_their_answer(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    running.world.delay_s = 0.1
    answers = await asyncio.gather(
        *(search(running, f"  Same   {'Query' if n % 2 else 'QUERY'} ") for n in range(200))
    )
    assert running.world.counts["brave"] == 1
    assert len({answer.results[0].url for answer in answers}) == 1


async def test_a_smaller_answer_comes_from_the_larger_one(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    await search(running, max_results=10)
    small = await search(running, max_results=3)
    assert (len(small.results), small.cached) == (3, True)
    assert len((await search(running, max_results=20)).results) == 20
    assert running.world.counts["brave"] == 2
    await search(running, "other", max_results=20)
    small = await search(running, "other", max_results=7)
    assert (len(small.results), small.cached) == (7, True)
    assert running.world.counts["brave"] == 3


async def test_a_stale_answer_is_better_than_none_and_says_so(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await start(KEYS, chain=["brave"], library={"enabled": False})
    await search(running)
    real = time.time
    monkeypatch.setattr(cache.time, "time", lambda: real() + 7200)
    running.world.play("brave", "broken")
    answer = await search(running)
    assert (answer.cached, answer.degraded) == (True, True)
    assert answer.age_s >= 7200
    assert "because it failed" in answer.note
    assert (await failure(running, provider="brave")).kind == "upstream"


async def test_when_nobody_answers_the_library_does_and_says_so(start: Start) -> None:
    running = await start(KEYS, chain=["brave", "wikipedia"])
    await search(running, "first question")
    await running.forget_answers()
    for name in ("brave", "wikipedia"):
        running.world.plays[name] = lambda _r, _b: samples_response(500, "{}")
    answer = await search(running, "Title 7 please")
    assert (answer.provider, answer.degraded, answer.cached) == ("library", True, False)
    assert answer.results[0].title == "Title 7"
    assert "seen before" in answer.note
    assert [one.outcome for one in answer.tried] == ["upstream", "upstream"]
    assert (await failure(running, "Title 7 please", provider="brave")).kind != "library"


async def test_the_library_can_be_switched_off_and_cleared(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    await search(running, "first")
    assert (await running.tools.clear_library()).entries >= 10
    running.world.plays["brave"] = lambda _r, _b: samples_response(500, "{}")
    assert (await failure(running, "Title 7")).kind == "upstream"
    del running.world.plays["brave"]
    await running.configure(KEYS, chain=["brave"], library={"enabled": False})
    await search(running, "second")
    status = await running.tools.provider_states()
    assert (status.library_enabled, status.library_pages) == (False, 0)


async def test_keys_and_chain_are_exchanged_live(start: Start) -> None:
    running = await start(KEYS, chain=["brave", "tavily"])
    assert (await search(running, "one")).provider == "brave"
    await running.configure({"TAVILY_API_KEY": KEYS["TAVILY_API_KEY"]}, chain=["brave", "tavily"])
    assert (await search(running, "two")).provider == "tavily"
    await running.configure(KEYS, chain=["tavily", "brave"])
    assert (await search(running, "three")).provider == "tavily"
    assert (await running.tools.provider_states()).chain == ["tavily", "brave"]


async def test_a_call_in_flight_finishes_with_the_configuration_it_began_with(
    start: Start,
) -> None:
    running = await start(KEYS, chain=["brave"])
    running.world.delay_s = 0.2
    task = asyncio.create_task(search(running))
    while not running.world.seen:
        await asyncio.sleep(0.01)
    await running.configure({}, chain=["wikipedia"])
    assert (await task).provider == "brave"


async def test_every_provider_state_is_told_in_words(start: Start) -> None:
    running = await start({"BRAVE_API_KEY": "wrong", "SERPER_API_KEY": KEYS["SERPER_API_KEY"]})
    running.world.play("serper", "credits")
    for name in ("brave", "serper"):
        await failure(running, provider=name)
    running.world.plays["wikipedia"] = lambda _r, _b: samples_response(500, "{}")
    for number in range(6):
        await failure(running, str(number), provider="wikipedia")
    told = {state.name: state for state in (await running.tools.provider_states()).providers}
    assert told["brave"].state == "key_rejected"
    assert told["serper"].state == "out_of_quota"
    assert "out of quota until" in told["serper"].words
    assert told["wikipedia"].state == "resting"
    assert "rests after failures until" in told["wikipedia"].words
    assert (told["exa"].state, told["exa"].words) == ("no_key", "no key: EXA_API_KEY not set")
    assert told["tavily"].words == "ready, without a key at a lower limit"
    assert "2027-01-01" in told["google"].caution
    assert told["anymailfinder"].role == "contacts"


async def test_status_and_recent_searches_can_be_read(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    await search(running, "one")
    await search(running, "one")
    read = {one.uri: one.read for one in running.server.resources}
    status = json.loads(await read["search://status"]())
    assert (status["cache_hit_ratio"], status["cache_entries"]) == (0.5, 1)
    brave = next(one for one in status["providers"] if one["name"] == "brave")
    assert (brave["quota_left"], brave["calls"], brave["position"]) == (1000, 1, 1)
    assert brave["latency_ms"] > 0
    recent = json.loads(await read["search://recent"]())["searches"]
    assert [(one["query"], one["cached"]) for one in recent] == [("one", True), ("one", False)]
    assert not any(key in json.dumps(status) for key in KEYS.values())


@pytest.mark.parametrize(
    ("name", "value", "sample", "verdict"),
    [
        *((name, KEYS[name], "", "accepted") for name in KEYS),
        *((name, "wrong-key-value", "", "rejected") for name in KEYS if name != "GOOGLE_CSE_ID"),
        ("SERPER_API_KEY", KEYS["SERPER_API_KEY"], "serper: credits", "accepted"),
        ("EXA_API_KEY", KEYS["EXA_API_KEY"], "exa: 500", "unreachable"),
        ("EXA_API_KEY", " ", "", "missing"),
        ("UNKNOWN_KEY", "x", "", "unknown"),
    ],
)
async def test_a_key_is_checked_at_its_provider(
    start: Start, name: str, value: str, sample: str, verdict: str
) -> None:
    running = await start(KEYS)
    if sample:
        running.world.play(*sample.split(": "))
    found = await running.server.check_key(name, value)
    assert found.verdict == verdict, found.message
    assert ("get a new one" in found.message) == (verdict == "rejected")
    assert ("try again later" in found.message) == (verdict == "unreachable")
    assert value.strip() == "" or value not in found.message or value == "x"


async def test_google_needs_both_of_its_values(start: Start) -> None:
    running = await start({})
    found = await running.server.check_key("GOOGLE_API_KEY", KEYS["GOOGLE_API_KEY"])
    assert (found.verdict, "GOOGLE_CSE_ID" in found.message) == ("missing", True)


async def test_checking_a_key_does_not_disturb_the_one_in_use(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    assert (await running.server.check_key("BRAVE_API_KEY", "wrong-key")).verdict == "rejected"
    assert (await search(running)).provider == "brave"


def test_searching_imports_nothing_heavy() -> None:
    """In a process of its own: start, one search that fails, and look at what was imported."""
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_SEARCH],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert json.loads(done.stdout) == []


_FIRST_SEARCH = """
import asyncio, json, sys
from servers.host.tools.service import Configuration, ToolError
from servers.search.server import build

async def main():
    server = build()
    base = {"base_url": "http://127.0.0.1:1"}
    settings = {name: base for name in ("tavily", "duckduckgo", "wikipedia")}
    await server.start(Configuration({}, settings))
    try:
        await server._tools.web_search("x")
    except ToolError:
        pass
    await server.stop()

asyncio.run(main())
heavy = {"trafilatura", "lxml", "dns", "email_validator", "protego", "babel", "app", "PySide6"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


async def test_with_no_network_the_truth_comes_quickly(start: Start) -> None:
    running = await start({}, tavily={"base_url": "http://127.0.0.1:1"}, chain=["tavily"])
    started = time.monotonic()
    told = await failure(running)
    assert told.message.startswith("No provider reachable: tried tavily, because it took no conn")
    assert time.monotonic() - started < 2


async def test_excluded_domains_are_asked_for_and_never_come_back(start: Start) -> None:
    running = await start(KEYS)
    for name in (*KEYED, "keenable", "searxng", "duckduckgo"):
        plain = await search(running, f"plain {name}", provider=name)
        host = (urlsplit(plain.results[0].url).hostname or "").removeprefix("www.")
        told = await search(
            running, f"less {name}", provider=name, exclude=f"https://{host}/, other.example"
        )
        kept = [urlsplit(one.url).hostname or "" for one in told.results]
        assert not [one for one in kept if one == host or one.endswith(f".{host}")], name
        asked = running.world.seen[-1]
        if name != "keenable":  # it knows no way to leave a domain out
            assert "other.example" in f"{asked.query}{asked.body}", name


async def test_keenable_answers_without_a_key_and_with_one(start: Start) -> None:
    running = await start({})
    answer = await search(running, provider="keenable", freshness="week", country="de")
    assert answer.results[0].url == "https://herons.example/weir"
    assert answer.results[1].snippet == "When it turns."
    assert answer.note == "Keenable could not honour: country."
    assert "published_after" in running.world.seen[-1].body
    await running.configure({"KEENABLE_API_KEY": KEYS["KEENABLE_API_KEY"]})
    await search(running, "again", provider="keenable")
    assert running.world.seen[-1].path == "/v1/search"
