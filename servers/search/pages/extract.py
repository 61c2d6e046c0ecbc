"""A page's readable text, title and links, from its HTML. Slow parts run in a thread."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from servers.contract import harmless
from servers.search import sanitize
from servers.search.pages import embedded_data, feeds, markup, rich_text
from servers.search.pages.block_model import BlockModel
from servers.search.pages.blocks import blocks_of, words_of
from servers.search.pages.charset import decoded
from servers.search.pages.main_text import Format, main_text
from servers.search.pages.rendering import rendered
from servers.search.pages.visibility import drop_unseen
from servers.search.websearch.results import is_web_address

if TYPE_CHECKING:
    from lxml.html import HtmlElement

T = TypeVar("T")

_AT_ONCE = 2
_MOST_LINKS = 60
_MOST_LINK_CHARS = 10_000
_LARGEST = 2 << 20
"""Characters; a larger page is stripped plainly, since finding its text would take seconds."""
_MOST_ELEMENTS = 20_000
"""Likewise: finding the text takes time that grows faster than their number."""
_TITLES = (
    "(//meta[@property='og:title'])[1]/@content",
    "(//title[not(ancestor::svg)])[1]/text()",
    "(//h1)[1]//text()",
)
_SHORT, _FEW_WORDS = 250, 60
"""Characters and words; where less was found, the page is no article and is told as a whole."""
_FEW = 15
"""Words; a page is likely to have more of its own, unless a script has to fill it."""
_MOUNTS = (
    "boolean(//*[self::div or self::main or self::section or self::app-root]"
    "[contains(' root app __next __nuxt ___gatsby main content app-root react-root q-app svelte"
    " page container ', concat(' ', @id, ' ')) or self::app-root or self::main or @data-reactroot]"
    "[not(normalize-space() or .//img or .//input or .//iframe or .//video)])"
)
_SOMETHING = (
    "boolean(//img[not(ancestor::noscript)] | //input[not(@type='hidden')] | //iframe[@src] | "
    "//video | //audio | //frame | //object)"
)
_SAID = "//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript)]"
_WAITS = re.compile(
    r"\W*(?:(?:\w+\W+)?(?:loading|please wait|l[aä]dt|laden|geladen|chargement|cargando|carregando"
    r"|caricamento|загрузка|読み込み中|加载中|載入中|로딩)(?:\W+\w+)?)?\W*",
    re.IGNORECASE,
)
"""What a page says while it waits for its script, if anything."""
_ENABLE = re.compile(r"(?:java\s?script|\bjs\b)", re.IGNORECASE)
_CARRIED = (
    "A script in a browser fills this page. This is what the page carries as data for it, "
    "in the data's own order."
)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link on a page."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Extract:
    """What a person would read of a page."""

    title: str
    text: str
    links: list[PageLink]
    published: str = ""
    language: str = ""
    note: str = ""
    """What a reader must know about how the text was come by."""
    needs_script: bool = False
    """Whether only a script in a browser would show the page."""


class Extractor:
    """Reads pages in threads, a few at a time.

    A thread cannot be stopped: one that nobody waits for any more keeps its place until it is done.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def read(self, page: str, url: str, form: Format) -> Extract:
        """The readable part of the HTML `page` that came from `url`."""
        return await self._apart(lambda: extract(page, url, form))

    async def plain(self, page: bytes, charset: str, url: str, form: Format) -> Extract:
        """All of a `page` that is no HTML; a feed as its entries."""
        return await self._apart(lambda: _as_it_is(decoded(page, charset), url, form))

    async def text(self, page: bytes, charset: str) -> str:
        """The text of `page` as it came."""
        return await self._apart(lambda: decoded(page, charset))

    async def _apart(self, work: Callable[[], T]) -> T:
        await self._places.acquire()
        done = asyncio.ensure_future(asyncio.to_thread(work))
        done.add_done_callback(self._leave)
        return await asyncio.shield(done)

    def _leave(self, done: asyncio.Future[T]) -> None:
        self._places.release()
        if not done.cancelled():
            done.exception()  # nobody may be waiting, and that is no error


def _as_it_is(text: str, url: str, form: Format) -> Extract:
    if feeds.is_feed(text):
        title, feed, links = feeds.read(text, url, marked=form == "markdown")
        if feed:
            return Extract(title, sanitize.passive(feed), [PageLink(*link) for link in links])
    return Extract(
        "", sanitize.passive(rich_text.read(text) if rich_text.is_rich_text(text) else text), []
    )


def extract(page: str, url: str, form: Format, model: BlockModel | None = None) -> Extract:
    """The readable part of the HTML `page`; blocks for tens of milliseconds.

    `model` is for measurements; the one that Lou comes with otherwise.
    """
    tree = markup.parsed(page)
    if tree is None:
        return Extract("", sanitize.passive(page), [])
    drop_unseen(tree)
    usual = _is_usual(page, tree)
    if usual:
        markup.space_apart(tree)
    title, published = _title(tree), _published(tree)
    language = str(tree.get("lang") or "")[:12]
    onward = markup.refresh(tree, url)
    ahead = [PageLink("This page leads on", onward)] if is_web_address(onward) else []
    links = [*ahead, *_links(tree, url)]
    note, needs_script = "", False
    if usual:
        found = main_text(tree, url, form, model)
        needs_script = found.sure < _FEW and is_shell(tree)
        if needs_script:
            text = embedded_data.read(tree)
            note = _CARRIED if text else ""
        else:
            text = _enough(tree, found.text, form)
    else:
        markup.drop(tree, "nav", "footer")
        text = markup.lines(tree)
    if ahead and not text.strip():
        text = f"This page has no text and leads on to {onward}"
    text = sanitize.passive(text).strip()
    return Extract(title, text, links, published, language, note, needs_script)


def _is_usual(page: str, tree: HtmlElement) -> bool:
    elements = sum(1 for _ in islice(tree.iter(), _MOST_ELEMENTS))
    return len(page) <= _LARGEST and elements < _MOST_ELEMENTS


def is_shell(tree: HtmlElement) -> bool:
    """Whether the page waits for a script to fill it."""
    if tree.find(".//script") is None:
        return False
    said = " ".join(" ".join(islice(tree.xpath(_SAID), 50)).split())
    is_bare = bool(_WAITS.fullmatch(said[:80])) and not tree.xpath(_SOMETHING)
    if is_bare or tree.xpath(_MOUNTS):
        return True
    said = " ".join("".join(one.itertext()) for one in tree.iter("noscript"))
    return bool(_ENABLE.search(said))


def _enough(tree: HtmlElement, found: str, form: Format) -> str:
    if len(found) >= _SHORT or len(words_of(found)) >= _FEW_WORDS:
        return found
    whole = rendered(blocks_of(markup.own_part(tree)), marked=form == "markdown")
    return max(whole, found, key=markup.letters)  # whatever marks are in it


def _title(tree: HtmlElement) -> str:
    for path in _TITLES:
        found = sanitize.line(" ".join(map(str, tree.xpath(path)[:4])), 200)
        if found:
            return found
    return ""


def _published(tree: HtmlElement) -> str:
    for path in (
        "//meta[@property='article:published_time']/@content",
        "//meta[@itemprop='datePublished']/@content",
        "//time/@datetime",
    ):
        if found := tree.xpath(path):
            return sanitize.line(str(found[0]), 40)
    return ""


def _links(tree: HtmlElement, url: str) -> Iterator[PageLink]:
    seen: set[str] = set()
    room = _MOST_LINK_CHARS
    start = markup.base(tree, url)
    frames = tree.xpath("//frame[@src]")
    main = next(tree.iter("main", "article"), None)
    places = chain(frames, () if main is None else main.iter("a"), tree.iter("a"))
    tried: set[tuple[str, str]] = set()
    for element in places:
        if element.tag == "a" and element.get("href") is None:
            continue
        address = str(element.get("href") or element.get("src"))
        if (address, element.text or "") in tried:
            continue
        tried.add((address, element.text or ""))
        goal = markup.joined(start, address)
        text = sanitize.line(" ".join(islice(element.itertext(), 20)), 100)
        text = text or sanitize.line(element.get("name"), 100)
        if text and goal not in seen and len(goal) <= 500 and is_web_address(goal):
            seen.add(goal)
            room -= len(text) + len(goal)
            yield PageLink(text, harmless.visible(goal))
        if len(seen) >= _MOST_LINKS or room <= 0:
            return
