"""How good the merged answer of several providers is, beside each of them alone."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.conftest import Figures
from tests.search.rankings import PROVIDERS, mean_ndcg

pytestmark = pytest.mark.bench


def test_the_order_of_merged_answers(figure: Figures) -> None:
    for size in range(1, len(PROVIDERS) + 1):
        for names in combinations(PROVIDERS, size):
            alone = [mean_ndcg([name]) for name in names]
            usual = sum(alone) / len(alone) if size > 1 else None
            figure(f"search: nDCG@10, {'+'.join(names)}", mean_ndcg(names), "", at_least=usual)
