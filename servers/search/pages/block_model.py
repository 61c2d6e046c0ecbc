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


@cache
def _trees() -> list[list[Any]]:
    trees: list[list[Any]] = json.loads(_TABLE.read_text("utf-8"))
    return trees


def chances(rows: Sequence[Sequence[float]]) -> list[float]:
    """For each row how likely its block belongs to what the page is read for, 0 to 1."""
    columns = list(zip(*rows, strict=True))
    totals = [0.0] * len(rows)
    for tree in _trees():
        _add(tree, range(len(rows)), columns, totals)
    return [1 / (1 + math.exp(-total)) for total in totals]


def _add(
    node: Any, rows: Sequence[int], columns: list[tuple[float, ...]], totals: list[float]
) -> None:
    """Add to the total of each of `rows` the leaf it falls into."""
    if not isinstance(node, list):
        for row in rows:
            totals[row] += node
        return
    feature, most, low, high = node
    column = columns[feature]
    under = [row for row in rows if column[row] <= most]
    if under:
        _add(low, under, columns, totals)
    if len(under) < len(rows):
        _add(high, [row for row in rows if column[row] > most], columns, totals)


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
