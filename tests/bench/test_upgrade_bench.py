"""Ten upgrades under a running Lou, and a server killed before and after each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.running import lou
from tests.conftest import Figures
from tests.e2e.upgrades import install, is_back, kill, make_environment, make_wheel, start
from tests.patience import PATIENCE_S, wait_until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

_UPGRADES = 10


def test_ten_upgrades_while_running(tmp_path: Path, figure: Figures) -> None:
    python = make_environment(tmp_path / "env")
    assert install(python, make_wheel(tmp_path, "1.0")).wait() == 0
    back = told = 0
    with lou() as running:
        start(running, python)
        running.wait_for("tracker", "ready", timeout=PATIENCE_S)
        for number in range(1, _UPGRADES + 1):
            wheel = make_wheel(tmp_path, f"1.{number}")
            during = kill(running, "tracker")
            assert install(python, wheel).wait() == 0
            wait_until(lambda b=during: is_back(running, "tracker", b), PATIENCE_S)
            after = kill(running, "tracker")
            wait_until(lambda b=after: is_back(running, "tracker", b), PATIENCE_S)
            back += 1
            said = f"1.{number} is installed"
            wait_until(lambda s=said: s in str(running.json("status").get("notices")), PATIENCE_S)
            told += running.json("status")["app"]["version"] == "1.0"
    figure("upgrades while running: servers back", back, "of 10", at_least=10, enforce=True)
    figure("upgrades while running: update told", told, "of 10", at_least=10, enforce=True)
