"""Tests that run on Windows; elsewhere `tests/windows/test_windows.py` runs them under Wine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.windows.inside.running import Lou

if sys.platform != "win32":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name has a space, an apostrophe and letters beyond ASCII."""
    made = tmp_path / "Zoë O'Neil"
    made.mkdir()
    return made


@pytest.fixture
def lou_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LOU_HOME of its own, longer than a Unix socket's path could be."""
    home = folder / ("a home of Lou " * 5).strip()
    monkeypatch.setenv("LOU_HOME", str(home))
    return home


@pytest.fixture
def lou(folder: Path) -> Iterator[Lou]:
    """A Lou with a home of its own; it must end, since it keeps the streams of this run open."""
    from tests.windows.inside.running import Lou

    made = Lou(folder / "home of Lou")
    yield made
    made.stop()
