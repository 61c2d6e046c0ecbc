"""A news feed as a person reads it: each entry with its title, its date and what it says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from servers.contract import harmless
from servers.search import sanitize
from servers.search.pages import markup
from servers.search.websearch.results import is_web_address

if TYPE_CHECKING:
    from lxml.etree import _Element

_BEGIN = re.compile(r"\s*(?:<[?!][^>]{0,500}>\s*){0,8}<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_JSON_BEGIN = re.compile(r"\s*\{[^{}]{0,2000}?https?://(?:www\.)?jsonfeed\.org/version/")
_MOST_ENTRIES = 60
_LONGEST_SUMMARY = 1500


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed."""

    title: str
    date: str
    said: str
    link: str


def is_feed(text: str) -> bool:
    """Whether `text` begins as a feed does."""
    return _BEGIN.match(text) is not None or _JSON_BEGIN.match(text) is not None


def read(text: str, url: str, *, marked: bool) -> tuple[str, str, list[tuple[str, str]]]:
    """Title, text and links (title and address) of the feed `text` that came from `url`."""
    name, entries = _of_json(text) if text.lstrip().startswith("{") else _of_xml(text)
    texts: list[str] = []
    links: list[tuple[str, str]] = []
    for entry in entries[:_MOST_ENTRIES]:
        head = f"## {entry.title}" if marked and entry.title else entry.title
        texts.append("\n".join(filter(None, (head, entry.date, entry.said))))
        goal = markup.joined(url, entry.link)
        if entry.title and is_web_address(goal):
            links.append((entry.title[:100], harmless.visible(goal)))
    if len(entries) > _MOST_ENTRIES:
        texts.append(f"[{len(entries) - _MOST_ENTRIES} more entries]")
    return name, "\n\n".join(texts), links


def _of_xml(text: str) -> tuple[str, list[FeedEntry]]:
    root = _root(text)
    if root is None:
        return "", []
    entries = [
        FeedEntry(
            _first(entry, 300, "title"),
            _first(entry, 60, "pubDate", "published", "updated", "date"),
            _first(entry, _LONGEST_SUMMARY, "encoded", "content", "description", "summary"),
            _link(entry),
        )
        for entry in root.xpath("//*[local-name()='item' or local-name()='entry']")
    ]
    channels = root.xpath("//*[local-name()='channel']") or [root]
    return _first(channels[0], 200, "title"), entries


def _of_json(text: str) -> tuple[str, list[FeedEntry]]:
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        return "", []
    items = feed.get("items")
    entries = [
        FeedEntry(
            sanitize.line(item.get("title"), 300),
            sanitize.line(item.get("date_published") or item.get("date_modified"), 60),
            sanitize.line(
                item.get("content_text") or item.get("content_html") or item.get("summary"),
                _LONGEST_SUMMARY,
            ),
            str(item.get("url") or item.get("external_url") or ""),
        )
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict)
    ]
    return sanitize.line(feed.get("title"), 200), entries


def _root(text: str) -> _Element | None:
    from lxml import etree  # noqa: PLC0415 - only pages need it

    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None


def _first(element: _Element, longest: int, *names: str) -> str:
    """The text of the first child that has one of `names` and says something."""
    for name in names:
        for child in element.findall(f"{{*}}{name}"):
            if text := sanitize.line("".join(child.itertext()), longest):
                return text
    return ""


def _link(entry: _Element) -> str:
    links = entry.findall("{*}link")
    usual = [one for one in links if one.get("rel", "alternate") == "alternate"]
    return next((one.get("href") or (one.text or "") for one in usual), "")
