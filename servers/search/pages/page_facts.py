"""What a page and its address say of its kind, before its text is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from servers.search.pages.blocks import words_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TOKEN = re.compile(r"[a-z]+")
_SLASH = re.compile(r"[/?]")
_DATED = re.compile(r"(?:^|/)(?:19|20)\d\d/")
_POST = "single"
"""What WordPress calls the body of a page that shows one post."""
_ESCAPED = re.compile(r"<[^<>]{0,300}>|\\u[0-9a-f]{4}|\\[nrt]|\\", re.IGNORECASE)
_LONGEST_DATA = 20_000
_PATHS = (
    "forum forums topic topics thread threads viewtopic discussion discussions "
    "question questions t community answers",
    "docs doc documentation wiki reference api manual guide learn",
    "article articles blog news story post posts",
)
_FORUM_PATHS, _DOCUMENT_PATHS, _ARTICLE_PATHS = (frozenset(words.split()) for words in _PATHS)
_FORUMS = ("discourse", "forum", "phpbb", "vbulletin", "xenforo", "nodebb", "question", "topic")
_PRODUCT = '"Product"'
_ARTICLES = ('Article"', '"BlogPosting"')
_TALKS = ('DiscussionForumPosting"', 'QAPage"')
_DESCRIPTIONS = "//meta[@property='og:description' or @name='description']/@content"
_TITLES = "(//title)[1]//text() | //meta[@property='og:title']/@content"


class PageFacts:
    """What a page and its address say of its kind."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        stated = _joined(tree, "//script[contains(@type,'ld+json')]/text()")[:_LONGEST_DATA]
        kind = _joined(tree, "//meta[@property='og:type']/@content").lower()
        published = _joined(tree, "//meta[@property='article:published_time']/@content")
        made = _joined(tree, "//meta[@name='generator']/@content | //body/@class").lower()
        where = url.partition("//")[2].partition("/")[2].lower()[:200]
        path = set(_TOKEN.findall(where))
        parts = {one.partition(".")[0] for one in _SLASH.split(where)}
        self._is_in_articles = bool(path & _ARTICLE_PATHS)
        self._is_elsewhere = bool(parts & (_FORUM_PATHS | _DOCUMENT_PATHS))
        """Whether its address says that it stands in a forum or in documentation."""
        self._is_dated = bool(published or _DATED.search(where)) or _POST in made.split()
        self._states_article = any(mark in stated for mark in _ARTICLES)
        self._is_article = "article" in kind or self._states_article
        self.is_product = "product" in kind or _PRODUCT in stated
        made_for_talks = any(name in made for name in _FORUMS)
        self._talks = made_for_talks or any(mark in stated for mark in _TALKS)
        self.is_discussion = self._talks or bool(path & _FORUM_PATHS)
        self.title = _words(_joined(tree, _TITLES)[:400])
        self.data = _words(_ESCAPED.sub(" ", stated))
        """The words of the page's JSON-LD and of its title, each between spaces."""
        self.description = _words(_joined(tree, _DESCRIPTIONS)[:4_000])

    def is_article(self) -> bool:
        """Whether the page says that it is one article."""
        return self._is_article and not (self.is_product or self._talks or self._is_elsewhere)

    def is_surely_article(self) -> bool:
        """Whether it says so in more than its `og:type`, which many listings have, too."""
        return self.is_article() and (self._states_article or self._is_in_articles)

    def is_published(self) -> bool:
        """Whether it says that surely, or when it was published, as a list of articles does not."""
        return self.is_surely_article() or (self.is_article() and self._is_dated)


def _joined(tree: HtmlElement, path: str) -> str:
    return " ".join(map(str, tree.xpath(path)))


def _words(text: str) -> str:
    return f" {' '.join(words_of(text))} "
