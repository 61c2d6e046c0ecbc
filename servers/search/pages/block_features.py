"""What the model looks at: one row of numbers for each block of a page."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from servers.search.pages.blocks import Block, ends_sentence

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_GROUPS = {
    "nav": "nav menu navbar navigation breadcrumb breadcrumbs toolbar dropdown mega toc skip "
    "submenu",
    "header": "header masthead topbar",
    "footer": "footer copyright colophon",
    "sidebar": "sidebar aside rail secondary widget",
    "related": "related recommend recommended recommendations recommendation suggested teaser "
    "popular trending upsell similar recently",
    "notice": "cookie cookies consent banner gdpr modal popup dialog overlay toast alert drawer",
    "form": "form login signup signin subscribe newsletter search input",
    "social": "share social follow sharing",
    "filter": "filter filters facet facets refine sort sorting pagination pager paging",
    "ad": "ad ads advert advertisement promo promotion sponsored sponsor",
    "comment": "comment comments reply replies disqus respond",
    "byline": "byline author meta date tag tags category avatar user username profile "
    "signature badge",
    "buy": "cart wishlist quantity qty swatch swatches variant variants checkout shipping",
    "main": "main content article post entry body story page hentry maincontent",
    "product": "product description detail details spec specs",
    "thread": "message topic thread question answer answers",
    "doc": "markdown prose wiki doc docs documentation",
    "card": "card cards item items grid list result results tile",
    "review": "review reviews rating ratings",
    "section": "section hero faq feature features pricing price rich intro summary",
    "hidden": "hidden collapse collapsed tooltip print",
}
_GROUP_OF = {
    word: number for number, words in enumerate(_GROUPS.values()) for word in words.split()
}
_INSIDE = [
    "nav",
    "header",
    "footer",
    "aside",
    "main",
    "article",
    "form",
    "table",
    "tr",
    "ul",
    "ol",
    "li",
    "p",
    "a",
    "button",
    "label",
    "pre",
    "dl",
    "blockquote",
    "figure",
    "section",
    "details",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
]
_INSIDE_AT = {tag: number for number, tag in enumerate(_INSIDE)}
_TOKEN = re.compile(r"[a-z]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        r"©|copyright|all rights reserved",
        r"\b(19|20)\d\d\b|\bago\b",
        r"[$€£¥]\s?\d|\d\s?[$€£¥]",
        r"^(add to|buy now|shop now|learn more|read more|view|see all|show|load|sign|log in|"
        r"subscribe|share|reply|quote|"
        r"like|report|follow|download|get started|contact|next|prev|back|"
        r"close|skip|menu|search|sort|filter|more|home|"
        r"cart|save|print|edit)\b",
        r"cookie|privacy|terms of|newsletter|subscribe|sign up|consent",
        r"^(by|posted|published|written|updated|author)\b",
        r"^\W*[\d,.]+\W*\w{0,10}$",
    )
)
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
_COUNTED = ("article", "h1", "h2", "h3", "p", "li", "table", "time", "pre", "code", "button", "img")
_LEVELS = 6
_REPEATED = 3
SENTENCE = 8


def features(tree: HtmlElement, blocks: list[Block], facts: PageFacts) -> list[list[float]]:
    """A row for each of the `blocks` of the page `tree`, of which `facts` are known."""
    page = _page(tree, blocks, facts)
    return [[*row, *page] for row in _Rows(tree, blocks).rows()]


class _Rows:
    """What is counted once for all rows of a page."""

    def __init__(self, tree: HtmlElement, blocks: list[Block]) -> None:
        self._blocks = blocks
        self._names: dict[HtmlElement, tuple[tuple[int, ...], tuple[int, ...], int]] = {}
        self._kin: dict[HtmlElement, Counter[tuple[str, str]]] = {}
        self._within: dict[HtmlElement, list[int]] = {}
        self._chars = sum(len(block.text) for block in blocks) or 1
        self._words = sum(block.words for block in blocks) or 1
        self._seen = Counter(block.text for block in blocks)
        self._ends = [ends_sentence(block.text) for block in blocks]
        self._sentences = [
            block.words if ends and block.words >= SENTENCE else 0
            for block, ends in zip(blocks, self._ends, strict=True)
        ]
        title = " ".join(map(str, tree.xpath("(//title)[1]//text()")))[:200]
        self._title = set(re.findall(r"\w+", title.lower()))
        self._sums = [
            [0, *accumulate(numbers)]
            for numbers in (
                (block.words for block in blocks),
                (len(block.text) for block in blocks),
                (block.linked for block in blocks),
                self._sentences,
            )
        ]
        for block, sentence in zip(blocks, self._sentences, strict=True):
            self._count(block, sentence)
        self._core = [
            (block.words, block.linked / len(block.text), ends, len(block.text) / block.words)
            for block, ends in zip(blocks, self._ends, strict=True)
        ]
        self._heading = next(
            (
                at
                for at, block in enumerate(blocks)
                if self._inside(block.element)[0][_INSIDE_AT["h1"]]
            ),
            -1,
        )

    def rows(self) -> list[list[float]]:
        total = len(self._blocks)
        told = 0
        rows = []
        for at, block in enumerate(self._blocks):
            row = self._own(block, self._core[at])
            after = at - self._heading if self._heading >= 0 else 999
            row += [at / total, told / self._words, after, self._heading >= 0, at, total - at]
            told += block.words
            inside, names, depth = self._inside(block.element)
            row += [depth, _INSIDE_AT.get(block.element.tag, -1), *inside]
            row += [depth - name + 1 if name else 0 for name in names]
            row += self._near(at)
            row += self._around(block.element)
            rows.append(row)
        return rows

    def _own(self, block: Block, core: tuple[float, ...]) -> list[float]:
        text, length = block.text, len(block.text)
        upper = sum(map(str.isupper, text))
        known = set(re.findall(r"\w+", text.lower())) if block.words < 40 else set()
        return [
            *core,
            math.log1p(block.words),
            sum(map(str.isdigit, text)) / length,
            upper / length,
            text[0].isupper(),
            "|" in text or "•" in text or "\u203a" in text,
            self._seen[text] - 1,
            len(self._title & known) / (len(self._title) + 1),
            *(bool(shape.search(text[:400])) for shape in _SHAPES),
        ]

    def _near(self, at: int) -> list[float]:
        row: list[float] = []
        nothing = (0.0, 0.0, 0.0, 0.0)
        total = len(self._blocks)
        for step in (1, 2, 3):
            row += self._core[at - step] if at >= step else nothing
            row += self._core[at + step] if at + step < total else nothing
        for reach in (5, 15):
            first, last = max(0, at - reach), min(total, at + reach + 1)
            words, chars, linked, sentences = (sums[last] - sums[first] for sums in self._sums)
            row += [words / (last - first), linked / chars, sentences / words]
        return row

    def _around(self, element: HtmlElement) -> list[float]:
        row: list[float] = []
        one: HtmlElement | None = element
        group = [0.0] * 5
        level = 0
        while one is not None and (level < _LEVELS or (not group[0] and level < 2 * _LEVELS)):
            chars, linked, count, sentences = self._within[one]
            kin = self._kinship(one)
            if level < _LEVELS:
                row += [
                    math.log1p(chars),
                    linked / max(1, chars),
                    count,
                    sentences,
                    kin,
                    chars / self._chars,
                ]
            parent = one.getparent()
            if kin >= _REPEATED and not group[0] and parent is not None:
                whole = self._within[parent]
                group = [
                    kin,
                    whole[0] / kin,
                    whole[1] / max(1, whole[0]),
                    whole[0] / self._chars,
                    whole[3] / kin,
                ]
            one = parent
            level += 1
        row += [0.0] * (6 * _LEVELS - len(row))
        return row + group

    def _count(self, block: Block, sentence: int) -> None:
        one: HtmlElement | None = block.element
        while one is not None:
            counts = self._within.get(one)
            if counts is None:
                counts = self._within[one] = [0, 0, 0, 0]
            counts[0] += len(block.text)
            counts[1] += block.linked
            counts[2] += 1
            counts[3] += sentence > 0
            one = one.getparent()

    def _kinship(self, element: HtmlElement) -> int:
        """How many siblings look like `element`, itself among them."""
        parent = element.getparent()
        if parent is None:
            return 1
        kin = self._kin.get(parent)
        if kin is None:
            kin = self._kin[parent] = Counter(map(_looks, parent))
        return kin[_looks(element)]

    def _inside(self, element: HtmlElement) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """How often each tag is around `element`, how deep each group of names, and its depth."""
        known = self._names.get(element)
        if known is not None:
            return known
        parent = element.getparent()
        if parent is None:
            inside, names, depth = (0,) * len(_INSIDE), (0,) * len(_GROUPS), 0
        else:
            inside, names, depth = self._inside(parent)
        depth += 1
        tag = element.tag
        if tag in _INSIDE_AT:
            at = _INSIDE_AT[tag]
            inside = (*inside[:at], inside[at] + 1, *inside[at + 1 :])
        if tag not in ("body", "html"):
            told = f"{element.get('class', '')} {element.get('id', '')} {element.get('role', '')}"
            found = {
                _GROUP_OF[word]
                for word in _TOKEN.findall(_HUMP.sub(" ", told).lower())
                if word in _GROUP_OF
            }
            if found:
                names = tuple(depth if at in found else name for at, name in enumerate(names))
        self._names[element] = inside, names, depth
        return inside, names, depth


def _looks(element: HtmlElement) -> tuple[str, str]:
    names = element.get("class", "").split(None, 1)
    return str(element.tag), names[0] if names else ""


class PageFacts:
    """What a page and its address say of its kind."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        stated = _joined(tree, "//script[contains(@type,'ld+json')]/text()")[:20_000]
        kind = _joined(tree, "//meta[@property='og:type']/@content").lower()
        made = _joined(tree, "//meta[@name='generator']/@content | //body/@class").lower()
        path = set(_TOKEN.findall(url.partition("//")[2].partition("/")[2].lower()[:200]))
        self.stated = [mark in stated for mark in _JSON_LD]
        self.kinds = ["article" in kind, "product" in kind]
        self.path = [bool(words & path) for words in _PATH_WORDS]
        self.is_forum = any(name in made for name in _FORUMS)

    def is_article(self) -> bool:
        """Whether the page says that it is one article."""
        stated = dict(zip(_JSON_LD, self.stated, strict=True))
        article = self.kinds[0] or stated['Article"'] or stated['"BlogPosting"']
        product = self.kinds[1] or stated['"Product"']
        talk = stated['DiscussionForumPosting"'] or stated['QAPage"']
        return article and not (product or talk or self.is_forum or self.path[0])


def _joined(tree: HtmlElement, path: str) -> str:
    return " ".join(map(str, tree.xpath(path)))


def _page(tree: HtmlElement, blocks: list[Block], facts: PageFacts) -> list[float]:
    chars = sum(len(block.text) for block in blocks) or 1
    words = sum(block.words for block in blocks) or 1
    tags = Counter(element.tag for element in tree.iter(*_COUNTED))
    long = sum(
        block.words for block in blocks if block.words >= SENTENCE and ends_sentence(block.text)
    )
    return [
        math.log1p(len(blocks)),
        math.log1p(words),
        sum(block.linked for block in blocks) / chars,
        long / words,
        *(tags[tag] for tag in _COUNTED),
        *facts.stated,
        *facts.kinds,
        sum(1 for block in blocks if _SHAPES[2].search(block.text[:400])),
        *facts.path,
        facts.is_forum,
    ]
