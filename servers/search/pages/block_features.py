"""What the model looks at: one row of numbers for each block of a page.

Elements around blocks are numbered, parents before children, so that what is counted for each of
them is an array, and what a block sees around it is one look into that array.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from servers.search.pages.blocks import Block
from servers.search.pages.page_facts import PageFacts

if TYPE_CHECKING:
    import numpy as np
    from lxml.html import HtmlElement

    Columns = np.ndarray[Any, np.dtype[np.float32]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]

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
    r"(?P<counts>\W*[\d,.]+\W*\w{0,10}$)"
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


def features(blocks: list[Block], facts: PageFacts) -> Columns:
    """A row for each of the `blocks` of the page that `facts` are known of."""
    import numpy as np  # noqa: PLC0415 - only pages need it

    own = np.array([_own(block, facts) for block in blocks], dtype=np.float32)
    around = _Around(blocks)
    seen = Counter(block.text for block in blocks)
    again = np.array([[seen[block.text] - 1] for block in blocks], dtype=np.float32)
    page = np.array(_page(blocks, facts, own), dtype=np.float32)
    parts = [own, again, _places(own, around), _near(own), around.columns(own), around.kinds(own)]
    return np.hstack([*parts, np.tile(page, (len(blocks), 1))], dtype=np.float32)


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


def _near(own: Columns) -> Columns:
    """The blocks before and after, one by one and as a whole."""
    import numpy as np  # noqa: PLC0415

    total = len(own)
    core = own[:, :4].copy()
    core[:, 1] /= core[:, 3]
    core[:, 3] /= core[:, 0]
    parts = []
    for step in (1, 2, 3):
        before, after = np.zeros_like(core), np.zeros_like(core)
        before[step:], after[:-step] = core[:-step], core[step:]
        parts += [before, after]
    sums = np.vstack([np.zeros(5), own[:, :5].cumsum(0, dtype=np.float64)])
    at = np.arange(total)
    for reach in (3, 8, 20):
        first, last = np.maximum(at - reach, 0), np.minimum(at + reach + 1, total)
        told = sums[last] - sums[first]
        parts.append(
            np.stack(
                [
                    told[:, _WORDS] / (last - first),
                    told[:, _LINKED] / told[:, _LENGTH],
                    told[:, _SENTENCE] / told[:, _WORDS],
                ],
                1,
            )
        )
    return np.hstack(parts)


def _places(own: Columns, around: _Around) -> Columns:
    """Where on the page blocks stand, and how far from its first heading."""
    import numpy as np  # noqa: PLC0415

    total = len(own)
    at = np.arange(total)
    told = own[:, _WORDS].cumsum() - own[:, _WORDS]
    headings = np.flatnonzero(around.inside[around.of_blocks, _INSIDE_AT["h1"]])
    known = bool(len(headings))
    after = at - headings[0] if known else np.full(total, 999)
    share = told / max(1.0, float(own[:, _WORDS].sum()))
    return np.stack([at / total, share, after, np.full(total, known), at, total - at], 1)


class _Around:
    """The elements around the blocks of a page."""

    def __init__(self, blocks: list[Block]) -> None:
        self._numbers: dict[HtmlElement, int] = {}
        self._parents: list[int] = []
        self._elements: list[HtmlElement] = []
        of_blocks = [self._number(block.element) for block in blocks]
        self._look()
        import numpy as np  # noqa: PLC0415

        self.of_blocks: Numbers = np.array(of_blocks)
        self._upward: Numbers = np.array(self._parents)

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
        import numpy as np  # noqa: PLC0415

        total = len(self._elements)
        self.inside = np.zeros((total, len(_INSIDE)), dtype=np.int16)
        self._names = np.zeros((total, len(_GROUPS)), dtype=np.int16)
        self._depth = np.zeros(total, dtype=np.int16)
        self._tags = np.full(total, -1, dtype=np.int16)
        self._kin = np.ones(total, dtype=np.int32)
        self._repeated = np.full(total, -1, dtype=np.int64)
        ids = count()
        chains: list[dict[tuple[Any, int], int]] = [{} for _ in range(max(_CHAINS))]
        self._chains = np.zeros((max(_CHAINS) + 1, total), dtype=np.int64)
        kin: dict[int, Counter[tuple[Any, str]]] = {}
        for at, (element, up) in enumerate(zip(self._elements, self._parents, strict=True)):
            looks = _looks(element)
            if at:
                self.inside[at] = self.inside[up]
                self._names[at] = self._names[up]
                self._depth[at] = self._depth[up] + 1
                self._repeated[at] = self._repeated[up]
                if up not in kin:
                    kin[up] = Counter(map(_looks, self._elements[up]))
                self._kin[at] = kin[up][looks]
            if self._kin[at] >= _REPEATED:
                self._repeated[at] = at
            tag = _INSIDE_AT.get(element.tag, -1)
            self._tags[at] = tag
            if tag >= 0:
                self.inside[at, tag] += 1
            told = (element.get("class"), element.get("id"), element.get("role"))
            if told != _UNNAMED and (groups := _groups(*told)):
                self._names[at, groups] = self._depth[at] + 1
            for length, known in enumerate(chains, 1):
                key = (looks, self._chains[length - 1, up])
                self._chains[length, at] = known.setdefault(key, next(ids))

    def columns(self, own: Columns) -> Columns:
        """What is around each block, element by element."""
        import numpy as np  # noqa: PLC0415

        whole = np.zeros((len(self._parents), 4))
        np.add.at(whole[:, 0], self.of_blocks, own[:, _LENGTH])
        np.add.at(whole[:, 1], self.of_blocks, own[:, _LINKED])
        np.add.at(whole[:, 2], self.of_blocks, 1)
        np.add.at(whole[:, 3], self.of_blocks, own[:, _SENTENCE] > 0)
        for depth in range(int(self._depth.max()), 0, -1):
            at = np.flatnonzero(self._depth == depth)
            np.add.at(whole, self._upward[at], whole[at])
        chars = whole[:, 0]
        told = np.stack(
            [
                np.log1p(chars),
                whole[:, 1] / np.maximum(1, chars),
                whole[:, 2],
                whole[:, 3],
                self._kin,
                chars / max(1.0, chars[0]),
            ],
            1,
        )
        of = self.of_blocks
        near = self._depth[of, None] + 1 - self._names[of]
        parts = [
            self._depth[of, None],
            self._tags[of, None],
            self.inside[of],
            np.where(self._names[of] > 0, near, 0),
        ]
        for _ in range(_LEVELS):
            parts.append(told[of])
            of = self._upward[of]
        repeated = self._repeated[self.of_blocks]
        kin = self._kin[repeated]
        group = whole[self._upward[repeated]]
        shares = [
            kin,
            group[:, 0] / kin,
            group[:, 1] / np.maximum(1, group[:, 0]),
            group[:, 0] / max(1.0, chars[0]),
            group[:, 3] / kin,
        ]
        parts.append(np.where(repeated[:, None] >= 0, np.stack(shares, 1), 0))
        return np.hstack(parts)

    def kinds(self, own: Columns) -> Columns:
        """What blocks are like that stand in elements of the same looks anywhere on the page."""
        import numpy as np  # noqa: PLC0415

        at = np.arange(len(own))
        parts = []
        for length in _CHAINS:
            _, kind = np.unique(self._chains[length, self.of_blocks], return_inverse=True)
            many = np.bincount(kind)
            words, linked, chars = (
                np.bincount(kind, own[:, column]) for column in (_WORDS, _LINKED, _LENGTH)
            )
            said = np.bincount(kind, own[:, _SENTENCE] > 0)
            first, last = np.full(len(many), len(own)), np.zeros(len(many), dtype=np.int64)
            np.minimum.at(first, kind, at)
            np.maximum.at(last, kind, at)
            spread = last - first + 1
            told = [
                np.log1p(many),
                words / many,
                chars / chars.sum(),
                linked / chars,
                said / many,
                spread / len(own),
                many / spread,
            ]
            parts.append(np.stack(told, 1)[kind])
        return np.hstack(parts)


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


def _page(blocks: list[Block], facts: PageFacts, own: Columns) -> list[float]:
    """What is the same for all blocks of a page."""
    sums = own[:, :5].sum(0)
    words, chars = max(1.0, float(sums[_WORDS])), max(1.0, float(sums[_LENGTH]))
    return [
        math.log1p(len(blocks)),
        math.log1p(words),
        float(sums[_LINKED]) / chars,
        float(sums[_SENTENCE]) / words,
        *facts.tags,
        *facts.stated,
        *facts.kinds,
        float(own[:, _PRICE_AT].sum()),
        *facts.path,
        facts.is_forum,
    ]
