"""A news feed as a person reads it: each entry with its title, its date and what it says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from servers.contract import harmless
from servers.search import sanitize
from servers.search.pages import markup
from servers.search.pages.visibility import drop_unseen
from servers.search.websearch.results import is_web_address

if TYPE_CHECKING:
    from lxml.etree import _Element

_BEGIN = re.compile(r"\s*(?:<[?!][^>]{0,3000}>\s*){0,8}<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_JSON_VERSION = re.compile(r"jsonfeed\.org\\?/version\\?/")
_LONE = re.compile(r"&(?!#?\w{1,31};)")
"""An ampersand that begins no entity, which a reader of XML would drop."""
_TAG = re.compile(r"<[a-zA-Z/][^<>]{0,400}>")
_BEGINNING = 2_000
"""Characters in which a feed says that it is one."""
_MOST_ENTRIES = 60
_LONGEST_SUMMARY, _LONGEST_HTML = 1_500, 30_000


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed."""

    title: str
    date: str
    said: str
    link: str


def is_feed(text: str) -> bool:
    """Whether `text` begins as a feed does."""
    if text.lstrip()[:1] == "{":
        return _JSON_VERSION.search(text[:_BEGINNING]) is not None
    return _BEGIN.match(text) is not None


def read(text: str, url: str, *, marked: bool) -> tuple[str, str, list[tuple[str, str]]]:
    """Title, text and links (title and address) of the feed `text` that came from `url`."""
    name, entries, total = _of_json(text, url) if text.lstrip()[:1] == "{" else _of_xml(text, url)
    if name and not total:
        return name, "This feed has no entries.", []
    texts: list[str] = []
    links: list[tuple[str, str]] = []
    for entry in entries:
        head = f"## {entry.title}" if marked and entry.title else entry.title
        texts.append("\n".join(filter(None, (head, entry.date, entry.said))))
        named = entry.title or entry.said.partition("\n")[0]
        if named and is_web_address(entry.link):
            links.append((named[:100], harmless.visible(entry.link)))
    if total > len(entries):
        texts.append(f"[{total - len(entries)} more entries]")
    return name, "\n\n".join(texts), links


def _of_xml(text: str, url: str) -> tuple[str, list[FeedEntry], int]:
    """Its name, its first entries, and how many there are."""
    root = _root(text, url)
    if root is None:
        return "", [], 0
    found = root.xpath("//*[local-name()='item' or local-name()='entry']")
    entries = [
        FeedEntry(
            _first(entry, 300, "title"),
            _first(entry, 60, "pubDate", "published", "updated", "date", "issued", "modified"),
            _summary(entry),
            _link(entry),
        )
        for entry in found[:_MOST_ENTRIES]
    ]
    channels = root.xpath("//*[local-name()='channel']") or [root]
    return _first(channels[0], 200, "title"), entries, len(found)


def _of_json(text: str, url: str) -> tuple[str, list[FeedEntry], int]:
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        return "", [], 0
    items = feed.get("items")
    found = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    entries = [
        FeedEntry(
            sanitize.line(item.get("title"), 300),
            sanitize.line(item.get("date_published") or item.get("date_modified"), 60),
            _readable(item.get("content_html") or item.get("content_text") or item.get("summary")),
            _goal(url, item.get("url") or item.get("external_url") or item.get("id")),
        )
        for item in found[:_MOST_ENTRIES]
    ]
    return sanitize.line(feed.get("title"), 200), entries, len(found)


def _root(text: str, url: str) -> _Element | None:
    from lxml import etree  # noqa: PLC0415 - only pages need it

    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True
    )
    content = _LONE.sub("&amp;", text).encode("utf-8", "replace")
    try:
        return etree.fromstring(content, parser, base_url=url)
    except etree.XMLSyntaxError:
        return None


def _first(element: _Element, longest: int, *names: str) -> str:
    """The text of the first child that has one of `names` and says something."""
    for name in names:
        for child in element.findall(f"{{*}}{name}"):
            if text := sanitize.line("".join(child.itertext()), longest):
                return text
    return ""


def _summary(entry: _Element) -> str:
    from lxml import etree  # noqa: PLC0415 - only pages need it

    for name in ("encoded", "content", "description", "summary", "group/{*}description"):
        for child in entry.findall(f"{{*}}{name}"):
            text = child.text or ""
            if len(child):
                text = etree.tostring(child, encoding="unicode", with_tail=False)
            if said := _readable(text):
                return said
    return ""


def _readable(text: object) -> str:
    """What a person would see of `text`, which may be HTML; a line for each of its blocks."""
    if not isinstance(text, str):
        return ""
    text = text[:_LONGEST_HTML]
    tree = markup.parsed(text) if _TAG.search(text) else None
    if tree is not None:
        drop_unseen(tree)
        text = markup.lines(tree)
    lines = (sanitize.line(line, _LONGEST_SUMMARY) for line in text.splitlines())
    said = "\n".join(filter(None, lines))
    return said if len(said) <= _LONGEST_SUMMARY else f"{said[: _LONGEST_SUMMARY - 3].rstrip()}..."


def _link(entry: _Element) -> str:
    """Where an entry leads: its link, or a name of it that is an address."""
    links = entry.findall("{*}link")
    usual = [one for one in links if one.get("rel", "alternate") == "alternate"]
    names = [one for one in entry.findall("{*}guid") if one.get("isPermaLink") != "false"]
    for one in (*usual, *names):
        if goal := _goal(one.base or "", one.get("href") or one.text):
            return goal
    return ""


def _goal(start: str, address: object) -> str:
    given = address.strip() if isinstance(address, str) else ""
    return markup.joined(start, given) if given else ""
