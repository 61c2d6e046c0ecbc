"""Reading one page from address to text: rules, fetch, extraction, cache, library, paging."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.guard import Fetched, PageFetcher
from servers.search import sanitize
from servers.search.pages import content
from servers.search.pages.extract import Extract, Extractor, PageLink
from servers.search.pages.main_text import Format
from servers.search.pages.robots import Robots
from servers.search.websearch.library import Library

_MOST_BYTES = 48_000
"""Of text at once: scripts that take more bytes a letter take more tokens as well."""
_FEWEST_ON_A_PAGE = 0.7
"""A cut looks for a line's end in the last part of a page."""


@dataclass(frozen=True, slots=True)
class PageText:
    """Text between marks, untrusted. `next_start` continues it; 0 at the end."""

    source: str
    title: str
    text: str
    start: int
    next_start: int
    total_chars: int
    links: list[PageLink]
    published: str
    language: str
    cached: bool
    age_s: int
    degraded: bool
    note: str
    untrusted: bool = True


@dataclass(frozen=True, slots=True)
class TextRange:
    """Which part of a page is wanted."""

    start: int
    length: int


class PageService:
    """Reads pages. `robots` is None when the user switched the rules off."""

    def __init__(
        self,
        guard: PageFetcher,
        cache: Cache,
        *,
        library: Library | None,
        robots: Robots | None,
        ttl_s: Mapping[str, float],
    ) -> None:
        self._guard = guard
        self._cache = cache
        self._library = library
        self._robots = robots
        self._ttl_s = ttl_s["page"]
        self._extractor = Extractor()

    async def page(self, url: str, form: Format, part: TextRange, deadline: float) -> PageText:
        """The asked part of the page at `url`.

        Raises:
            Failed: it must not or cannot be read.
        """
        target = str(self._guard.checked(url))

        async def make() -> Made:
            found, extract = await self._extracted(target, form, deadline)
            if self._library:
                self._library.remember_page(found, extract.title, extract.text, extract.published)
            kept = {"source": found, **asdict(extract)}
            return Made(
                json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace"), self._ttl_s
            )

        hit = await self._cache.through(
            "page", f"{form}\x1f{target}", make, stale_for=(OutboundError,)
        )
        kept = json.loads(hit.value)
        note = ""
        if isinstance(hit.error, OutboundError):
            if hit.error.kind is Kind.REFUSED:
                raise hit.error
            note = f"The page cannot be read now: {hit.error.message}. This is an older copy."
        text, next_start = _cut(kept["text"], part)
        first = part.start == 0
        return PageText(
            source=kept["source"],
            title=kept["title"],
            text=sanitize.fenced(text, kept["source"]),
            start=part.start,
            next_start=next_start,
            total_chars=len(kept["text"]),
            links=[PageLink(**link) for link in kept["links"]] if first else [],
            published=kept["published"],
            language=kept["language"],
            cached=hit.cached,
            age_s=int(hit.age_s),
            degraded=bool(note),
            note=note,
        )

    async def html(self, url: str, deadline: float) -> tuple[str, str]:
        """Where the page at `url` really is, and its HTML or text as it came.

        Raises:
            Failed: it must not or cannot be read.
        """
        found = await self._fetched(url, deadline)
        async with _in_time(deadline):
            _, charset = content.labels(found.content_type)
            return found.url, await self._extractor.text(found.content, charset)

    async def _fetched(self, url: str, deadline: float) -> Fetched:
        async def permit(place: str) -> None:
            if self._robots:
                await self._robots.check(place, deadline)

        found = await self._guard.get(url, deadline, _accept, permit)
        if found.status >= 400:
            raise _unread(found.status)
        return found

    async def _extracted(self, url: str, form: Format, deadline: float) -> tuple[str, Extract]:
        found = await self._fetched(url, deadline)
        kind, charset = content.labels(found.content_type)
        async with _in_time(deadline):
            if content.form(kind, found.content) == "text":
                whole = await self._extractor.plain(found.content, charset, found.url, form)
                return found.url, whole
            text = await self._extractor.text(found.content, charset)
            extract = await self._extractor.read(text, found.url, form)
        if not extract.text:
            raise OutboundError(Kind.UNSUPPORTED, "the page holds no text; it may need a browser")
        return found.url, extract


@asynccontextmanager
async def _in_time(deadline: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise OutboundError(Kind.TIMEOUT, "finding its text takes too long") from None


def _accept(header: str, start: bytes) -> None:
    content.form(content.labels(header)[0], start)


def _unread(status: int) -> OutboundError:
    if status in {404, 410}:
        return OutboundError(Kind.BAD_REQUEST, f"there is no such page ({status})")
    if status in {401, 402, 403, 451}:
        return OutboundError(Kind.BLOCKED, f"the site does not let us read it ({status})")
    if status == 429:
        return OutboundError(Kind.RATE_LIMITED, "the site takes no more requests for now (429)")
    return OutboundError(Kind.UPSTREAM, f"the site failed ({status})")


def _cut(text: str, part: TextRange) -> tuple[str, int]:
    """The wanted part, ending at a line's or word's end, and where the next one starts."""
    if part.start >= len(text):
        return "", 0
    piece = text[part.start : part.start + part.length]
    piece = piece.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
    if part.start + len(piece) >= len(text):
        return piece, 0
    least = int(len(piece) * _FEWEST_ON_A_PAGE)
    for border in ("\n", " "):
        at = piece.rfind(border, least)
        if at > 0:
            return piece[:at], part.start + at + 1
    return piece, part.start + len(piece)
