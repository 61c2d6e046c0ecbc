"""The figures that are measured on a Windows under Wine, and the time that its set-up takes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.conftest import Figures
from tests.windows import machine

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


def test_set_up_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figures
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    began = time.monotonic()
    machine.prepared()
    figure(
        "Windows: set-up of the test bed from nothing", time.monotonic() - began, "s", at_most=180
    )


def test_figures_under_wine(figure: Figures) -> None:
    with machine.machine() as windows:
        done = windows.python(
            *("-m", "tests.windows.run_inside", "tests/windows/inside/figures.py"), timeout=3000
        )
    print(done.stdout)
    figure.rows += [
        f"Windows: {row}" for row in re.findall("(?m)^.* (?:met|NOT MET)$", done.stdout)
    ]
    assert done.returncode == 0, done.stdout[-6000:]
