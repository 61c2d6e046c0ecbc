"""How likely blocks are a page's own text, and from which probability on they are taken."""

from __future__ import annotations

import math

import pytest

from servers.search.pages import markup
from servers.search.pages.block_features import features
from servers.search.pages.block_model import BlockModel, best_threshold, probability
from servers.search.pages.blocks import blocks_of
from servers.search.pages.page_facts import PageFacts

_STEPS = [step / 10 for step in range(-50, 51)]


def expected_f1(likely: list[float], words: list[int], least: float) -> float:
    """The mean word F1 over pages whose log-odds are all off by one normal number."""
    total = density = 0.0
    for off in _STEPS:
        turned = [probability(math.log(one / (1 - one)) + off) for one in likely]
        right = [one * count for one, count in zip(turned, words, strict=True)]
        taken = [one >= least for one in likely]
        found = sum(one for one, is_taken in zip(right, taken, strict=True) if is_taken)
        chosen = sum(count for count, is_taken in zip(words, taken, strict=True) if is_taken)
        weight = math.exp(-(off**2) / 2)
        total += weight * 2 * found / (chosen + sum(right))
        density += weight
    return total / density


@pytest.mark.parametrize(
    ("likely", "words"),
    [
        ([0.6, 0.5, 0.4, 0.3, 0.2], [50] * 5),
        ([0.9, 0.4, 0.35, 0.1], [100, 200, 300, 900]),
        ([0.3, 0.2, 0.1, 0.05], [10, 200, 300, 1000]),
        ([0.95, 0.35], [100, 100]),
    ],
)
def test_a_choice_is_the_best_for_pages_that_may_be_off_as_a_whole(likely, words) -> None:
    least, expected = best_threshold(likely, words)
    best = max(likely, key=lambda one: expected_f1(likely, words, one))
    assert least == best
    assert expected == pytest.approx(expected_f1(likely, words, best), abs=0.005)


def test_names_weigh_by_how_far_off_the_elements_are_that_bear_them() -> None:
    tree = markup.parsed(
        "<body><div class='userCard'><div><p class='card'>near</p></div></div><p>far</p></body>"
    )
    assert tree is not None
    weighed = _model([0.0], words={"0card": 1.0, "1card": 10.0, "2user": 100.0})
    plain = _model([0.0])
    told = features(blocks_of(tree), PageFacts(tree, ""))
    near, far = (
        more - less
        for more, less in zip(weighed.log_odds(*told), plain.log_odds(*told), strict=True)
    )
    both = _model([0.0], words={"0card": 11.0}).log_odds(*told)
    assert near == pytest.approx(both[0] - plain.log_odds(*told)[0])
    assert far == 0


@pytest.mark.parametrize(("first", "others", "same"), [(0.05, 3.0, 5.0), (-0.05, 3.0, -2.6)])
def test_no_other_tree_is_asked_where_the_first_ones_are_sure(first, others, same) -> None:
    assert _log_odds([first] * 40 + [others]) == pytest.approx(_log_odds([0.0] * 40 + [same]))


def test_forests_count_alike() -> None:
    assert _log_odds([1.0, 2.0], [5.0]) == pytest.approx(_log_odds([4.0]))


def _log_odds(*forests: list[float]) -> list[float]:
    return _model(*forests).log_odds([[0.0]], [frozenset[str]()])


def _model(*forests: list[float], words: dict[str, float] | None = None) -> BlockModel:
    return BlockModel({"forests": forests, "words": words or {}})
