"""What the tools work with: opened when the server starts, exchanged when it is configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from servers.outbound.cache import Cache
from servers.outbound.channel import Channel
from servers.outbound.guard import Guard
from servers.outbound.http import Http
from servers.search import settings as reading
from servers.search import status
from servers.search.answers import Answers
from servers.search.contacts import SERVICES
from servers.search.contacts.anymailfinder import AnyMailFinder
from servers.search.contacts.page import PageScan
from servers.search.engine import Engine
from servers.search.finding import Finding
from servers.search.library import Library
from servers.search.line import Line
from servers.search.providers import PROVIDERS
from servers.search.reading import Reading
from servers.search.robots import Robots
from servers.search.searching import RecentSearches, Searching
from servers.search.settings import Settings
from servers.search.source import Source
from servers.search.status import ProviderState, SearchStatus
from servers.search.traits import Access, Traits
from servers.search.verifying import Verifying


@dataclass(frozen=True, slots=True)
class Outside:
    """What stays open for the whole life of the server."""

    http: Http
    guard: Guard
    cache: Cache
    library: Library
    channels: dict[str, Channel]
    recent: RecentSearches


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts one configuration works with; calls in flight keep the ones they began with."""

    settings: Settings
    outside: Outside
    sources: Sequence[Source]
    lines: Mapping[str, Line]
    searching: Searching
    reading: Reading
    answers: Answers
    finding: Finding
    verifying: Verifying

    def provider_states(self) -> list[ProviderState]:
        """Every provider and contact service, in words."""
        engine = self.searching.engine
        searches = [status.of_search(engine, source) for source in self.sources]
        contacts = [
            status.of_contacts(self.lines[service.traits.name], position)
            for position, service in enumerate(SERVICES, 1)
        ]
        return searches + contacts

    async def status(self) -> SearchStatus:
        """The state of everything."""
        library = self.outside.library if self.settings.library else None
        states = self.provider_states()
        return await status.whole(self.searching.engine, states, self.outside.cache, library)


def join(outside: Outside, settings: Settings, lines: Mapping[str, Line]) -> Parts:
    """The parts for these settings over these lines."""
    sources = [Source(provider, lines[provider.traits.name]) for provider in PROVIDERS]
    engine = Engine(sources, settings.chain, keyless=settings.keyless)
    cache, ttl_s = outside.cache, settings.ttl_s
    library = outside.library if settings.library else None
    robots = Robots(outside.guard, cache, ttl_s["robots"]) if settings.robots else None
    pages = Reading(outside.guard, cache, library=library, robots=robots, ttl_s=ttl_s)
    services = [(service, lines[service.traits.name]) for service in SERVICES]
    finder = AnyMailFinder()
    return Parts(
        settings=settings,
        outside=outside,
        sources=sources,
        lines=lines,
        searching=Searching(engine, cache, library, ttl_s),
        reading=pages,
        answers=Answers(lines["anthropic"], cache, ttl_s),
        finding=Finding(PageScan(pages), services, cache, ttl_s),
        verifying=Verifying(finder, lines[finder.traits.name], cache, ttl_s),
    )


def known() -> list[Traits]:
    """Every provider and contact service."""
    return [provider.traits for provider in PROVIDERS] + [service.traits for service in SERVICES]


def access(traits: Traits, settings: Settings, keys: Mapping[str, str]) -> Access:
    """How the provider is reached with these settings and keys."""
    options = settings.of(traits.name)
    return Access(
        base_url=reading.base_url(options, traits.base_url),
        keys={name: keys[name].strip() for name in traits.keys if keys.get(name, "").strip()},
        options=options,
    )
