"""The status of the search server: the state of each provider, the cache and the library."""

from __future__ import annotations

from dataclasses import dataclass

from servers.outbound.cache import Cache
from servers.outbound.failure import Kind
from servers.search.websearch.engine import Engine, is_users_own
from servers.search.websearch.library import Library
from servers.search.websearch.provider_line import ProviderLine
from servers.search.websearch.source import Source


@dataclass(frozen=True, slots=True)
class ProviderState:
    """The state of one provider: `state` is one word, `words` a text for people.

    `position` is its place in the auto chain, from 1; 0 when auto does not ask it; those that are
    `yours` come first. `quota_left` is -1 when the provider does not tell.
    """

    name: str
    title: str
    role: str
    state: str
    words: str
    keys: list[str]
    key_set: bool
    position: int
    yours: bool
    breaker: str
    quota_left: int
    calls: int
    failures: int
    latency_ms: float
    last_error: str
    caution: str


@dataclass(frozen=True, slots=True)
class SearchStatus:
    """The status of the whole server."""

    providers: list[ProviderState]
    chain: list[str]
    cache_entries: int
    cache_hit_ratio: float
    library_enabled: bool
    library_pages: int


_STATES = {Kind.AUTH: "key_rejected", Kind.QUOTA: "out_of_quota", Kind.RATE_LIMITED: "rate_limited"}


def of_search(engine: Engine, source: Source) -> ProviderState:
    chain = [one.spec.name for one in engine.candidates()]
    name = source.spec.name
    position = chain.index(name) + 1 if name in chain else 0
    yours, left = is_users_own(source), source.quota_left
    return _state(source, "search", position, yours=yours, quota_left=left)


def of_service(line: ProviderLine, role: str, position: int) -> ProviderState:
    """The state of a contact service or a page reader; `role` is contacts or pages."""
    return _state(line, role, position, yours=line.has_keys, quota_left=-1)


async def whole(
    engine: Engine, providers: list[ProviderState], cache: Cache, library: Library | None
) -> SearchStatus:
    asked = cache.hits + cache.misses
    return SearchStatus(
        providers=providers,
        chain=[source.spec.name for source in engine.candidates()],
        cache_entries=await cache.count(),
        cache_hit_ratio=round(cache.hits / asked, 4) if asked else 0.0,
        library_enabled=library is not None,
        library_pages=await library.count() if library else 0,
    )


def _state(
    line: ProviderLine, role: str, position: int, *, yours: bool, quota_left: int
) -> ProviderState:
    state, sentence = _now(line)
    record, spec = line.channel.record, line.spec
    return ProviderState(
        name=spec.name,
        title=spec.title,
        role=role,
        state=state,
        words=sentence,
        keys=list(spec.keys),
        key_set=line.has_keys,
        position=position,
        yours=yours,
        breaker=line.channel.health.state.value,
        quota_left=quota_left,
        calls=record.calls,
        failures=record.failures,
        latency_ms=round(record.latency_ms, 1),
        last_error=record.last_error,
        caution=spec.caution,
    )


def _now(line: ProviderLine) -> tuple[str, str]:
    if line.missing:
        return ("no_key" if line.spec.keys else "no_address"), line.missing
    refusal = line.refusal()
    if refusal:
        return _STATES.get(refusal.kind, "resting"), refusal.message
    if line.spec.keys and not line.has_keys:
        return "ready", "ready, without a key at a lower limit"
    return "ready", "ready"
