"""Which blocks of a page are its own text: rows of features come in, chances go out.

The model is a table of small decision trees in `block_model.json`, which
`tests/bench/train_page_model.py` makes. It learned from 340 pages of the Web Content eXtraction
Benchmark by Murrough Foley (CC-BY-4.0).
A tree is `[feature, limit, tree for at most the limit, tree for more]`, and its leaf a number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("block_model.json")
_LESS_SURE, _LESS_LIKELY = 0.7, 0.3
"""How chances turn out on pages of other sites than those the model learned from."""


Tree = tuple[int, float, Any, Any]


@cache
def _trees() -> list[Tree]:
    return [_frozen(tree) for tree in json.loads(_TABLE.read_text("utf-8"))]


def _frozen(node: Any) -> Any:
    """`node` as tuples, which are read in less time than lists."""
    return tuple(map(_frozen, node)) if isinstance(node, list) else node


def chances(rows: Sequence[Sequence[float]]) -> list[float]:
    """For each row how likely its block belongs to what the page is read for, 0 to 1."""
    trees = _trees()
    found = []
    for row in rows:
        total = 0.0
        node: Any
        for node in trees:
            while node.__class__ is tuple:
                feature, most, low, high = node
                node = low if row[feature] <= most else high  # noqa: PLW2901 - the way down
            total += node
        found.append(1 / (1 + math.exp(_LESS_LIKELY - _LESS_SURE * total)))
    return found


def expected_f1(right: float, chosen: float, wanted: float) -> float:
    """The word F1 to expect of `chosen` words, `right` of them expected among the `wanted` ones."""
    return 2 * right / (chosen + wanted) if chosen + wanted else 0.0


def limit(likely: Sequence[float], words: Sequence[int]) -> tuple[float, float]:
    """From which chance on blocks of so many `words` are taken, and the F1 to expect then."""
    wanted = sum(chance * count for chance, count in zip(likely, words, strict=True))
    right = chosen = best = 0.0
    found = 1.0
    for chance, count in sorted(zip(likely, words, strict=True), reverse=True):
        right += chance * count
        chosen += count
        expected = expected_f1(right, chosen, wanted)
        if expected > best:
            best, found = expected, chance
    return found, best
