"""Which blocks of a page are its own text: features of each block in, probabilities out.

The model is `block_model.json`, which `tests/bench/train_page_model.py` makes: small decision trees
over the numbers of a block, and what each word weighs in the names of the elements around it.
Forests of them that learned by chance from different parts count alike, since each errs in its own
way. The first trees tell which blocks are far from being text; all are asked about the rest. They
learned from 340 pages of the Web Content eXtraction Benchmark by Murrough Foley
(CC-BY-4.0), whole and without some of their parts.
A tree is `[feature, limit, tree for at most the limit, tree for more]`, and its leaf a number.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Sequence
from functools import cache, reduce
from pathlib import Path
from typing import Any

from servers.search.pages.block_surroundings import Names, Row

TABLE = Path(__file__).with_name("block_model.json")
_OF_TREES, _OF_NAMES, _LESS_LIKELY = 0.72, 0.15, 0.42
"""How both together turn out on pages of other sites than those the model learned from."""
_FIRST, _FAR_OFF, _MORE = 40, -1.5, 1.3
"""How many trees come first; a block with less as their sum is no text, whatever others say, and
how many times as much all trees would say."""
_PAGES = ((math.exp(-math.sqrt(3)), 1 / 6), (1.0, 2 / 3), (math.exp(math.sqrt(3)), 1 / 6))
"""How the odds of all blocks of a page turn out at once, and how often: a normal distribution."""
_AT_ONCE = 10
"""Trees in one expression; compilers do not nest without end."""


class BlockModel:
    """Trees and names, as `block_model.json` has them."""

    def __init__(self, table: dict[str, Any]) -> None:
        trees = [tree for forest in table["forests"] for tree in forest]
        self._first, self._others = _sums(trees[:_FIRST]), _sums(trees[_FIRST:])
        self._forests = len(table["forests"])
        self._words: dict[str, float] = table["words"]

    def log_odds(self, rows: list[Row], names: list[Names]) -> list[float]:
        """For each block the log-odds that it is of the text that the page is read for."""
        words = self._words
        weights = {named: sum([words.get(word, 0.0) for word in named]) for named in set(names)}
        return [
            _OF_TREES * self._of_trees(row) + _OF_NAMES * weights[named] - _LESS_LIKELY
            for row, named in zip(rows, names, strict=True)
        ]

    def _of_trees(self, row: Row) -> float:
        first = sum([add(row) for add in self._first])
        if first < _FAR_OFF:
            return _MORE * first
        return (first + sum([add(row) for add in self._others])) / self._forests


@cache
def shipped() -> BlockModel:
    """The model that Lou comes with."""
    return BlockModel(json.loads(TABLE.read_text("utf-8")))


def probability(log_odds: float) -> float:
    """The logistic function, 0 to 1."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))


def best_threshold(likely: Sequence[float], words: Sequence[int]) -> tuple[float, float]:
    """From which probability on blocks of so many `words` are taken, and the word F1 to expect."""
    ranked = sorted(zip(likely, words, strict=True), reverse=True)
    expected = [0.0] * len(ranked)
    for odds, weight in _PAGES:
        shares = [count * one * odds / (1 - one + one * odds) for one, count in ranked]
        wanted = sum(shares)
        right = chosen = 0.0
        for at, (share, (_, count)) in enumerate(zip(shares, ranked, strict=True)):
            right += share
            chosen += count
            expected[at] += weight * 2 * right / (chosen + wanted)
    best = max(range(len(ranked)), key=expected.__getitem__)
    return ranked[best][0], expected[best]


def _sums(trees: list[Any]) -> list[Callable[[Row], float]]:
    """Functions of a row that together give the sum of `trees`."""
    told = [_expression(tree) for tree in trees]
    return [_compiled(told[at : at + _AT_ONCE]) for at in range(0, len(told), _AT_ONCE)]


def _expression(node: Any) -> ast.expr:
    """A tree as an expression over `row`; only numbers of the table get into it."""
    if not isinstance(node, list):
        return ast.Constant(float(node))
    feature, most, low, high = node
    place = ast.Subscript(ast.Name("row", ast.Load()), ast.Constant(int(feature)), ast.Load())
    return ast.IfExp(
        ast.Compare(place, [ast.LtE()], [ast.Constant(float(most))]),
        _expression(low),
        _expression(high),
    )


def _compiled(trees: list[ast.expr]) -> Callable[[Row], float]:
    """The sum of `trees`; compiled, they take a third of the time that walking them takes."""
    row = ast.arguments([], [ast.arg("row")], None, [], [], None, [])
    total = reduce(lambda left, right: ast.BinOp(left, ast.Add(), right), trees)
    whole = ast.fix_missing_locations(ast.Expression(ast.Lambda(row, total)))
    found: Callable[[Row], float] = eval(compile(whole, str(TABLE), "eval"))  # noqa: S307
    return found
