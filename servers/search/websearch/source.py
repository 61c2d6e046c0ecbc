"""A search provider with its access, as the engine uses it. In come queries, out come hits."""

from __future__ import annotations

from dataclasses import replace

from servers.outbound.failure import Kind, OutboundError
from servers.search.providers.provider import Provider
from servers.search.websearch.provider_line import ProviderLine
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import ResultPage


class Source(ProviderLine):
    """One provider with the access of this user."""

    def __init__(self, provider: Provider, line: ProviderLine) -> None:
        super().__init__(line.spec, line.access, line.channel)
        self.quota_left = -1
        self._provider = provider

    async def search(self, query: SearchQuery, deadline: float) -> ResultPage:
        if query.site and "site" in (self.spec.ignored(query) or ()):
            raise OutboundError(Kind.UNSUPPORTED, "it cannot search within one site")
        provider = self._provider
        ask, read = (
            (provider.image_request, provider.read_images)
            if query.images
            else (provider.request, provider.read)
        )
        page = await self.exchange(ask(query, self.access), read, deadline)
        self._learn(page)
        name = self.spec.name
        return replace(
            page,
            results=tuple(
                replace(one, provider=name) for one in page.results if query.allows(one.url)
            ),
            images=tuple(
                replace(one, provider=name)
                for one in page.images
                if replace(query, site="").allows(one.url) and query.allows(one.page or one.url)
            ),
        )

    def _learn(self, page: ResultPage) -> None:
        """Apply the limits that the provider named in its answer."""
        self.quota_left = page.quota_left
        channel = self.channel
        is_ours_to_choose = "per_second" not in self.access.options
        if is_ours_to_choose and page.per_second not in {0, channel.pace.per_second}:
            channel.pace = replace(channel.pace, per_second=page.per_second)
        if page.quota_left == 0:
            channel.hold(Kind.QUOTA, page.quota_reset_s or 3600.0)
