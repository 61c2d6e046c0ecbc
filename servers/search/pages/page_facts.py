"""What a page and its address say of its kind, before its text is read."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TOKEN = re.compile(r"[a-z]+")
_SLASH = re.compile(r"[/?]")
_WORD = re.compile(r"\w+")
_ESCAPED = re.compile(r"<[^<>]{0,300}>|\\u[0-9a-f]{4}|\\[nrt]|\\", re.IGNORECASE)
_LONGEST_DATA = 20_000
_PATHS = (
    "forum forums topic topics thread threads viewtopic discussion discussions "
    "question questions t community answers",
    "product products p dp item itm shop ip listing",
    "collection collections category categories c list lists tag browse search",
    "docs doc documentation wiki reference api manual guide learn",
    "article articles blog news story post posts",
    "service services solutions pricing platform",
)
_PATH_WORDS = [frozenset(words.split()) for words in _PATHS]
_FORUMS = ("discourse", "forum", "phpbb", "vbulletin", "xenforo", "nodebb", "question", "topic")
_JSON_LD = (
    '"Product"',
    'Article"',
    '"ItemList"',
    'CollectionPage"',
    'DiscussionForumPosting"',
    'QAPage"',
    'FAQPage"',
    '"BlogPosting"',
)
_ARTICLES = ('Article"', '"BlogPosting"')
_COUNTED = ("article", "h1", "h2", "h3", "p", "li", "table", "time", "pre", "code", "button", "img")
_DESCRIPTIONS = "//meta[@property='og:description' or @name='description']/@content"
_TITLES = "(//title)[1]//text() | //meta[@property='og:title']/@content"


class PageFacts:
    """What a page and its address say of its kind."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        stated = _joined(tree, "//script[contains(@type,'ld+json')]/text()")[:_LONGEST_DATA]
        kind = _joined(tree, "//meta[@property='og:type']/@content").lower()
        made = _joined(tree, "//meta[@name='generator']/@content | //body/@class").lower()
        where = url.partition("//")[2].partition("/")[2].lower()[:200]
        path = set(_TOKEN.findall(where))
        self.stated = [mark in stated for mark in _JSON_LD]
        self.kinds = ["article" in kind, "product" in kind]
        self.path = [bool(words & path) for words in _PATH_WORDS]
        parts = {one.partition(".")[0] for one in _SLASH.split(where)}
        self._is_elsewhere = bool(parts & (_PATH_WORDS[0] | _PATH_WORDS[3]))
        """Whether its address says that it stands in a forum or in documentation."""
        self.is_forum = any(name in made for name in _FORUMS)
        counted = Counter(element.tag for element in tree.iter(*_COUNTED))
        self.tags = [counted[tag] for tag in _COUNTED]
        self.title = _words(_joined(tree, _TITLES)[:400])
        self.data = _words(_ESCAPED.sub(" ", stated))
        """The words of the page's JSON-LD and of its title, each between spaces."""
        self.description = _words(_joined(tree, _DESCRIPTIONS)[:4_000])

    def is_article(self) -> bool:
        """Whether the page says that it is one article."""
        article = self.kinds[0] or self._states(*_ARTICLES)
        return article and not (self.is_product() or self._talks() or self._is_elsewhere)

    def is_surely_article(self) -> bool:
        """Whether it says so in more than its `og:type`, which many listings have, too."""
        return self.is_article() and (self._states(*_ARTICLES) or self.path[4])

    def is_discussion(self) -> bool:
        """Whether the page says that people talk to each other on it."""
        return self._talks() or self.path[0]

    def is_product(self) -> bool:
        """Whether the page says that it is one product."""
        return self.kinds[1] or self._states('"Product"')

    def _talks(self) -> bool:
        return self.is_forum or self._states('DiscussionForumPosting"', 'QAPage"')

    def _states(self, *marks: str) -> bool:
        return any(told for mark, told in zip(_JSON_LD, self.stated, strict=True) if mark in marks)


def _joined(tree: HtmlElement, path: str) -> str:
    return " ".join(map(str, tree.xpath(path)))


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.lower()))} "
