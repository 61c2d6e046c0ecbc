"""The charts: round labels that never collide, and every value drawn, a lone one too."""

from __future__ import annotations

import time

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.theme import Theme
from app.ui.widgets.chart import Chart, time_ticks, value_ticks


@pytest.mark.parametrize(
    ("largest", "most", "words"),
    [
        (0, 3, ["0.0", "0.5", "1.0"]),
        (1, 3, ["0.0", "0.5", "1.0"]),
        (7, 5, ["0", "2", "4", "6", "8"]),
        (0.0031, 4, ["0.000", "0.002", "0.004"]),
        (1234, 4, ["0", "500", "1,000", "1,500"]),
        (100, 6, ["0", "20", "40", "60", "80", "100"]),
    ],
)
def test_values_have_round_labels(largest: float, most: int, words: list[str]) -> None:
    found = [text for _, text in value_ticks(largest, most)]
    assert found == words


@pytest.mark.parametrize("largest", [0, 1, 2, 3, 9, 17, 250])
def test_counts_have_whole_labels(largest: int) -> None:
    assert all("." not in words for _, words in value_ticks(largest, 6, whole=True))


@pytest.mark.parametrize("largest", [1e-9, 0.3, 1, 2.5, 99.9, 100, 1e6, 7e12])
@pytest.mark.parametrize("most", [2, 3, 5, 9])
def test_labels_cover_the_values_with_differing_texts(largest: float, most: int) -> None:
    ticks = value_ticks(largest, most)
    assert ticks[-1][0] >= largest * (1 - 1e-6)
    assert len({words for _, words in ticks}) == len(ticks) <= most + 1


@pytest.mark.parametrize("span", [60, 3600, 86_400, 30 * 86_400, 366 * 86_400])
@pytest.mark.parametrize("most", [1, 3, 6])
def test_times_are_full_and_no_more_than_fit(span: int, most: int) -> None:
    end = time.mktime((2026, 3, 30, 12, 0, 0, 0, 0, -1))
    found = time_ticks(end - span, end, most)
    assert len(found) <= most
    for at, words in found:
        assert end - span <= at <= end
        moment = time.localtime(at)
        assert moment.tm_sec == 0
        assert words in {time.strftime("%H:%M", moment), time.strftime("%d %b", moment)}


def green(chart: Chart) -> int:
    """How many pixels of the picture are green; nothing but its series is."""
    picture = chart.grab().toImage()
    points = ((x, y) for x in range(picture.width()) for y in range(picture.height()))
    found = (picture.pixelColor(x, y) for x, y in points)
    return sum(each.green() > max(each.red(), each.blue()) + 25 for each in found)


@pytest.mark.parametrize(
    ("bars", "values"),
    [
        (False, [1.0, 2.0, 3.0]),
        (False, [None, 2.0, None]),
        (True, [1.0, 0.0, 2.0]),
        (False, [0.0, 0.0, 0.0]),
        (False, [float("nan"), 5.0, float("inf")]),
    ],
)
def test_every_value_is_drawn(qapp: QApplication, bars: bool, values: list[float | None]) -> None:
    chart = Chart(Theme(qapp), "Calls", {"calls": "good"}, bars=bars)
    chart.resize(300, 180)
    assert green(chart) == 0
    chart.show_series([0.0, 60.0, 120.0], {"calls": values}, 60.0)
    assert green(chart) > 0
    chart.deleteLater()
