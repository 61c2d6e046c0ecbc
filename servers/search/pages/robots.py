"""Whether a site allows a program to read a page: its robots.txt, as RFC 9309 reads it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from yarl import URL

from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.guard import PageFetcher, RedirectError
from servers.search.pages.charset import decoded

if TYPE_CHECKING:
    from protego import Protego

_AGENT = "Lou"
_LONGEST = 512 * 1024
"""Bytes that are read; the RFC asks for 500 KiB at least."""
_SLOWEST_S = 15.0
_AGAIN_S = 60.0
_AWAY = b"\x00"
"""Kept for a site whose rules could not be read: it says no for now."""
_FIELD = re.compile(
    r"(?P<agent>user[- ]?agent)|(?P<no>dis{1,2}al{1,2}ow|diasllow|disallaw)|(?P<yes>allow)",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"\*(?=\s|$)|[a-z_-]+", re.IGNORECASE)
_BREAK = re.compile(r"[\r\n]+")


class Robots:
    """Reads and remembers the rules of sites."""

    def __init__(self, guard: PageFetcher, cache: Cache, ttl_s: float) -> None:
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
            raise OutboundError(Kind.REFUSED, f"{message}; try again in a minute")
        if rules and not await asyncio.to_thread(allows, rules.decode(), url):
            message = "the site's robots.txt asks programs not to read this page"
            raise OutboundError(
                Kind.REFUSED, f"{message}; settings.search.fetch_page.robots decides"
            )

    async def _rules(self, origin: str, deadline: float) -> Made:
        """The rules of the site: none where there are none, `_AWAY` where nobody can know."""
        until = min(deadline, asyncio.get_running_loop().time() + _SLOWEST_S)
        try:
            found = await self._guard.get(f"{origin}/robots.txt", until, cut_at=_LONGEST)
        except RedirectError:
            return Made(b"", _AGAIN_S)
        except OutboundError as failure:
            if failure.kind in {Kind.UPSTREAM, Kind.TIMEOUT}:
                return Made(_AWAY, _AGAIN_S)
            if failure.kind is Kind.REFUSED:  # it redirects inside; the page's own way is checked
                return Made(b"", _AGAIN_S)
            raise
        if found.status >= 500:
            return Made(_AWAY, _AGAIN_S)
        if found.status >= 400:
            return Made(b"", _AGAIN_S if found.status == 429 else self._ttl_s)
        rules = await asyncio.to_thread(_canonical, found.content)
        return Made(rules.encode(), self._ttl_s)


def _canonical(content: bytes) -> str:
    """The rules in a robots.txt, one a line, in one spelling; empty when it is no robots.txt."""
    text = decoded(content, "cp1252").replace("\ufeff", "")
    if len(content) >= _LONGEST:  # a rule that was cut would forbid more than it says
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    if text.lstrip().startswith("<"):  # a page that stands for what is not there
        return ""
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    """Groups and rules. All other lines are left out, so that they end no group."""
    for line in _BREAK.split(text):
        bare = line.partition("#")[0].strip()
        field = _FIELD.match(bare)
        if field is None:
            continue
        rest = bare[field.end() :]
        value = rest.lstrip()
        if value.startswith(":"):
            value = value[1:].strip()
        elif value == rest:  # another word that begins like this one
            continue
        if field.lastgroup == "agent":
            yield f"User-agent: {_group(value)}"
        else:
            yield f"{'Allow' if field.lastgroup == 'yes' else 'Disallow'}: {value}"


def _group(value: str) -> str:
    """Whom a group is for: all, us, or another, which may not be called like a part of our name."""
    product = _PRODUCT.match(value)
    name = product.group() if product else ""
    return name if name == "*" or name.lower() == _AGENT.lower() else "other"


def allows(rules: str, url: str) -> bool:
    """Whether the robots.txt `rules` let Lou read `url`."""
    return bool(_parsed(rules).can_fetch(url, _AGENT))


@lru_cache(maxsize=64)
def _parsed(rules: str) -> Protego:
    from protego import Protego  # noqa: PLC0415 - only pages need it

    return Protego.parse(rules)
