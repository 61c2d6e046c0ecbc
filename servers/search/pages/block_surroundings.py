"""The elements around the blocks of a page: how they look, what they are called, what they hold.

Elements are numbered, parents before children; what is counted for one of them is counted once
for all blocks in it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from servers.search.pages.block_names import GROUPS, REACHES, Traits, traits
from servers.search.pages.blocks import Block

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Row = list[float]
Names = frozenset[str]
"""The words in the names of a block's element and of those around it, marked by their reach."""

_WIDE = ["nav", "header", "footer", "aside", "main", "article", "form", "dl", "figure", "table"]
"""Elements that are looked for all the way up."""
_NARROW = (
    *("ul", "ol", "li", "p", "a", "button", "label", "pre", "blockquote", "section", "details"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "td", "tr"),
)
_TAG_AT = {tag: number for number, tag in enumerate((*_WIDE, *_NARROW))}
_AROUND = len(_WIDE)
_LEVELS = 6
_REPEATED = 3
_CHAINS = (2, 3, 5)
"""How many elements, from a block upward, look alike where blocks are of one kind."""
_FADING = 0.6
"""How much of what a name weighs counts for the elements in it."""
_TELLING = 25
"""Characters; a shorter block tells nothing of where the text is."""
_SHARES = (1.0, 0.5, 1 / 6, 1 / 9)
"""How much of a block's worth its nearest elements get."""


class Surroundings:
    """The elements around the `blocks` of a page, of which `rows` say what they hold."""

    def __init__(self, blocks: list[Block], rows: list[tuple[float, float, float, float]]) -> None:
        self._numbers: dict[HtmlElement, int] = {}
        self.parents: list[int] = []
        self._elements: list[HtmlElement] = []
        self.of_blocks = [self._number(block.element) for block in blocks]
        self._known: dict[tuple[Any, ...], Traits] = {}
        self.traits = [self._traits(element) for element in self._elements]
        self._inside: list[tuple[int, ...]] = []
        self._names: list[tuple[int, ...]] = []
        self.depths: list[int] = []
        self._called: list[Row] = []
        self._kin: list[int] = []
        self._repeated: list[int] = []
        self._chains: list[tuple[int, ...]] = []
        self._look()
        self._whole = self._sums(rows)
        self._scores = self._worth(blocks, rows)

    def is_heading(self, block: int) -> bool:
        """Whether a block stands in a heading of the first level."""
        one = self.of_blocks[block]
        return any(self._elements[at].tag == "h1" for at in (one, self.parents[one]))

    def chains(self, length: int) -> list[tuple[int, ...]]:
        """For each block what those share whose next `length` elements look alike."""
        return [self._chains[at][:length] for at in self.of_blocks]

    def shared_depth(self, one: int, other: int) -> int:
        """How deep the innermost element is that holds the elements `one` and `other`."""
        while one != other:
            if one > other:
                one = self.parents[one]
            else:
                other = self.parents[other]
        return self.depths[one]

    def names(self) -> list[Names]:
        """The words in the names around each block."""

        @cache
        def marked(words: tuple[str, ...], reach: int) -> Names:
            return frozenset(f"{reach}{word}" for word in words)

        @cache
        def around(at: int) -> Names:
            parts = []
            for reach in REACHES[1:]:
                parts.append(marked(self.traits[at].words, reach))
                at = self.parents[at]
            return frozenset().union(*parts)

        own = (marked(self.traits[at].words, REACHES[0]) for at in self.of_blocks)
        return [one | around(self.parents[at]) for one, at in zip(own, self.of_blocks, strict=True)]

    def rows(self) -> Iterator[Row]:
        """What is around each block, element by element."""
        page = max(1.0, self._whole[0][0]) if self._whole else 1.0
        around = [
            [math.log1p(chars), linked / max(1.0, chars), many, said, kin, chars / page]
            for (chars, linked, many, said, _, _), kin in zip(self._whole, self._kin, strict=True)
        ]
        centre = _Centre(self.parents, self.depths, self._whole, self._scores)
        made: dict[int, Row] = {}
        for at in self.of_blocks:
            if at not in made:
                depth = self.depths[at]
                near = [depth + 1 - name if name else 0 for name in self._names[at]]
                tag = _TAG_AT.get(self._elements[at].tag, -1)
                row: Row = [depth, tag, *self._inside[at], *near, *self._called[at]]
                one = at
                for _ in range(_LEVELS):
                    row += around[one]
                    one = self.parents[one]
                made[at] = [*row, *self._group(self._repeated[at], page), *centre.row(at)]
            yield made[at]

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
            self.parents.append(parent)
            parent = self._numbers[new]
        return self._numbers[element]

    def _traits(self, element: HtmlElement) -> Traits:
        get = element.get
        key = (element.tag, get("class"), get("id"), get("role"), get("itemprop"))
        known = self._known.get(key)
        if known is None:
            classes, name, role, prop = (one or "" for one in key[1:])
            known = self._known[key] = traits(element.tag, (classes, name, role, prop))
        return known

    def _look(self) -> None:
        """See for each element what it is in, how it looks, and how many siblings look like it."""
        known: dict[tuple[Any, str], int] = {}
        kin: dict[int, dict[tuple[Any, str], int]] = {}
        inside, names, depth = (0,) * _AROUND, (0,) * len(GROUPS), -1
        above: tuple[int, ...] = ()
        for at, (element, up) in enumerate(zip(self._elements, self.parents, strict=True)):
            looks, alike, repeated = _looks(element), 1, -1
            if at:
                inside, names, depth = self._inside[up], self._names[up], self.depths[up]
                if up not in kin:  # a Counter would ask first whether it is given a mapping
                    many = kin[up] = defaultdict(int)
                    for one in map(_looks, self._elements[up]):
                        many[one] += 1
                alike, repeated, above = kin[up][looks], self._repeated[up], self._chains[up]
            tag = _TAG_AT.get(element.tag, _AROUND)
            if tag < _AROUND:
                inside = (*inside[:tag], inside[tag] + 1, *inside[tag + 1 :])
            groups = self.traits[at].groups
            if groups:
                numbered = enumerate(names)
                names = tuple(depth + 2 if one in groups else name for one, name in numbered)
            self._inside.append(inside)
            self.depths.append(depth + 1)
            self._names.append(names)
            self._called.append(self._calling(at, up))
            self._kin.append(alike)
            self._repeated.append(at if alike >= _REPEATED else repeated)
            self._chains.append((known.setdefault(looks, len(known)), *above[: max(_CHAINS) - 1]))

    def _calling(self, at: int, up: int) -> Row:
        """What the names around an element say: clutter, unlikely, weight, bodies, described."""
        row = self.traits[at].says
        if not at:
            return row
        above = self._called[up]
        if not any(row) and not above[2]:
            return above
        sums = [above[0] + row[0], above[1] + row[1], above[2] * _FADING + row[2]]
        return [*sums, *map(max, above[3:], row[3:])]

    def _sums(self, rows: list[tuple[float, float, float, float]]) -> list[Row]:
        """Letters, linked letters, blocks, sentences, words and words in them in each element."""
        whole: list[Row] = [[0.0] * 6 for _ in self._elements]
        for at, (chars, linked, words, said) in zip(self.of_blocks, rows, strict=True):
            sums = whole[at]
            for column, value in enumerate((chars, linked, 1, said > 0, words, said)):
                sums[column] += value
        for at in range(len(whole) - 1, 0, -1):
            sums, above = whole[at], whole[self.parents[at]]
            for column in range(6):
                above[column] += sums[column]
        return whole

    def _worth(
        self, blocks: list[Block], rows: list[tuple[float, float, float, float]]
    ) -> list[float]:
        """How likely each element holds the text, as Readability counts it."""
        scores = [0.0] * len(self._elements)
        for block, at, (chars, linked, _, _) in zip(blocks, self.of_blocks, rows, strict=True):
            if chars < _TELLING or linked >= chars / 2:
                continue
            worth = 1 + block.text.count(",") + min(len(block.text) // 100, 3)
            for share in _SHARES:
                if not at:
                    break
                at = self.parents[at]  # noqa: PLW2901 - the way up
                scores[at] += worth * share
        return [
            score * (1 - linked / max(1.0, chars))
            for score, (chars, linked, *_) in zip(scores, self._whole, strict=True)
        ]

    def _group(self, repeated: int, page: float) -> Row:
        """Features of the siblings of the element `repeated`; zeros for none."""
        if repeated < 0:
            return [0.0] * 5
        kin = self._kin[repeated]
        chars, linked, _, said, _, _ = self._whole[self.parents[repeated]]
        return [kin, chars / kin, linked / max(1.0, chars), chars / page, said / kin]


class _Centre:
    """Where most of a page's sentences are, and how far off an element stands."""

    def __init__(
        self, parents: list[int], depths: list[int], whole: list[Row], scores: list[float]
    ) -> None:
        best = max(range(len(scores)), key=scores.__getitem__, default=0)
        half = _deepest(whole, depths, 0.5)
        self._depths = depths
        self._middles = [half, _deepest(whole, depths, 0.8), best]
        self._branches = [_branches(parents, middle) for middle in self._middles]
        self._most = list(scores)
        for at, up in islice(enumerate(parents), 1, None):
            self._most[at] = max(self._most[at], self._most[up])
        self._best = max(scores, default=0.0) or 1.0
        words, said = (max(1.0, whole[0][column]) if whole else 1.0 for column in (4, 5))
        page = ((half, 5, said), (half, 4, words), (best, 4, words))
        self._page = [whole[at][column] / of if whole else 0.0 for at, column, of in page]

    def row(self, at: int) -> Row:
        """Whether and how far from each middle of the page the element `at` branches off."""
        depths = self._depths
        found: Row = []
        for middle, branches in zip(self._middles, self._branches, strict=True):
            found += [branches[at] == middle, depths[middle] - depths[branches[at]]]
        below = depths[at] - depths[self._middles[2]]
        return [*found, self._most[at] / self._best, *self._page, below]


def _deepest(whole: list[Row], depths: list[int], share: float) -> int:
    """The deepest element with that `share` of the page's words in sentences."""
    least = share * whole[0][5] if whole else 0.0
    holding = (at for at, sums in enumerate(whole) if sums[5] >= least)
    return max(holding, key=depths.__getitem__, default=0)


def _branches(parents: list[int], middle: int) -> list[int]:
    """For each element the nearest one around it, or itself, that `middle` is in or is."""
    way = {0, middle}
    while middle:
        middle = parents[middle]
        way.add(middle)
    found: list[int] = []
    for at, up in enumerate(parents):
        found.append(at if at in way else found[up])
    return found


def _looks(element: HtmlElement) -> tuple[Any, str]:
    """Its tag and its first class, which siblings of one kind share."""
    classes = element.get("class")
    return element.tag, classes.split(None, 1)[0] if classes and classes.strip() else ""


def kinds(rows: list[tuple[float, float, float, float]], around: Surroundings) -> Iterator[Row]:
    """For each block, features of all blocks on the page whose elements look the same."""
    total = len(rows)
    page = sum(row[0] for row in rows)
    parts = []
    for length in _CHAINS:
        numbers = around.chains(length)
        sums: dict[tuple[int, ...], Row] = {}
        for at, (kind, (chars, linked, words, said)) in enumerate(zip(numbers, rows, strict=True)):
            totals = sums.setdefault(kind, [0, 0.0, 0.0, 0.0, 0, at, at])
            totals[0] += 1
            totals[1] += words
            totals[2] += chars
            totals[3] += linked
            totals[4] += said > 0
            totals[6] = at
        found = {
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
        parts.append([found[kind] for kind in numbers])
    for rest in zip(*parts, strict=True):
        yield [number for part in rest for number in part]
