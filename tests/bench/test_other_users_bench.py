"""Another user of the machine: every plant by itself, every umask, homes of every length."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import strangers
from tests.app.test_other_users import (
    FILES,
    FOLDERS,
    OTHER_FILES,
    OVERWRITTEN,
    breaches,
    reached_after_a_run,
    theirs,
)
from tests.conftest import Figures

__all__ = ("theirs",)
pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800), strangers.needs_another_user]


def test_what_another_user_gains(figure: Figures, theirs: Path) -> None:
    gained: list[str] = []
    plants = {**FILES, **OTHER_FILES, **OVERWRITTEN, **FOLDERS}
    for name, code in plants.items():
        for left in theirs.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        gained += [f"{name}: {each}" for each in breaches(theirs, code)[0]]
    figure(f"another user: reads, writes, commands, keys after {len(plants)} plants",
           len(gained), at_most=0)  # fmt: skip
    assert not gained


def test_what_another_user_reaches(figure: Figures) -> None:
    runs = [(0o000, length) for length in (1, 40, 58, 64, 75, 90, 120, 180)]
    runs += [(umask, length) for umask in (0o022, 0o077) for length in (1, 180)]
    reached = [each for umask, length in runs for each in reached_after_a_run(umask, length)]
    figure(f"another user: files reached after {len(runs)} runs, umask 000 to 077", len(reached),
           at_most=0)  # fmt: skip
    assert not reached
