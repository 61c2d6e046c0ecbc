"""A provider joined to the wire: what the engine asks, and what a person reads of its state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from servers.host import calls
from servers.outbound.breaker import Refusal
from servers.outbound.channel import Channel
from servers.outbound.failure import Failed, Kind
from servers.outbound.http import Reply
from servers.search.providers.provider import Access, Provider, Traits
from servers.search.query import Query
from servers.search.results import Page


class Source:
    """One provider as this user can reach it; replaced when keys or settings change."""

    def __init__(self, provider: Provider, access: Access, channel: Channel) -> None:
        self.traits: Traits = provider.traits
        self.access = access
        self.channel = channel
        self._provider = provider

    @property
    def has_keys(self) -> bool:
        """Whether every key it needs is set."""
        needed = self.traits.keys
        return bool(needed) and all(self.access.key(name) for name in needed)

    @property
    def missing(self) -> str:
        """What must be set before it can be asked, in words; empty when nothing is missing."""
        if not self.access.base_url:
            return f"its address is not set (settings.search.{self.traits.name}.base_url)"
        if self.has_keys or self.traits.keyless:
            return ""
        absent = [name for name in self.traits.keys if not self.access.key(name)]
        return f"no key: {' and '.join(absent)} not set"

    def refusal(self) -> Refusal | None:
        """Why it would not be asked now."""
        return self.channel.refusal()

    async def search(self, query: Query, deadline: float) -> Page:
        """Its hits.

        Raises:
            Failed: it was not asked, or did not answer.
        """
        if self.missing:
            raise Failed(Kind.NO_KEY, self.missing)
        if query.site and "site" in self.traits.ignores:
            raise Failed(Kind.UNSUPPORTED, "it cannot search within one site")
        request = self._provider.request(query, self.access)
        page = await self.channel.exchange(request, self._read, deadline)
        self._learn(page)
        name = self.traits.name
        return replace(page, results=tuple(replace(hit, provider=name) for hit in page.results))

    async def check_key(self, deadline: float) -> None:
        """Ask once whether the key works.

        Raises:
            Failed: AUTH when it does not.
        """
        await self.channel.exchange(
            self._provider.probe(self.access), self._provider.read_probe, deadline
        )

    def _read(self, reply: Reply) -> Page:
        try:
            return self._provider.read(reply)
        except Failed as failure:
            raise self._told(failure) from None

    def _told(self, failure: Failed) -> Failed:
        """The failure without keys in its text; a rejected key becomes trouble that is shown."""
        failure.message = without(failure.message, self.access.keys)
        if failure.kind is not Kind.AUTH:
            return failure
        if not self.has_keys:
            failure.kind = Kind.BLOCKED
            return failure
        calls.emit(
            "trouble",
            code="key_rejected",
            key=self.traits.keys[0],
            message=f"{self.traits.title}: {failure.message}",
            hint="Set the key again, or take the provider out of the chain.",
            cleared=False,
        )
        return failure

    def _learn(self, page: Page) -> None:
        """Follow the limits the provider announced with its answer."""
        if page.per_second:
            self.channel.pace = replace(self.channel.pace, per_second=page.per_second)
        if page.quota_left == 0:
            self.channel.hold(Kind.QUOTA, page.quota_reset_s or 3600.0)


def without(text: str, secrets: Mapping[str, str]) -> str:
    """`text` with the values of `secrets` taken out."""
    for value in secrets.values():
        if len(value) >= 4:
            text = text.replace(value, "[key]")
    return text


def clock(until: float) -> str:
    """The time of day at `until` on the loop's clock."""
    at = time.time() + until - asyncio.get_running_loop().time()
    return time.strftime("%H:%M:%S", time.localtime(at))
