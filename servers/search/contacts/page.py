"""Finds the addresses on a page of a site, and on its contact and about pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from typing import Protocol
from urllib.parse import urlsplit

from servers.outbound.failure import OutboundError
from servers.search.contacts import elements, linked
from servers.search.contacts.address import is_placeholder, readable
from servers.search.contacts.contact import Contact, ContactQuery
from servers.search.contacts.disguise import without_marks
from servers.search.contacts.written import FoundAddress, addresses_in
from servers.search.pages import markup
from servers.search.pages.visibility import drop_unseen

_MOST_PAGES = 5
_LARGEST = 2 << 20
"""Characters of a page that are looked at."""
_LIKELY = re.compile(
    r"contact|kontakt|impressum|imprint|about|team|people|staff|legal|ueber-uns|contatti|contacto|contato|mentions|kontakty|\\.vcf",
    re.IGNORECASE,
)
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

    async def find(self, sought: ContactQuery, deadline: float) -> list[Contact]:
        """The addresses on the site.

        Raises:
            OutboundError: its first page cannot be read.
        """
        url, first = await self._first(sought, deadline)
        more = await asyncio.to_thread(_likely_links, url, first)
        read = await asyncio.gather(
            *(self._pages.html(link, deadline) for link in more), return_exceptions=True
        )
        pages = [(url, first), *(page for page in read if not isinstance(page, BaseException))]
        return await asyncio.to_thread(
            lambda: [
                contact
                for place, page in pages
                for contact in contacts_on(page, place, sought.domain)
            ]
        )

    async def _first(self, sought: ContactQuery, deadline: float) -> tuple[str, str]:
        if sought.url:
            return await self._pages.html(sought.url, deadline)
        try:
            return await self._pages.html(f"https://{sought.domain}/", deadline)
        except OutboundError as failure:
            try:
                return await self._pages.html(f"https://www.{sought.domain}/", deadline)
            except OutboundError:
                raise failure from None


def contacts_on(page: str, url: str, domain: str) -> list[Contact]:
    """The addresses in the HTML or text `page`: in links they are surer than in the text."""
    best: dict[str, float] = {}
    for found, only_own in _found(_IN_ANGLES.sub(r"&lt;\1&gt;", page[:_LARGEST])):
        own = _is_at(found.email, domain)
        if (only_own and not own) or is_placeholder(found.email, own=own):
            continue
        sure = found.sure if own else round(found.sure - _ELSEWHERE, 2)
        best[found.email] = max(sure, best.get(found.email, 0))
    return [Contact(email, sure, [url]) for email, sure in best.items()]


def _found(page: str) -> Iterator[tuple[FoundAddress, bool]]:
    """Each address on the page, and whether it counts only at the domain that is asked for."""
    tree = markup.parsed(page) if _TAG.search(page) else None
    if tree is None:
        yield from ((found, False) for found in addresses_in(without_marks(unescape(page))))
        return
    drop_unseen(tree)
    elements.as_seen(tree)
    yield from ((found, False) for found in linked.linked(tree))
    yield from ((found, False) for found in linked.scripted(tree))
    yield from ((found, True) for found in linked.stored(tree))
    yield from ((found, False) for found in addresses_in(elements.text(tree)))


def _is_at(address: str, domain: str) -> bool:
    place, domain = address.partition("@")[2], readable(domain)
    return place == domain or place.endswith(f".{domain}") or domain.endswith(f".{place}")


def _likely_links(url: str, page: str) -> list[str]:
    """The pages of the same site that may show contacts."""
    tree = markup.parsed(page[:_LARGEST])
    if tree is None:
        return []
    start, here = markup.base(tree, url), _site(url)
    links: dict[str, None] = {}
    for href in tree.xpath("//a/@href"):
        goal = markup.joined(start, str(href))
        if goal == url or _site(goal) != here:
            continue
        if _LIKELY.search(goal.partition("//")[2].partition("/")[2]):
            links[goal] = None
            if len(links) == _MOST_PAGES - 1:
                break
    return list(links)


def _site(url: str) -> str:
    """The host, with its port, of a web address; empty for another address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc.lower().removeprefix("www.") if parts.scheme in {"http", "https"} else ""
