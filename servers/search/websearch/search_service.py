"""Answers a web search from the cache, then from the engine, then from the library."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

from servers.host.tools.service import ToolError
from servers.outbound.cache import Cache, Hit, Made
from servers.search.websearch.engine import Engine, NoAnswerError, SearchOutcome, filters
from servers.search.websearch.library import Library
from servers.search.websearch.query import SearchQuery, whole
from servers.search.websearch.results import Attempt, Image, Result, SearchAnswer

_SHORT_TTL_S = 60.0
_EMPTY_TTL_S = 600.0
_FRESH_TTL_S = 600.0
_KEPT_RECENT = 50


@dataclass(frozen=True, slots=True)
class Recent:
    """A search that was made, for the list of recent ones."""

    at: float
    query: str
    provider: str
    results: int
    cached: bool
    degraded: bool


class SearchService:
    """Answers searches. `library` is None when it is switched off."""

    def __init__(
        self, engine: Engine, cache: Cache, library: Library | None, ttl_s: Mapping[str, float]
    ) -> None:
        self.engine = engine
        self._cache = cache
        self._library = library
        self._ttl_s = ttl_s["search"]

    async def answer(
        self, query: SearchQuery, names: Sequence[str], deadline: float
    ) -> SearchAnswer:
        """The answer of the providers called `names`, or of `auto` when there are none.

        Raises:
            ToolError: nobody answered and nothing stood in.
        """
        asked = self._whole(query, names)

        async def make() -> Made:
            outcome = await self._ask(asked, names, deadline)
            if self._library and outcome.results:
                self._library.remember(outcome.results)
            return Made.of_json(_kept(outcome), self._good_for(asked, outcome))

        key = _key(asked, names)
        stale_for = () if names else (NoAnswerError,)
        try:
            hit = await self._cache.through("search", key, make, stale_for=stale_for)
        except NoAnswerError as failure:
            return await self._from_library(query, names, failure)
        return _answer(query, hit)

    def _whole(self, query: SearchQuery, names: Sequence[str]) -> SearchQuery:
        """The query to send. A cached larger query also answers a smaller one."""
        larger = whole(replace(query, count=20))
        return larger if self._cache.holds("search", _key(larger, names)) else whole(query)

    async def _ask(
        self, query: SearchQuery, names: Sequence[str], deadline: float
    ) -> SearchOutcome:
        if names:
            return await self.engine.named(names, query, deadline)
        return await self.engine.auto(query, deadline)

    async def _from_library(
        self, query: SearchQuery, names: Sequence[str], failure: NoAnswerError
    ) -> SearchAnswer:
        found = []
        if self._library and not names and not query.images:
            found = await self._library.find(query.text, query.count, query.site)
            found = [one for one in found if query.allows(one.url)]
        if not found:
            tried = [asdict(attempt) for attempt in failure.tried]
            sentence = f"{failure.sentence}."
            raise ToolError(sentence, kind=failure.kind, data={"tried": tried}) from None
        lost = ", ".join(name for name in filters(query) if name != "exclude")
        unmet = f", which could not honour: {lost}" if lost else ""
        return SearchAnswer(
            query=query.text,
            results=found,
            images=[],
            provider="library",
            cached=False,
            age_s=0,
            degraded=True,
            note=f"{failure.sentence}. These come from pages and results seen before{unmet}.",
            tried=failure.tried,
        )

    def _good_for(self, query: SearchQuery, outcome: SearchOutcome) -> float:
        if outcome.degraded:
            return min(_SHORT_TTL_S, self._ttl_s)
        if not outcome.results and not outcome.images:
            return min(_EMPTY_TTL_S, self._ttl_s)
        if query.freshness == "day":
            return min(_FRESH_TTL_S, self._ttl_s)
        return self._ttl_s


class RecentSearches:
    """The last searches since the server started, newest first."""

    def __init__(self) -> None:
        self._kept: deque[Recent] = deque(maxlen=_KEPT_RECENT)

    def note(self, answer: SearchAnswer) -> None:
        self._kept.appendleft(
            Recent(
                round(time.time(), 1),
                answer.query,
                answer.provider,
                len(answer.results) + len(answer.images),
                answer.cached,
                answer.degraded,
            )
        )

    def as_json(self) -> str:
        return json.dumps({"searches": [asdict(one) for one in self._kept]}, ensure_ascii=False)


def _key(query: SearchQuery, names: Sequence[str]) -> str:
    return f"{'+'.join(names)}\x1f{query.key}"


def _kept(outcome: SearchOutcome) -> dict[str, Any]:
    return {
        "results": [astuple(hit) for hit in outcome.results],
        "images": [astuple(image) for image in outcome.images],
        "provider": outcome.provider,
        "tried": [astuple(one) for one in outcome.tried],
        "degraded": outcome.degraded,
        "note": outcome.note,
    }


def _answer(query: SearchQuery, hit: Hit) -> SearchAnswer:
    kept = json.loads(hit.value)
    answer = SearchAnswer(
        query=query.text,
        results=[Result(*row) for row in kept["results"][: query.count]],
        images=[Image(*row) for row in kept["images"][: query.count]],
        provider=kept["provider"],
        cached=hit.cached,
        age_s=int(hit.age_s),
        degraded=kept["degraded"],
        note=kept["note"],
        tried=[Attempt(*row) for row in kept["tried"]],
    )
    if isinstance(hit.error, NoAnswerError):
        note = f"{hit.error.sentence}. This is the answer of {int(hit.age_s)} s ago."
        return replace(answer, degraded=True, note=note, tried=hit.error.tried)
    return answer
