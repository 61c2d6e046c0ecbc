"""From which probability on the blocks of a page are taken."""

from __future__ import annotations

import math

import pytest

from servers.search.pages.block_model import best_threshold, probability

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
