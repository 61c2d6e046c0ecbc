"""The promise about the tracker's key, over thousands of histories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Figures
from tests.keys.key_histories import lost_keys

pytestmark = [pytest.mark.bench, pytest.mark.anyio, pytest.mark.timeout(1800)]

HISTORIES = 2500


async def test_keys_lost_over_every_order_of_events(
    home: Path, monkeypatch: pytest.MonkeyPatch, figure: Figures
) -> None:
    figure("keys: histories of a keyring, its index and files", HISTORIES, "histories")
    lost = await lost_keys(home, range(HISTORIES), monkeypatch)
    figure("keys: sealing keys lost in them", lost, "keys", at_most=0, enforce=True)
