"""Finds the addresses on a page of a site, and on its contact and about pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from servers.outbound.failure import OutboundError
from servers.search import sanitize
from servers.search.contacts import cards, elements, linked, vcard, words
from servers.search.contacts.address import is_placeholder, readable
from servers.search.contacts.contact import Contact, ContactQuery
from servers.search.contacts.disguise import without_marks
from servers.search.contacts.written import FoundAddress, addresses_in
from servers.search.pages import markup
from servers.search.pages.visibility import drop_unseen

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_PAGES = 5
_LARGEST = 2 << 20
"""Characters of a page that are looked at."""
_MOST_LINKS = 450
"""Links at the beginning, and as many at the end, that are looked at."""
_LONGEST_LINK = 60
"""Characters of a link that says where it leads; a longer one is a sentence or a headline."""
_LONGEST_NAME = 100
_NO_NAME = re.compile(r"@|https?:|www\.", re.IGNORECASE)
_IN_ANGLES = re.compile(r"<([^<>\s@=]{1,64}@[^<>\s@=]{1,255})>")
"""An address as plain text shows it, which is no tag."""
_TAG = re.compile(r"<[a-zA-Z!/?]")
_ELSEWHERE = 0.35
"""How much less likely an address of another domain is the one that is looked for."""


class ReadsPages(Protocol):
    """What a scan needs of the page reader."""

    async def html(self, url: str, deadline: float) -> tuple[str, str]:
        """Where the page really is, and its HTML."""


class PageScan:
    """Scans a site's own pages; the only way that needs no service."""

    name = "page"

    def __init__(self, pages: ReadsPages) -> None:
        self._pages = pages

    async def find(self, query: ContactQuery, deadline: float) -> list[Contact]:
        """The addresses on the site; raises OutboundError if its first page cannot be read."""
        url, first = await self._first(query, deadline)
        more = await asyncio.to_thread(_likely_links, url, first)
        read = await asyncio.gather(
            *(self._pages.html(link, deadline) for link in more), return_exceptions=True
        )
        pages = [(url, first), *(page for page in read if not isinstance(page, BaseException))]
        return await asyncio.to_thread(
            lambda: [
                contact
                for place, page in pages
                for contact in contacts_on(page, place, query.domain)
            ]
        )

    async def _first(self, query: ContactQuery, deadline: float) -> tuple[str, str]:
        if query.url:
            return await self._pages.html(query.url, deadline)
        try:
            return await self._pages.html(f"https://{query.domain}/", deadline)
        except OutboundError as failure:
            try:
                return await self._pages.html(f"https://www.{query.domain}/", deadline)
            except OutboundError:
                raise failure from None


def contacts_on(page: str, url: str, domain: str) -> list[Contact]:
    """The addresses in the HTML or text `page`: in links they are surer than in the text."""
    best: dict[str, float] = {}
    names: dict[str, str] = {}
    for found in _found(_IN_ANGLES.sub(r"&lt;\1&gt;", page[:_LARGEST])):
        own = _is_at(found.email, domain)
        if (found.only_own and not own) or is_placeholder(found.email, own=own):
            continue
        sure = found.sure if own else round(found.sure - _ELSEWHERE, 2)
        best[found.email] = max(sure, best.get(found.email, 0))
        names[found.email] = names.get(found.email) or _plain_name(found.name)
    return [Contact(email, sure, [url], name=names[email]) for email, sure in best.items()]


def _plain_name(text: str) -> str:
    """`text` as one line; empty when it is no name: an address, or without a letter."""
    name = sanitize.line(text, _LONGEST_NAME)
    return name if any(map(str.isalpha, name)) and not _NO_NAME.search(name) else ""


def _found(page: str) -> Iterator[FoundAddress]:
    if vcard.is_vcard(page):
        yield from vcard.vcards(unescape(page))
        return
    tree = markup.parsed(page) if _TAG.search(page) else None
    if tree is None:
        yield from addresses_in(without_marks(unescape(page)))
        return
    drop_unseen(tree)
    elements.as_seen(tree)
    yield from linked.linked(tree)
    yield from cards.addresses_in_cards(tree)
    yield from linked.scripted(tree)
    yield from linked.stored(tree)
    yield from addresses_in(elements.text(tree))


def _is_at(address: str, domain: str) -> bool:
    place, domain = address.partition("@")[2], readable(domain)
    return place == domain or place.endswith(f".{domain}") or domain.endswith(f".{place}")


def _likely_links(url: str, page: str) -> list[str]:
    """The pages of the same site that may show contacts."""
    tree = markup.parsed(page[:_LARGEST])
    if tree is None:
        return []
    start, here = markup.base(tree, url), _site(url)
    links: dict[str, int] = {}
    found = tree.xpath("//a[@href]")
    for link in (*found[:_MOST_LINKS], *found[_MOST_LINKS:][-_MOST_LINKS:]):
        goal = markup.joined(start, str(link.get("href")))
        if goal == url or _site(goal) != here:
            continue
        path = unquote(goal.partition("//")[2].partition("/")[2])
        rank = words.rank_of_page(path, _says(link))
        links[goal] = min(rank, links.get(goal, rank))
    likely = [goal for goal, rank in links.items() if rank < words.UNLIKELY]
    return sorted(likely, key=links.__getitem__)[: _MOST_PAGES - 1]


def _says(link: HtmlElement) -> str:
    """What the link says, as far as it is short enough to say where it leads."""
    pictures = (each.get("alt") or "" for each in islice(link.iter("img"), 2))
    texts = [*islice(link.itertext(), 20), link.get("title") or "", *pictures]
    text = " ".join(" ".join(map(str, texts)).split())
    return text if len(text) <= _LONGEST_LINK else ""


def _site(url: str) -> str:
    """The host, with its port, of a web address; empty for another address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc.lower().removeprefix("www.") if parts.scheme in {"http", "https"} else ""
