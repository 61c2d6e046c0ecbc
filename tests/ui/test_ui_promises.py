"""The promises of the window, briefly; tests/bench/test_ui_bench.py measures them at length."""

from __future__ import annotations

import sys

import pytest

from tests.ui import measures
from tests.ui.rig import Rig


def test_a_flood_of_log_lines_neither_stalls_the_window_nor_loses_a_line(lou: Rig, figure) -> None:
    found = measures.flood(lou, 3)
    figure("ui: flood of log lines, per second", found.per_second, "lines/s")
    figure("ui: flood, longest stall", found.longest_stall_ms, "ms", at_most=100)
    figure("ui: flood, line to screen p95", found.p95_ms, "ms", at_most=300)
    figure(
        "ui: flood, lines lost in the file", found.sent - found.stored, "", at_most=0, enforce=True
    )


@pytest.mark.parametrize("count", [60])
def test_random_actions_raise_nothing_and_warn_of_nothing(lou: Rig, count: int) -> None:
    known = len(lou.problems)
    measures.act_at_random(lou, 40, seed=1)  # imports and pages hold None, too
    before = sys.getrefcount(None)
    measures.act_at_random(lou, count)
    fresh = [each for each in lou.problems[known:] if each.code == "internal"]
    assert fresh == []
    assert sys.getrefcount(None) > before - 1_000
    lou.close_dialogs()
    lou.run(lou.core.enable("search", True), 30)
    lou.run(lou.core.enable("tracker", True), 30)
    for name in ("search", "tracker"):
        for tool in lou.core.server(name).disabled_tools:
            lou.run(lou.core.enable(name, True, tool))
