"""The addresses that a site itself shows: on a page, and on its contact and about pages."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from servers.outbound.failure import Failed
from servers.search import inert, markup
from servers.search.contacts.contact import Contact, Sought, addresses, readable

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_PAGES = 5
_LARGEST = 2 << 20
"""Characters of a page that are looked at."""
_LIKELY = re.compile(
    r"contact|kontakt|impressum|imprint|about|team|people|staff|legal|ueber-uns|contatti|contacto",
    re.IGNORECASE,
)
_COVER = "email-protection#"
_AT = re.compile(
    r" ?[\[({<] ?(?:at|@|ät|arroba) ?[\])}>] ?|"
    r" at (?=[\w-]{1,63}(?:\.[\w-]{1,63}){0,3} (?:[\[({] ?)?dot )",
    re.IGNORECASE,
)
_DOT = re.compile(r" ?[\[({<] ?(?:dot|\.|punkt|punto) ?[\])}>] ?", re.IGNORECASE)
_SPOKEN_DOT = re.compile(r"(@[\w.-]{1,200}) dot (?=[a-z]{2})", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)
_IN_ANGLES = re.compile(r"<([^<>\s@=]{1,64}@[^<>\s@=]{1,255})>")
"""An address as plain text shows it, which is no tag."""
_WIDE = str.maketrans({"\uff20": "@", "\ufe6b": "@", "\uff0e": "."})


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
    tree = markup.parsed(_IN_ANGLES.sub(r"&lt;\1&gt;", page[:_LARGEST]))
    if tree is None:
        return []
    markup.drop_unseen(tree)
    linked = addresses(" ".join(_linked(tree)))
    written = addresses(_plain(f"{_data(tree)}\n{markup.lines(tree)}"))
    found = dict.fromkeys(written, 0.8) | dict.fromkeys(linked, 0.9)
    return [
        Contact(address, sure if _is_at(address, domain) else sure - 0.35, [url])
        for address, sure in found.items()
    ]


def _linked(tree: HtmlElement) -> Iterator[str]:
    for href in tree.xpath("//@href"):
        scheme, _, rest = str(href).strip().partition(":")
        if scheme.lower() == "mailto":
            yield from _receivers(rest)
        elif _COVER in href:
            yield _uncovered(href.partition(_COVER)[2])
    yield from map(_uncovered, tree.xpath("//@data-cfemail"))
    yield from map(str, tree.xpath("//meta[@itemprop='email']/@content"))


def _receivers(mailto: str) -> Iterator[str]:
    to, _, fields = mailto.partition("?")
    yield unquote(to)
    for field in fields.split("&"):
        name, _, value = field.partition("=")
        if name.lower() in {"to", "cc", "bcc"}:
            yield unquote(value)


def _data(tree: HtmlElement) -> str:
    """What the page tells programs about itself, with the escapes of JSON resolved."""
    told = "\n".join(map(str, tree.xpath("//script[contains(@type, 'ld+json')]/text()")))
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), told)


def _plain(text: str) -> str:
    """`text` with the disguises of addresses taken off."""
    shown = inert.visible(html.unescape(text).translate(_WIDE))
    return _SPOKEN_DOT.sub(r"\1.", _SPOKEN_DOT.sub(r"\1.", _DOT.sub(".", _AT.sub("@", shown))))


def _uncovered(covered: str) -> str:
    """The address behind Cloudflare's cover: each byte is combined with the first."""
    try:
        key, *rest = bytes.fromhex(covered.strip())
    except ValueError:
        return ""
    return bytes(byte ^ key for byte in rest).decode("utf-8", "replace")


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
