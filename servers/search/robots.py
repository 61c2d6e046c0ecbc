"""Whether a site allows a program to read a page: its robots.txt, as RFC 9309 reads it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from yarl import URL

from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Failed, Kind
from servers.outbound.guard import Guard

if TYPE_CHECKING:
    from protego import Protego

_AGENT = "Lou"
_LONGEST = 512 * 1024
_AWAY = b"\x00"
"""Kept for a site whose rules could not be read: it says no for now."""


class Robots:
    """Reads and remembers the rules of sites."""

    def __init__(self, guard: Guard, cache: Cache, ttl_s: float) -> None:
        self._guard = guard
        self._cache = cache
        self._ttl_s = ttl_s

    async def check(self, url: str, deadline: float) -> None:
        """Return when `url` may be read.

        Raises:
            Failed: REFUSED, the rules say no or could not be read.
        """
        origin = str(URL(url).origin())

        async def make() -> Made:
            return await self._rules(origin, deadline)

        rules = (await self._cache.through("robots", origin, make)).value
        if rules == _AWAY:
            message = "the site's robots.txt cannot be read now, so its rules are unknown"
            raise Failed(Kind.REFUSED, f"{message}; try again in a minute")
        if rules and not allows(rules.decode("utf-8", "replace"), url):
            message = "the site's robots.txt asks programs not to read this page"
            raise Failed(Kind.REFUSED, f"{message}; settings.search.fetch_page.robots decides")

    async def _rules(self, origin: str, deadline: float) -> Made:
        try:
            found = await self._guard.get(f"{origin}/robots.txt", deadline)
        except Failed as failure:
            if failure.kind is Kind.UPSTREAM:
                return Made(_AWAY, 60.0)
            raise
        if found.status >= 500:
            return Made(_AWAY, 60.0)
        return Made(found.content[:_LONGEST] if found.status < 400 else b"", self._ttl_s)


def allows(rules: str, url: str) -> bool:
    """Whether the robots.txt `rules` let Lou read `url`."""
    return bool(_parsed(rules).can_fetch(url, _AGENT))


@lru_cache(maxsize=64)
def _parsed(rules: str) -> Protego:
    from protego import Protego  # noqa: PLC0415 - only pages need it

    return Protego.parse(rules)
