"""What the model looks at: one row of numbers for each block of a page.

Elements around blocks are numbered, parents before children; what is counted for one of them is
counted once for all blocks in it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from servers.search.pages.blocks import Block
from servers.search.pages.page_facts import PageFacts

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
    map(
        re.compile,
        (
            r"©|copyright|all rights reserved",
            r"\b(?:19|20)\d\d\b|\bago\b",
            r"[$€£¥]\s?\d|\d\s?[$€£¥]",
            r"cookie|privacy|terms of|newsletter|subscribe|sign up|consent",
        ),
    )
)
_BEGINNINGS = re.compile(
    r"(?P<asks>(?:add to|buy now|shop now|learn more|read more|view|see all|show|load|sign|log in|"
    r"subscribe|share|reply|quote|like|report|follow|download|get started|contact|next|prev|back|"
    r"close|skip|menu|search|sort|filter|more|home|cart|save|print|edit)\b)|"
    r"(?P<signs>(?:by|posted|published|written|updated|author)\b)|"
    r"(?P<counts>\W{0,9}[\d,.]{1,20}\W{0,9}\w{0,10}$)"
)
_LOOKED_AT = 300
"""Characters of a block that its words are looked for in."""
_LONGEST_STATED = 60
"""Words; a longer block is not looked for in what the page says of itself."""
_LEVELS = 6
_REPEATED = 3
_CHAINS = (2, 3, 5)
"""How many elements, from a block upward, look alike where blocks are of one kind."""
SENTENCE = 8
"""Words that a sentence has at least."""


Row = list[float]


def features(blocks: list[Block], facts: PageFacts) -> list[Row]:
    """A row for each of the `blocks` of the page that `facts` are known of."""
    own = [_own(block, facts) for block in blocks]
    around = _Around(blocks, own)
    seen = Counter(block.text for block in blocks)
    page = _page(blocks, facts, own)
    again = ([float(seen[block.text] - 1)] for block in blocks)
    parts = (own, again, _places(own, around), _near(own), around.rows(), _kinds(own, around))
    return [
        [*one, *often, *place, *near, *inside, *kind, *page]
        for one, often, place, near, inside, kind in zip(*parts, strict=True)
    ]


_WORDS, _LINKED, _ENDS, _LENGTH, _SENTENCE = range(5)
_PRICE_AT = 10


def _own(block: Block, facts: PageFacts) -> list[float]:
    """What one block says of itself."""
    text, words = block.text[:_LOOKED_AT], block.words
    lower = text.lower()
    begins = _BEGINNINGS.match(lower)
    stated = f" {' '.join(block.tokens)} " if words <= _LONGEST_STATED else ""
    return [
        words,
        block.linked,
        block.is_sentence,
        len(block.text),
        words if block.is_sentence and words >= SENTENCE else 0,
        len(block.text) / words,
        math.log1p(words),
        *(shape.search(lower) is not None for shape in _SHAPES[:2]),
        text[0].isupper(),
        _SHAPES[2].search(lower) is not None,
        _SHAPES[3].search(lower) is not None,
        begins is not None and begins.lastgroup == "asks",
        begins is not None and begins.lastgroup == "signs",
        begins is not None and begins.lastgroup == "counts",
        sum(map(str.isdigit, text)) / len(text),
        sum(map(str.isupper, text)) / len(text),
        "|" in text or "•" in text or "\u203a" in text,
        words >= 3 and stated != "" and stated in facts.data,
        words >= 4 and stated != "" and stated in facts.description,
        words >= 2 and stated != "" and stated in facts.title,
        stated == facts.title,
    ]


def _near(own: list[Row]) -> Iterator[Row]:
    """The blocks before and after, one by one and as a whole."""
    total = len(own)
    nothing: Row = [0.0, 0.0, 0.0, 0.0]
    core = [
        [one[_WORDS], one[_LINKED] / one[_LENGTH], one[_ENDS], one[_LENGTH] / one[_WORDS]]
        for one in own
    ]
    around = [nothing] * 3 + core + [nothing] * 3
    words, linked, lengths, said = (
        [0.0, *accumulate(one[column] for one in own)]
        for column in (_WORDS, _LINKED, _LENGTH, _SENTENCE)
    )
    for at in range(total):
        row = [
            *around[at + 2], *around[at + 4], *around[at + 1],
            *around[at + 5], *around[at], *around[at + 6],
        ]  # fmt: skip
        for reach in (3, 8, 20):
            first, last = max(at - reach, 0), min(at + reach + 1, total)
            told = words[last] - words[first]
            row += [
                told / (last - first),
                (linked[last] - linked[first]) / (lengths[last] - lengths[first]),
                (said[last] - said[first]) / told,
            ]
        yield row


def _places(own: list[Row], around: _Around) -> Iterator[Row]:
    """Where on the page blocks stand, and how far from its first heading."""
    total = len(own)
    words = max(1.0, sum(one[_WORDS] for one in own))
    heading = next((at for at in range(total) if around.is_heading(at)), -1)
    told = 0.0
    for at, one in enumerate(own):
        after = at - heading if heading >= 0 else 999
        yield [at / total, told / words, after, heading >= 0, at, total - at]
        told += one[_WORDS]


class _Around:
    """The elements around the blocks of a page, parents before children."""

    def __init__(self, blocks: list[Block], own: list[Row]) -> None:
        self._numbers: dict[HtmlElement, int] = {}
        self._parents: list[int] = []
        self._elements: list[HtmlElement] = []
        self._of_blocks = [self._number(block.element) for block in blocks]
        self._inside: list[tuple[int, ...]] = []
        self._names: list[tuple[int, ...]] = []
        self._depths: list[int] = []
        self._kin: list[int] = []
        self._repeated: list[int] = []
        self._chains: list[list[int]] = []
        self._look()
        self._whole = self._sums(own)

    def is_heading(self, block: int) -> bool:
        """Whether a block stands in a heading of the first level."""
        return self._inside[self._of_blocks[block]][_INSIDE_AT["h1"]] > 0

    def chains(self, length: int) -> list[int]:
        """For each block a number that those share whose next `length` elements look alike."""
        return [self._chains[at][length] for at in self._of_blocks]

    def _number(self, element: HtmlElement) -> int:
        chain = []
        one: HtmlElement | None = element
        while one is not None and one not in self._numbers:
            chain.append(one)
            one = one.getparent()
        parent = self._numbers[one] if one is not None else 0
        for new in reversed(chain):
            self._numbers[new] = len(self._elements)
            self._elements.append(new)
            self._parents.append(parent)
            parent = self._numbers[new]
        return self._numbers[element]

    def _look(self) -> None:
        """See for each element what it is in, how it looks, and how many siblings look like it."""
        known: dict[tuple[Any, int, int], int] = {}
        kin: dict[int, Counter[tuple[Any, str]]] = {}
        inside, names, depth = (0,) * len(_INSIDE), (0,) * len(_GROUPS), -1
        for at, (element, up) in enumerate(zip(self._elements, self._parents, strict=True)):
            looks, alike, repeated = _looks(element), 1, -1
            if at:
                inside, names, depth = self._inside[up], self._names[up], self._depths[up]
                if up not in kin:
                    kin[up] = Counter(map(_looks, self._elements[up]))
                alike, repeated = kin[up][looks], self._repeated[up]
            tag = _INSIDE_AT.get(element.tag, -1)
            if tag >= 0:
                inside = (*inside[:tag], inside[tag] + 1, *inside[tag + 1 :])
            self._inside.append(inside)
            self._depths.append(depth + 1)
            self._names.append(_named(element, names, depth + 2))
            self._kin.append(alike)
            self._repeated.append(at if alike >= _REPEATED else repeated)
            above = self._chains[up] if at else [-1] * (max(_CHAINS) + 1)
            numbers = [-1]
            for length in range(1, max(_CHAINS) + 1):
                key = (looks, length, above[length - 1])
                numbers.append(known.setdefault(key, len(known)))
            self._chains.append(numbers)

    def _sums(self, own: list[Row]) -> list[Row]:
        """Letters, linked letters, blocks and sentences in each element."""
        whole: list[Row] = [[0.0, 0.0, 0.0, 0.0] for _ in self._elements]
        for at, one in zip(self._of_blocks, own, strict=True):
            sums = whole[at]
            sums[0] += one[_LENGTH]
            sums[1] += one[_LINKED]
            sums[2] += 1
            sums[3] += one[_SENTENCE] > 0
        for at in range(len(whole) - 1, 0, -1):
            sums, above = whole[at], whole[self._parents[at]]
            for column in range(4):
                above[column] += sums[column]
        return whole

    def rows(self) -> Iterator[Row]:
        """What is around each block, element by element."""
        page = max(1.0, self._whole[0][0]) if self._whole else 1.0
        told = [
            [math.log1p(chars), linked / max(1.0, chars), many, said, kin, chars / page]
            for (chars, linked, many, said), kin in zip(self._whole, self._kin, strict=True)
        ]
        made: dict[int, Row] = {}
        for at in self._of_blocks:
            if at not in made:
                depth = self._depths[at]
                near = [depth + 1 - name if name else 0 for name in self._names[at]]
                tag = _INSIDE_AT.get(self._elements[at].tag, -1)
                row: Row = [depth, tag, *self._inside[at], *near]
                one = at
                for _ in range(_LEVELS):
                    row += told[one]
                    one = self._parents[one]
                made[at] = row + self._group(self._repeated[at], page)
            yield made[at]

    def _group(self, repeated: int, page: float) -> Row:
        """What the siblings are like of which `repeated` is one; zeros for none."""
        if repeated < 0:
            return [0.0] * 5
        kin = self._kin[repeated]
        chars, linked, _, said = self._whole[self._parents[repeated]]
        return [kin, chars / kin, linked / max(1.0, chars), chars / page, said / kin]


def _kinds(own: list[Row], around: _Around) -> Iterator[Row]:
    """What blocks are like that stand in elements of the same looks anywhere on the page."""
    total = len(own)
    page = sum(one[_LENGTH] for one in own)
    parts = []
    for length in _CHAINS:
        kinds = around.chains(length)
        sums: dict[int, Row] = {}
        for at, (kind, one) in enumerate(zip(kinds, own, strict=True)):
            told = sums.setdefault(kind, [0, 0.0, 0.0, 0.0, 0, at, at])
            told[0] += 1
            told[1] += one[_WORDS]
            told[2] += one[_LENGTH]
            told[3] += one[_LINKED]
            told[4] += one[_SENTENCE] > 0
            told[6] = at
        rows = {
            kind: [
                math.log1p(many),
                words / many,
                chars / page,
                linked / chars,
                said / many,
                (last - first + 1) / total,
                many / (last - first + 1),
            ]
            for kind, (many, words, chars, linked, said, first, last) in sums.items()
        }
        parts.append([rows[kind] for kind in kinds])
    for rest in zip(*parts, strict=True):
        yield [number for part in rest for number in part]


def _named(element: HtmlElement, names: tuple[int, ...], depth: int) -> tuple[int, ...]:
    """How deep each group of names is around and in `element`, which is at `depth`."""
    told = (element.get("class"), element.get("id"), element.get("role"))
    if told == _UNNAMED or not (groups := _groups(*told)):
        return names
    return tuple(depth if at in groups else name for at, name in enumerate(names))


_UNNAMED = (None, None, None)


def _looks(element: HtmlElement) -> tuple[Any, str]:
    """Its tag and its first class, which siblings of one kind share."""
    classes = element.get("class")
    return element.tag, classes.split(None, 1)[0] if classes and classes.strip() else ""


@lru_cache(4096)
def _groups(classes: str | None, name: str | None, role: str | None) -> list[int]:
    """The groups of names that an element belongs to by what it is called."""
    told = _HUMP.sub(" ", f"{classes or ''} {name or ''} {role or ''}").lower()
    return sorted({_GROUP_OF[word] for word in _TOKEN.findall(told) if word in _GROUP_OF})


def _page(blocks: list[Block], facts: PageFacts, own: list[Row]) -> Row:
    """What is the same for all blocks of a page."""
    words, linked, chars, said = (
        sum(one[column] for one in own) for column in (_WORDS, _LINKED, _LENGTH, _SENTENCE)
    )
    return [
        math.log1p(len(blocks)),
        math.log1p(words),
        linked / max(1.0, chars),
        said / max(1.0, words),
        *facts.tags,
        *facts.stated,
        *facts.kinds,
        sum(one[_PRICE_AT] for one in own),
        *facts.path,
        facts.is_forum,
    ]
