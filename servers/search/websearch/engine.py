"""Chooses providers, falls back, and merges their results. Knows no HTTP.

`auto` goes through the sources with a key, then the keyless ones, each in the order of the chain,
and skips those that rest or are out of quota. Sources asked for by name are asked all at once, and
nobody else stands in for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from servers.outbound.failure import Kind, OutboundError
from servers.search.provider_spec import ProviderSpec
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import (
    SPECIALIST_WEIGHT,
    Attempt,
    Image,
    Result,
    ResultPage,
    attempted,
    merged,
)

_SHORTEST_TRY_S = 1.0
_MOST_EMPTY = 2
"""How many sources may find nothing before the engine stops asking."""


class Asked(Protocol):
    """What the engine needs of a source."""

    @property
    def spec(self) -> ProviderSpec:
        """The constants of its provider."""

    @property
    def has_keys(self) -> bool:
        """Whether it is used with the user's own key."""

    @property
    def missing(self) -> str:
        """What must be set before it can be asked."""

    def refusal(self) -> OutboundError | None:
        """Why it cannot be asked now; empty when it can."""

    async def search(self, query: SearchQuery, deadline: float) -> ResultPage:
        """Its hits, or an OutboundError."""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """The merged results of the sources."""

    results: list[Result]
    images: list[Image]
    provider: str
    tried: list[Attempt]
    degraded: bool
    note: str


class NoAnswerError(Exception):
    """No source answered; `tried` says who and why, `lacking` what must be set up to ask one."""

    def __init__(
        self,
        tried: Sequence[Attempt],
        lacking: str = "No search provider is set up; set a key, or allow the keyless providers",
    ) -> None:
        self.tried = list(tried)
        self._lacking = lacking
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        if not self.tried:
            return self._lacking
        unreachable = {Kind.UNREACHABLE, Kind.OFFLINE, Kind.TIMEOUT, Kind.RESTING}
        away = all(attempt.outcome in unreachable for attempt in self.tried)
        by_reason: dict[str, list[str]] = {}
        for attempt in self.tried:
            by_reason.setdefault(attempt.reason, []).append(attempt.provider)
        reasons = "; ".join(
            f"{', '.join(names)}, because {reason}" for reason, names in by_reason.items()
        )
        is_offline = all(attempt.outcome == Kind.OFFLINE for attempt in self.tried)
        do = ". Check the network of this computer, then try again" if is_offline else ""
        return f"No provider {'reachable' if away else 'answered'}: tried {reasons}{do}"

    @property
    def kind(self) -> str:
        """The kind all failures share, else "no_answer"."""
        kinds = {attempt.outcome for attempt in self.tried}
        return kinds.pop() if len(kinds) == 1 else "no_answer"


class Engine:
    """Asks sources. `chain` orders `auto`; sources outside it are asked by name only."""

    def __init__(self, sources: Sequence[Asked], chain: Sequence[str], *, keyless: bool) -> None:
        self.sources = {source.spec.name: source for source in sources}
        self._chain = [name for name in chain if name in self.sources] or list(self.sources)
        self._keyless = keyless

    def candidates(self) -> list[Asked]:
        """The sources `auto` may ask, best first."""
        usable = [self.sources[name] for name in self._chain if not self.sources[name].missing]
        keyed = [source for source in usable if is_users_own(source)]
        free = [source for source in usable if not is_users_own(source)]
        return keyed + (free if self._keyless else [])

    async def auto(self, query: SearchQuery, deadline: float) -> SearchOutcome:
        """The first answer along the chain; raises NoAnswerError if nobody answered."""
        tried: list[Attempt] = []
        empty: list[Asked] = []
        able = [one for one in self.candidates() if one.spec.ignored(query) is not None]
        if query.images and not able:
            raise NoAnswerError([], self._no_images())
        waiting = [source for source in able if not self._skip_refused(source, tried)]
        while waiting and len(empty) < _MOST_EMPTY:
            source = waiting.pop(0)
            asking = source.search(query, _share(deadline, len(waiting)))
            page = await attempted(source.spec.name, tried, asking)
            if page and (page.results or page.images):
                return _outcome(query, [(source, page)], tried)
            if page:
                empty.append(source)
        if not empty:
            raise NoAnswerError(tried)
        return _outcome(query, [(empty[0], ResultPage(()))], tried)

    async def named(
        self, names: Sequence[str], query: SearchQuery, deadline: float
    ) -> SearchOutcome:
        """The merged answers of the sources `names`; raises NoAnswerError if none answered."""
        sources = [self.sources[name] for name in names]
        tried: list[Attempt] = []
        pages = await asyncio.gather(
            *(
                attempted(source.spec.name, tried, source.search(query, deadline))
                for source in sources
            )
        )
        found = [(source, page) for source, page in zip(sources, pages, strict=True) if page]
        if not found:
            raise NoAnswerError(tried)
        return _outcome(query, found, tried, asked_for=True)

    def _no_images(self) -> str:
        having = [one.spec for one in self.sources.values() if one.spec.image_ignores is not None]
        names = ", ".join(spec.title for spec in having)
        return (
            f"No provider that is set up has images; these have: {names}. "
            "Set a key of one, or allow the keyless providers"
        )

    @staticmethod
    def _skip_refused(source: Asked, tried: list[Attempt]) -> bool:
        refusal = source.refusal()
        if refusal is None:
            return False
        tried.append(Attempt(source.spec.name, refusal.kind.value, refusal.message))
        return True


def is_users_own(source: Asked) -> bool:
    """Whether the user configured it: with a key, or with the address that it needs."""
    return source.has_keys or not (source.spec.keyless and source.spec.base_url)


def _outcome(
    query: SearchQuery,
    found: Sequence[tuple[Asked, ResultPage]],
    tried: list[Attempt],
    *,
    asked_for: bool = False,
) -> SearchOutcome:
    spec = [source.spec for source, _ in found]
    lesser = [one for one in spec if one.best_effort or not one.general]
    weights = [1.0 if one.general else SPECIALIST_WEIGHT for one in spec]
    notes = [page.note for _, page in found if page.note]
    notes += filter(None, (_ignored_filters_text(query, one) for one in spec))
    if lesser and not asked_for:
        notes += [f"{one.title}: {one.caution}" for one in lesser]
    return SearchOutcome(
        results=merged([page.results for _, page in found], query.count, weights),
        images=merged([page.images for _, page in found], query.count, weights),
        provider="+".join(one.name for one in spec),
        tried=tried,
        degraded=bool(lesser) and not asked_for,
        note=" ".join(notes),
    )


def _ignored_filters_text(query: SearchQuery, spec: ProviderSpec) -> str:
    ignored = spec.ignored(query) or frozenset()
    lost = [name for name in filters(query) if name in ignored]
    if "country" not in lost and spec.countries and query.country not in {"", *spec.countries}:
        lost.append(f"country {query.country!r}")
    if query.freshness in spec.widened and "freshness" not in lost:
        lost.append(f"freshness {query.freshness!r}")
    return f"{spec.title} could not honour: {', '.join(lost)}." if lost else ""


def filters(query: SearchQuery) -> list[str]:
    """The names of the filters that were asked for, which not every source knows."""
    asked = {
        "exclude": bool(query.excluded),
        "freshness": query.freshness != "any",
        "country": bool(query.country),
        "language": bool(query.language),
        "safe": query.safe == "strict",
    }
    return [name for name, wanted in asked.items() if wanted]


def _share(deadline: float, others: int) -> float:
    """The deadline of one try, which leaves time for the other sources."""
    if not others:
        return deadline
    now = asyncio.get_running_loop().time()
    return min(deadline, now + max(_SHORTEST_TRY_S, (deadline - now) * 0.6))
