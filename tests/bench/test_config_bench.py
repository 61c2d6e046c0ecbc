"""What the user wrote into config.json stays, whatever was wrong with it or is switched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.hand_edits import SWITCHES, edits, lost
from tests.conftest import Figures

_EDITS = 1_260

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def test_hand_edits_and_every_switch(home: Path, figure: Figures) -> None:
    gone: list[str] = []
    count = 0
    for number, (name, content) in enumerate(edits(_EDITS, seed=20261129)):
        count += 1
        gone += lost(
            home, name, content, at_start=bool(number // 7 % 2), read_only=number // 14 % 10 == 9
        )
    figure("config: hand edits", count, "", at_least=1_000, enforce=True)
    figure("config: switches after each", len(SWITCHES), "", at_least=10, enforce=True)
    figure("config: of the user's lost over hand edits", len(gone), "", at_most=0)
    assert gone == []
