"""The parts of the search server, built for one configuration. In come settings, out go parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from servers.outbound.cache import Cache
from servers.outbound.channel import Channel
from servers.outbound.guard import PageFetcher
from servers.outbound.http import HttpClient
from servers.search import settings as reading
from servers.search import status
from servers.search.contacts import SERVICES
from servers.search.contacts.anymailfinder import AnyMailFinder
from servers.search.contacts.contact_finder import ContactFinder
from servers.search.contacts.email_verifier import EmailVerifier
from servers.search.contacts.page import PageScan
from servers.search.pages.page_service import PageService
from servers.search.pages.remote_readers import READERS, RemoteReader
from servers.search.pages.robots import Robots
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import PROVIDERS
from servers.search.settings import SearchSettings
from servers.search.status import ProviderState, SearchStatus
from servers.search.websearch.answer_service import AnswerService
from servers.search.websearch.engine import Engine
from servers.search.websearch.library import Library
from servers.search.websearch.provider_line import ProviderLine
from servers.search.websearch.search_service import RecentSearches, SearchService
from servers.search.websearch.source import Source


@dataclass(frozen=True, slots=True)
class Outside:
    """What stays open for the whole life of the server."""

    http: HttpClient
    guard: PageFetcher
    cache: Cache
    library: Library
    channels: dict[str, Channel]
    recent: RecentSearches


@dataclass(frozen=True, slots=True)
class Components:
    """The parts of one configuration; running calls keep the parts they began with."""

    settings: SearchSettings
    outside: Outside
    sources: Sequence[Source]
    lines: Mapping[str, ProviderLine]
    searching: SearchService
    reading: PageService
    answers: AnswerService
    finding: ContactFinder
    verifying: EmailVerifier

    def provider_states(self) -> list[ProviderState]:
        engine = self.searching.engine
        searches = [status.of_search(engine, source) for source in self.sources]
        contacts = [
            status.of_service(self.lines[service.spec.name], "contacts", position)
            for position, service in enumerate(SERVICES, 1)
        ]
        readers = [
            status.of_service(
                self.lines[one.spec.name], "pages", int(one.spec.name == self.settings.reader)
            )
            for one in READERS
        ]
        return searches + contacts + readers

    async def status(self) -> SearchStatus:
        library = self.outside.library if self.settings.library else None
        states = self.provider_states()
        return await status.whole(self.searching.engine, states, self.outside.cache, library)


def join(
    outside: Outside, settings: SearchSettings, lines: Mapping[str, ProviderLine]
) -> Components:
    """The parts for these settings over these lines."""
    sources = [Source(provider, lines[provider.spec.name]) for provider in PROVIDERS]
    engine = Engine(sources, settings.chain, keyless=settings.keyless)
    cache, ttl_s = outside.cache, settings.ttl_s
    library = outside.library if settings.library else None
    robots = Robots(outside.guard, cache, ttl_s["robots"]) if settings.robots else None
    chosen = next((one for one in READERS if one.spec.name == settings.reader), None)
    reader = RemoteReader(chosen, lines[chosen.spec.name]) if chosen else None
    pages = PageService(
        outside.guard, cache, library=library, robots=robots, reader=reader, ttl_s=ttl_s
    )
    services = [(service, lines[service.spec.name]) for service in SERVICES]
    finder = AnyMailFinder()
    return Components(
        settings=settings,
        outside=outside,
        sources=sources,
        lines=lines,
        searching=SearchService(engine, cache, library, ttl_s),
        reading=pages,
        answers=AnswerService(lines["anthropic"], cache, ttl_s),
        finding=ContactFinder(PageScan(pages), services, cache, ttl_s),
        verifying=EmailVerifier(finder, lines[finder.spec.name], cache, ttl_s),
    )


def known() -> list[ProviderSpec]:
    searches = [provider.spec for provider in PROVIDERS]
    return searches + [one.spec for one in SERVICES] + [one.spec for one in READERS]


def access(spec: ProviderSpec, settings: SearchSettings, keys: Mapping[str, str]) -> Access:
    options = settings.of(spec.name)
    return Access(
        base_url=reading.base_url(options, spec.base_url),
        keys={name: keys[name].strip() for name in spec.keys if keys.get(name, "").strip()},
        options=options,
    )
