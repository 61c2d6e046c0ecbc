"""A news feed as a person reads it: each entry with its title, its date and what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from servers.contract import harmless
from servers.search import sanitize
from servers.search.pages import markup
from servers.search.websearch.results import is_web_address

if TYPE_CHECKING:
    from lxml.etree import _Element

_BEGIN = re.compile(r"\s*(?:<[?!][^>]{0,500}>\s*){0,8}<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_MOST_ENTRIES = 60
_LONGEST_SUMMARY = 1500


def is_feed(text: str) -> bool:
    """Whether `text` begins as a feed does."""
    return _BEGIN.match(text) is not None


def read(text: str, url: str, *, marked: bool) -> tuple[str, str, list[tuple[str, str]]]:
    """Title, text and links (title and address) of the feed `text` that came from `url`."""
    root = _root(text)
    if root is None:
        return "", "", []
    entries = root.xpath("//*[local-name()='item' or local-name()='entry']")
    told: list[str] = []
    links: list[tuple[str, str]] = []
    for entry in entries[:_MOST_ENTRIES]:
        title = _first(entry, 300, "title")
        head = f"## {title}" if marked and title else title
        date = _first(entry, 60, "pubDate", "published", "updated", "date")
        said = _first(entry, _LONGEST_SUMMARY, "encoded", "content", "description", "summary")
        told.append("\n".join(filter(None, (head, date, said))))
        goal = markup.joined(url, _link(entry))
        if title and is_web_address(goal):
            links.append((title[:100], harmless.visible(goal)))
    if len(entries) > _MOST_ENTRIES:
        told.append(f"[{len(entries) - _MOST_ENTRIES} more entries]")
    channels = root.xpath("//*[local-name()='channel']") or [root]
    return _first(channels[0], 200, "title"), "\n\n".join(told), links


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
