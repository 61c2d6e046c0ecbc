"""Twelve searches with what four providers answered, and how good each page is for the search.

rankings.json was written by hand after the way these providers rank and spell addresses; it holds
no answer of theirs. A page has a grade from 0 to 3 and every address by which a provider names it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from servers.search.websearch.results import SPECIALIST_WEIGHT, Result, merged

SEARCHES: list[dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
PROVIDERS = tuple(SEARCHES[0]["answers"])
_WEIGHTS = {"wikipedia": SPECIALIST_WEIGHT}


def ndcg(urls: Sequence[str], pages: Sequence[dict[str, Any]], most: int = 10) -> float:
    """How near the first `most` come to the best order, from 0 to 1; a page counts once."""
    grades = {
        url: (number, page["grade"]) for number, page in enumerate(pages) for url in page["urls"]
    }
    seen: dict[int, float] = {}
    for rank, url in enumerate(urls[:most]):
        number, grade = grades[url]
        seen.setdefault(number, _gain(grade, rank))
    best = sorted((page["grade"] for page in pages), reverse=True)[:most]
    return sum(seen.values()) / sum(_gain(grade, rank) for rank, grade in enumerate(best))


def mean_ndcg(names: Sequence[str], most: int = 10) -> float:
    """Of the merged answers of these providers, over all searches."""
    scores = [
        ndcg([hit.url for hit in _answer(one, names)], one["pages"], most) for one in SEARCHES
    ]
    return sum(scores) / len(scores)


def _answer(search: dict[str, Any], names: Sequence[str]) -> list[Result]:
    answers = [[Result(url, url) for url in search["answers"][name]] for name in names]
    return merged(answers, 10, [_WEIGHTS.get(name, 1.0) for name in names])


def _gain(grade: int, rank: int) -> float:
    return float(2**grade - 1) / math.log2(rank + 2)
