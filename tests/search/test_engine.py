"""The engine's rules, over sources that need no wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from servers.outbound.failure import Kind, OutboundError
from servers.search.provider_spec import ProviderSpec
from servers.search.websearch.engine import Engine, NoAnswerError
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Result, ResultPage

pytestmark = pytest.mark.anyio


@dataclass
class Source:
    """A source that answers as told; `asked` counts."""

    spec: ProviderSpec
    answer: ResultPage | OutboundError | None = None
    has_keys: bool = False
    missing: str = ""
    refused: OutboundError | None = None
    takes_s: float = 0.0
    asked: int = 0
    deadlines: list[float] = field(default_factory=list)

    def refusal(self) -> OutboundError | None:
        return self.refused

    async def search(self, query: SearchQuery, deadline: float) -> ResultPage:
        self.asked += 1
        self.deadlines.append(deadline)
        if self.takes_s:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(min(self.takes_s, deadline - now))
            if now + self.takes_s > deadline:
                raise OutboundError(Kind.TIMEOUT, "no answer in time")
        if isinstance(self.answer, OutboundError):
            raise self.answer
        return self.answer or ResultPage(())


def hits(name: str, *paths: str) -> ResultPage:
    return ResultPage(tuple(Result(path, f"https://e.org/{path}", "s", "", name) for path in paths))


def source(name: str, answer: ResultPage | OutboundError | None = None, **more: object) -> Source:
    kinds = {"keys": ("K",), "keyless": False} | {
        key: more.pop(key)
        for key in ("keys", "keyless", "general", "best_effort", "ignores", "widened", "caution")
        if key in more
    }
    spec = ProviderSpec(name, name.title(), "https://x.test", **kinds)  # type: ignore[arg-type]
    more.setdefault("has_keys", not spec.keyless)
    return Source(spec, answer, **more)  # type: ignore[arg-type]


def engine(*sources: Source, chain: tuple[str, ...] = (), keyless: bool = True) -> Engine:
    return Engine(sources, chain, keyless=keyless)


def soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


DOWN = OutboundError(Kind.UNREACHABLE, "it took no connection")


async def test_auto_asks_keys_before_keyless_whatever_their_order() -> None:
    free = source("free", hits("free", "a"), keys=(), keyless=True)
    keyed = source("keyed", hits("keyed", "b"))
    outcome = await engine(free, keyed).auto(SearchQuery("x"), soon())
    assert (outcome.provider, free.asked) == ("keyed", 0)
    assert not outcome.degraded


async def test_auto_follows_the_chain_and_leaves_out_what_is_not_in_it() -> None:
    one, two, three = (source(name, hits(name, "a")) for name in ("one", "two", "three"))
    chained = engine(one, two, three, chain=("three", "one", "unknown"))
    assert [found.spec.name for found in chained.candidates()] == ["three", "one"]


async def test_auto_skips_what_has_no_key_and_says_nothing_of_it() -> None:
    bare = source("bare", hits("bare", "a"), missing="no key")
    good = source("good", hits("good", "a"))
    outcome = await engine(bare, good).auto(SearchQuery("x"), soon())
    assert [attempt.provider for attempt in outcome.tried] == ["good"]


async def test_auto_falls_back_and_tells_why() -> None:
    bad = source("bad", OutboundError(Kind.QUOTA, "the quota is used up"))
    good = source("good", hits("good", "a"))
    outcome = await engine(bad, good).auto(SearchQuery("x"), soon())
    assert next((a.provider, a.outcome, a.reason) for a in outcome.tried) == (
        "bad",
        "quota",
        "the quota is used up",
    )
    assert outcome.provider == "good"


async def test_auto_does_not_ask_what_rests() -> None:
    resting = source(
        "resting", hits("r", "a"), refused=OutboundError(Kind.RESTING, "it rests until 9:00")
    )
    good = source("good", hits("good", "a"))
    outcome = await engine(resting, good).auto(SearchQuery("x"), soon())
    assert resting.asked == 0
    assert outcome.tried[0].reason == "it rests until 9:00"


async def test_an_encyclopedia_that_stands_in_makes_the_answer_degraded() -> None:
    web = source("web", DOWN)
    book = source("book", hits("book", "a"), keyless=True, general=False, caution="Just a book.")
    outcome = await engine(web, book).auto(SearchQuery("x"), soon())
    assert outcome.degraded
    assert "Just a book." in outcome.note
    named = await engine(web, book).named(["book"], SearchQuery("x"), soon())
    assert not named.degraded


async def test_no_answer_names_everyone_and_their_reasons() -> None:
    with pytest.raises(NoAnswerError) as caught:
        await engine(
            source("a", DOWN), source("b", OutboundError(Kind.OFFLINE, "no network"))
        ).auto(SearchQuery("x"), soon())
    assert caught.value.sentence == (
        "No provider reachable: tried a, because it took no connection; b, because no network"
    )


async def test_without_a_network_one_reason_is_told_once_with_what_to_do() -> None:
    away = OutboundError(Kind.OFFLINE, "its name could not be resolved")
    with pytest.raises(NoAnswerError) as caught:
        await engine(source("a", away), source("b", away)).auto(SearchQuery("x"), soon())
    assert caught.value.sentence == (
        "No provider reachable: tried a, b, because its name could not be resolved. "
        "Check the network of this computer, then try again"
    )


async def test_a_quota_is_not_told_as_unreachable() -> None:
    with pytest.raises(NoAnswerError) as caught:
        await engine(source("a", OutboundError(Kind.QUOTA, "spent"))).auto(SearchQuery("x"), soon())
    assert caught.value.sentence.startswith("No provider answered: tried a")
    assert caught.value.kind == "quota"


async def test_nothing_set_up_is_said_as_such() -> None:
    free = source("free", hits("free", "a"), keys=(), keyless=True)
    with pytest.raises(NoAnswerError, match="set a key"):
        await engine(free, keyless=False).auto(SearchQuery("x"), soon())


async def test_nothing_found_is_believed_from_two_sources_and_then_an_answer() -> None:
    sources = [source(name, ResultPage(())) for name in ("a", "b", "c")]
    outcome = await engine(*sources).auto(SearchQuery("x"), soon())
    assert outcome.results == []
    assert [one.asked for one in sources] == [1, 1, 0]


async def test_a_failure_is_never_told_as_nothing_found() -> None:
    with pytest.raises(NoAnswerError):
        await engine(source("a", OutboundError(Kind.BLOCKED, "a bot wall"))).auto(
            SearchQuery("x"), soon()
        )


async def test_a_slow_source_leaves_time_for_the_next() -> None:
    slow = source("slow", hits("slow", "a"), takes_s=60)
    good = source("good", hits("good", "a"))
    started = soon(0)
    outcome = await engine(slow, good).auto(SearchQuery("x"), soon(2.0))
    assert outcome.provider == "good"
    assert soon(0) - started < 2.0


async def test_named_sources_are_merged_and_each_page_comes_once() -> None:
    one = source("one", hits("one", "a", "b", "c"))
    two = source("two", hits("two", "c", "d"))
    outcome = await engine(one, two).named(["one", "two"], SearchQuery("x"), soon())
    urls = [hit.url for hit in outcome.results]
    assert len(urls) == len(set(urls)) == 4
    assert outcome.results[0].provider == "one+two"
    assert outcome.provider == "one+two"


async def test_a_named_source_that_fails_has_no_stand_in() -> None:
    bad, good = source("bad", DOWN), source("good", hits("good", "a"))
    with pytest.raises(NoAnswerError, match="tried bad"):
        await engine(bad, good).named(["bad"], SearchQuery("x"), soon())
    assert good.asked == 0


async def test_of_two_named_sources_one_answer_is_enough() -> None:
    bad, good = source("bad", DOWN), source("good", hits("good", "a"))
    outcome = await engine(bad, good).named(["bad", "good"], SearchQuery("x"), soon())
    assert outcome.provider == "good"
    assert {attempt.outcome for attempt in outcome.tried} == {"ok", "unreachable"}


async def test_a_filter_that_cannot_be_honoured_is_told() -> None:
    plain = source("plain", hits("plain", "a"), ignores=frozenset({"freshness", "country"}))
    outcome = await engine(plain).auto(SearchQuery("x", freshness="day"), soon())
    assert outcome.note == "Plain could not honour: freshness."


async def test_a_freshness_that_only_a_longer_time_stands_for_is_told() -> None:
    coarse = source("plain", hits("plain", "a"), widened=frozenset({"week"}))
    outcome = await engine(coarse).auto(SearchQuery("x", freshness="week"), soon())
    assert outcome.note == "Plain could not honour: freshness 'week'."
    assert not (await engine(coarse).auto(SearchQuery("x", freshness="day"), soon())).note


async def test_an_encyclopedia_ranks_below_a_web_search_when_both_are_asked() -> None:
    book = source("book", hits("book", "x", "y"), general=False)
    web = source("web", hits("web", "a", "b", "y"))
    outcome = await engine(book, web).named(["book", "web"], SearchQuery("x"), soon())
    assert [hit.title for hit in outcome.results] == ["a", "y", "b", "x"]
