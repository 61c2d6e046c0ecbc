"""The package is replaced under a running Lou: it says so, and its servers come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.running import lou
from tests.e2e.upgrades import install, is_back, kill, make_environment, make_wheel, start
from tests.patience import PATIENCE_S, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_an_update_under_a_running_lou_is_told_and_stops_no_server(tmp_path: Path) -> None:
    python = make_environment(tmp_path / "env")
    assert install(python, make_wheel(tmp_path, "1.0")).wait() == 0
    with lou() as running:
        start(running, python)
        running.wait_for("tracker", "ready", timeout=PATIENCE_S)
        running.wait_for("search", "ready", timeout=PATIENCE_S)
        assert "notices" not in running.json("status")
        search = kill(running, "search")
        updating = install(python, make_wheel(tmp_path, "1.1"))
        wait_until(lambda: not list(tmp_path.glob("env/lib/*/*/lou-1.0.dist-info")), PATIENCE_S)
        tracker = kill(running, "tracker")
        assert updating.wait() == 0
        for server, before in (("search", search), ("tracker", tracker)):
            wait_until(lambda s=server, b=before: is_back(running, s, b), PATIENCE_S, server)
        wait_until(lambda: "notices" in running.json("status"), PATIENCE_S)
        status = running.json("status")
        assert status["app"]["version"] == "1.0"
        assert status["notices"][0]["message"] == "Restart Lou to finish the update."
        assert "1.1 is installed" in status["notices"][0]["hint"]
        checks = {each["code"]: each for each in running.json("doctor")["checks"]}
        assert not checks["update_finished"]["ok"]
        assert checks["running"]["sentence"] == "Lou 1.0 runs."
        running.stop()
        start(running, python)
        running.wait_for("tracker", "ready", timeout=PATIENCE_S)
        assert running.json("status")["app"]["version"] == "1.1"
        assert "notices" not in running.json("status")
