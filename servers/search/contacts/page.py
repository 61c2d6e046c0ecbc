"""The addresses that a site itself shows: on a page, and on its contact and about pages."""

from __future__ import annotations

import asyncio
import html
import re
from typing import Protocol
from urllib.parse import unquote, urljoin, urlsplit

from servers.outbound.failure import Failed
from servers.search.contacts.contact import Contact, Sought, addresses

_MOST_PAGES = 5
_LIKELY = re.compile(
    r"contact|kontakt|impressum|imprint|about|team|people|staff|legal|ueber-uns|contatti|contacto",
    re.IGNORECASE,
)
_LINK = re.compile(r"<a\b[^>]{0,500}?href\s*=\s*[\"']?([^\"'\s>]{1,500})", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:([^\"'?>\s]{3,200})", re.IGNORECASE)
_CLOUDFLARE = re.compile(r"(?:data-cfemail=\"|email-protection#)([0-9a-f]{8,200})")
_NOISE = re.compile(
    r"<!--.*?-->|<style\b.*?</style>|<script\b(?![^>]{0,200}ld\+json).*?</script>",
    re.IGNORECASE | re.DOTALL,
)
_TAGS = re.compile(r"<[^>]{1,2000}>")
_AT = re.compile(r"\s*[\[({]\s*(?:at|@|ät)\s*[\])}]\s*", re.IGNORECASE)
_DOT = re.compile(r"\s*[\[({]\s*(?:dot|\.|punkt)\s*[\])}]\s*", re.IGNORECASE)


class ReadsPages(Protocol):
    """What a scan needs of the page reader."""

    async def html(self, url: str, deadline: float) -> tuple[str, str]:
        """Where the page really is, and its HTML."""


class PageScan:
    """Scans a site's own pages; the only way that needs no service."""

    name = "page"

    def __init__(self, pages: ReadsPages) -> None:
        self._pages = pages

    async def find(self, sought: Sought, deadline: float) -> list[Contact]:
        """The addresses on the site.

        Raises:
            Failed: its first page cannot be read.
        """
        url, first = await self._first(sought, deadline)
        more = _likely_links(url, first)
        read = await asyncio.gather(
            *(self._pages.html(link, deadline) for link in more), return_exceptions=True
        )
        pages = [(url, first), *(page for page in read if not isinstance(page, BaseException))]
        return [
            contact for place, page in pages for contact in contacts_on(page, place, sought.domain)
        ]

    async def _first(self, sought: Sought, deadline: float) -> tuple[str, str]:
        if sought.url:
            return await self._pages.html(sought.url, deadline)
        try:
            return await self._pages.html(f"https://{sought.domain}/", deadline)
        except Failed as failure:
            try:
                return await self._pages.html(f"https://www.{sought.domain}/", deadline)
            except Failed:
                raise failure from None


def contacts_on(page: str, url: str, domain: str) -> list[Contact]:
    """The addresses in the HTML `page`: those that are links are surer than those in the text."""
    linked = addresses(" ".join(_mailtos(page)))
    plain = html.unescape(_TAGS.sub(" ", _NOISE.sub(" ", page)))
    written = addresses(_DOT.sub(".", _AT.sub("@", plain)))
    found = dict.fromkeys(written, 0.8) | dict.fromkeys(linked, 0.9)
    return [
        Contact(address, sure if _is_at(address, domain) else sure - 0.35, [url])
        for address, sure in found.items()
    ]


def _mailtos(page: str) -> list[str]:
    plain = [unquote(html.unescape(found)) for found in _MAILTO.findall(page)]
    return plain + [_uncovered(found) for found in _CLOUDFLARE.findall(page)]


def _uncovered(covered: str) -> str:
    """The address behind Cloudflare's cover: each byte is combined with the first."""
    try:
        key, *rest = bytes.fromhex(covered)
    except ValueError:
        return ""
    return bytes(byte ^ key for byte in rest).decode("utf-8", "replace")


def _is_at(address: str, domain: str) -> bool:
    place = address.partition("@")[2]
    return place == domain or place.endswith(f".{domain}") or domain.endswith(f".{place}")


def _likely_links(url: str, page: str) -> list[str]:
    """The pages of the same site that may show contacts."""
    host = urlsplit(url).hostname
    links: dict[str, None] = {}
    for href in _LINK.findall(page):
        try:
            goal = urljoin(url, html.unescape(href)).split("#")[0]
            same = urlsplit(goal).hostname == host
        except ValueError:
            continue
        if same and goal != url and _LIKELY.search(goal):
            links[goal] = None
    return list(links)[: _MOST_PAGES - 1]
