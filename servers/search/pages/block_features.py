"""What the model looks at: a row of numbers for each block of a page, and the names around it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import accumulate

from servers.search.pages.block_headings import parts
from servers.search.pages.block_surroundings import Names, Row, Surroundings, kinds
from servers.search.pages.blocks import Block
from servers.search.pages.page_facts import PageFacts

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
SENTENCE = 8
"""Words that a sentence has at least."""


def features(blocks: list[Block], facts: PageFacts) -> tuple[list[Row], list[Names]]:
    """The numbers and the names of each of the `blocks`; `facts` are those of their page."""
    own = [_own(block, facts) for block in blocks]
    sizes = [(one[_LENGTH], one[_LINKED], one[_WORDS], one[_SENTENCE]) for one in own]
    around = Surroundings(blocks, sizes)
    columns = (
        own,
        _places(own, around),
        _near(own),
        around.rows(),
        kinds(sizes, around),
        parts(blocks, around),
    )
    rows = [[*a, *b, *c, *d, *e, *f] for a, b, c, d, e, f in zip(*columns, strict=True)]
    return rows, around.names()


_WORDS, _LINKED, _ENDS, _LENGTH, _SENTENCE = range(5)


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
        words >= 3 and stated != "" and stated in facts.data,
        words >= 4 and stated != "" and stated in facts.description,
        words >= 2 and stated != "" and stated in facts.title,
        stated == facts.title,
    ]


def _near(own: list[Row]) -> Iterator[Row]:
    """Features of the blocks before and after each block, taken together."""
    total = len(own)
    words, linked, lengths, sentences = (
        [0.0, *accumulate(one[column] for one in own)]
        for column in (_WORDS, _LINKED, _LENGTH, _SENTENCE)
    )
    for at in range(total):
        row: Row = []
        for reach in (3, 8, 20):
            first, last = max(at - reach, 0), min(at + reach + 1, total)
            near = words[last] - words[first]
            row += [
                near / (last - first),
                (linked[last] - linked[first]) / (lengths[last] - lengths[first]),
                (sentences[last] - sentences[first]) / near,
            ]
        yield row


def _places(own: list[Row], around: Surroundings) -> Iterator[Row]:
    """Where on the page blocks stand, and how far from its first heading."""
    total = len(own)
    words = max(1.0, sum(one[_WORDS] for one in own))
    heading = next((at for at in range(total) if around.is_heading(at)), -1)
    before = 0.0
    for at, one in enumerate(own):
        after = at - heading if heading >= 0 else 999
        yield [at / total, before / words, after, heading >= 0, at, total - at]
        before += one[_WORDS]
