"""A workload as people make it: few questions often, many seldom, each written in its own way."""

from __future__ import annotations

import random
from itertools import accumulate

QUERIES = 2000
SEARCHES = 10_000
SEED = 20261122

_WORDS = (
    "best cheap mountain bike repair berlin weather pasta recipe python asyncio timeout history of "
    "jupiter moon tent review garden soil sqlite index train ticket or and not news laptop battery"
)


def workload(searches: int = SEARCHES, queries: int = QUERIES, s: float = 1.0) -> list[str]:
    """The searches, in order; equal ones differ in case and spacing."""
    dice = random.Random(SEED)
    words = _WORDS.split()
    texts = [f"{' '.join(dice.sample(words, dice.randint(2, 5)))} {n}" for n in range(queries)]
    weights = list(accumulate(1 / rank**s for rank in range(1, queries + 1)))
    drawn = dice.choices(texts, cum_weights=weights, k=searches)
    return [written(text, dice) for text in drawn]


def written(text: str, dice: random.Random) -> str:
    """The text as somebody typed it."""
    style = dice.choice((str.lower, str.upper, str.title, str.capitalize, str))
    gap = dice.choice((" ", "  ", "   ", "\t", " \u00a0"))
    return dice.choice(("", " ")) + gap.join(style(text).split()) + dice.choice(("", " ", "\n"))


def best_hits(workload: list[str]) -> int:
    """How many of the searches a perfect cache answers: all but the first of each."""
    return len(workload) - len({" ".join(text.split()).casefold() for text in workload})
