"""Reading one page from address to text: rules, fetch, extraction, cache, library, paging."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace

from servers.host.redact import excerpt
from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.guard import Fetched, PageFetcher
from servers.search import sanitize
from servers.search.pages import content, documents
from servers.search.pages.documents import DocumentReader, PageRangeError
from servers.search.pages.extract import Extract, Extractor, PageLink
from servers.search.pages.main_text import Format
from servers.search.pages.remote_readers import RemoteReader
from servers.search.pages.robots import Robots
from servers.search.websearch.library import Library

_MOST_BYTES = 48_000
"""Of text at once: scripts that take more bytes a letter take more tokens as well."""
_MOST_DOCUMENT_BYTES = 20 << 20
_EMPTY = "the page holds no text; it may need a browser"
_SHELL_ALONE = "only a script in a browser fills this page"
_SHELL = (
    f"{_SHELL_ALONE}; a Firecrawl or Jina key, chosen in settings.search.fetch_page.reader, "
    "lets one of them read it"
)
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
    pages: str = ""
    """Of a document: `3`, `3-7`, `3-`; empty for the first ones."""


class PageService:
    """Reads pages. `robots` is None when the user switched the rules off.

    `reader` is None unless the user chose a service that reads pages in a browser.
    """

    def __init__(
        self,
        guard: PageFetcher,
        cache: Cache,
        *,
        library: Library | None,
        robots: Robots | None,
        reader: RemoteReader | None,
        ttl_s: Mapping[str, float],
    ) -> None:
        self._guard = guard
        self._cache = cache
        self._library = library
        self._robots = robots
        self._reader = reader
        self._ttl_s = ttl_s["page"]
        self._extractor = Extractor()
        self._documents = DocumentReader()

    async def page(self, url: str, form: Format, part: TextRange, deadline: float) -> PageText:
        """The asked part of the page at `url`; raises Failed if it must not or cannot be read."""
        target = str(self._guard.checked(url))

        async def make() -> Made:
            found, extract = await self._extracted(target, form, part.pages, deadline)
            if self._library and not part.pages:
                self._library.remember_page(found, extract.title, extract.text, extract.published)
            return Made.of_json({"source": found, **asdict(extract)}, self._ttl_s)

        hit = await self._cache.through(
            "page", f"{form}{part.pages}\x1f{target}", make, stale_for=(OutboundError,)
        )
        kept = json.loads(hit.value)
        note, stale = kept.get("note", ""), ""
        if isinstance(hit.error, OutboundError):
            if hit.error.kind is Kind.REFUSED:
                raise hit.error
            stale = f"The page cannot be read now: {hit.error.message}. This is an older copy."
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
            degraded=bool(stale),
            note=f"{stale} {note}".strip(),
        )

    async def html(self, url: str, deadline: float) -> tuple[str, str]:
        """Where the page at `url` really is, and its HTML or text as it came.

        Raises:
            Failed: it must not or cannot be read.
        """
        found = await self._fetched(url, deadline)
        async with _in_time(deadline):
            kind, charset = content.labels(found.content_type)
            if content.form(kind, found.content) == "document":
                return found.url, (await self._document(found, "text", "")).text
            return found.url, await self._extractor.text(found.content, charset)

    async def _fetched(self, url: str, deadline: float) -> Fetched:
        async def permit(place: str) -> None:
            if self._robots:
                await self._robots.check(place, deadline)

        found = await self._guard.get(url, deadline, _accept, permit)
        if found.status >= 400:
            raise _unread(found.status)
        return found

    async def _extracted(
        self, url: str, form: Format, pages: str, deadline: float
    ) -> tuple[str, Extract]:
        found = await self._fetched(url, deadline)
        kind, charset = content.labels(found.content_type)
        async with _in_time(deadline):
            match content.form(kind, found.content):
                case "document":
                    return found.url, await self._document(found, form, pages)
                case "text":
                    whole = await self._extractor.plain(found.content, charset, found.url, form)
                    return found.url, whole
            text = await self._extractor.text(found.content, charset)
            extract = await self._extractor.read(text, found.url, form)
        if extract.needs_script and self._reader:
            extract = await self._read_elsewhere(self._reader, found.url, extract, deadline)
        if not extract.text:
            raise OutboundError(Kind.UNSUPPORTED, _SHELL if extract.needs_script else _EMPTY)
        return found.url, extract

    async def _document(self, found: Fetched, form: Format, pages: str) -> Extract:
        try:
            wanted = documents.pages_of(pages)
        except PageRangeError:
            raise OutboundError(
                Kind.BAD_REQUEST, f"{excerpt(pages, 40)!r} are no pages; say 3, 3-7 or 3-"
            ) from None
        document = await self._documents.read(found.content, wanted, marked=form == "markdown")
        title = sanitize.line(document.title, 200)
        return Extract(title, sanitize.passive(document.text).strip(), [], note=document.note)

    @staticmethod
    async def _read_elsewhere(
        reader: RemoteReader, url: str, extract: Extract, deadline: float
    ) -> Extract:
        """What the service that the user chose reads; `extract` with the reason when it fails."""
        try:
            page = await reader.page(url, deadline)
        except OutboundError as failure:
            if not extract.text:
                message = f"{_SHELL_ALONE}, and {reader.title} did not read it: {failure.message}"
                raise OutboundError(failure.kind, message) from None
            said = f"{reader.title} did not read it: {failure.message}."
            return replace(extract, note=f"{extract.note} {said}")
        note = f"A script fills this page; {reader.title} read it with your key."
        return replace(extract, title=extract.title or page.title, text=page.text, note=note)


@asynccontextmanager
async def _in_time(deadline: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise OutboundError(Kind.TIMEOUT, "finding its text takes too long") from None


def _accept(header: str, start: bytes) -> int | None:
    form = content.form(content.labels(header)[0], start)
    return _MOST_DOCUMENT_BYTES if form == "document" else None


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
