"""Which blocks of a page are its own text: rows of features come in, chances go out.

The model is a table of small decision trees in `block_model.json`, which
`tests/bench/train_page_model.py` makes. It learned from 340 pages of the Web Content eXtraction
Benchmark by Murrough Foley (CC-BY-4.0). A row of a tree's table is a feature and its limit; where a
block lies above each limit makes the number of the tree's value.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float32]]

_TABLE = Path(__file__).with_name("block_model.json")
_LESS_SURE, _LESS_LIKELY = 0.7, 0.3
"""How chances turn out on pages of other sites than those the model learned from."""
_AT_ONCE = 1024
"""Blocks; more are looked at one part after the other, to bound memory."""


class _Trees:
    """Decision trees of the same number of limits, as arrays."""

    def __init__(self, trees: list[Any]) -> None:
        import numpy as np  # noqa: PLC0415 - only pages need it

        limits = [_limits(tree) for tree in trees]
        most = max(map(len, limits))
        self._features = np.zeros((len(trees), most), dtype=np.intp)
        self._limits = np.full((len(trees), most), np.inf, dtype=np.float32)
        self._values = np.zeros((len(trees), 1 << most), dtype=np.float32)
        for number, (tree, own) in enumerate(zip(trees, limits, strict=True)):
            for place, (feature, limit) in enumerate(own):
                self._features[number, place], self._limits[number, place] = feature, limit
            for above in range(1 << most):
                self._values[number, above] = _value(tree, own, above)
        self._weights = 1 << np.arange(most)
        self._numbers = np.arange(len(trees))

    def totals(self, rows: Array) -> Array:
        """The sum of all trees for each of `rows`."""
        above = rows[:, self._features] > self._limits
        values: Array = self._values[self._numbers, above @ self._weights]
        total: Array = values.sum(1)
        return total


def _limits(tree: Any) -> list[tuple[int, float]]:
    """Each feature of `tree` with its limit."""
    if not isinstance(tree, list):
        return []
    feature, limit, low, high = tree
    return [(feature, limit), *_limits(low), *_limits(high)]


def _value(tree: Any, limits: list[tuple[int, float]], above: int) -> float:
    """The value of `tree` for what lies above those of its `limits` whose bits are set."""
    while isinstance(tree, list):
        feature, limit, low, high = tree
        tree = high if above >> limits.index((feature, limit)) & 1 else low
    return float(tree)


@cache
def _trees() -> _Trees:
    return _Trees(json.loads(_TABLE.read_text("utf-8")))


def chances(rows: Array) -> Array:
    """For each row how likely its block belongs to what the page is read for, 0 to 1."""
    import numpy as np  # noqa: PLC0415 - only pages need it

    parts = [
        _trees().totals(rows[first : first + _AT_ONCE]) for first in range(0, len(rows), _AT_ONCE)
    ]
    told = np.concatenate(parts)
    chance: Array = 1 / (1 + np.exp(_LESS_LIKELY - _LESS_SURE * told))
    return chance


def expected_f1(right: float, chosen: float, wanted: float) -> float:
    """The word F1 to expect of `chosen` words, `right` of them expected among the `wanted` ones."""
    return 2 * right / (chosen + wanted) if chosen + wanted else 0.0


def limit(likely: Array, words: Array) -> tuple[float, float]:
    """From which chance on blocks of so many `words` are taken, and the F1 to expect then."""
    order = (-likely).argsort(kind="stable")
    right, chosen = (likely * words)[order].cumsum(), words[order].cumsum()
    expected = 2 * right / (chosen + right[-1])
    best = int(expected.argmax())
    return float(likely[order[best]]), float(expected[best])
