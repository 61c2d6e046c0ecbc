"""Killed at any step, the file is the old one or the new one, and the next start tidies up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.system.safe_write import Disk
from tests.clients.changes import CLIENT, SCENES, WISH, Scene
from tests.clients.conftest import User
from tests.clients.faults import CountedDisk, KillingDisk, killed, leftovers


def steps(make: Callable[[User], Scene], folder: Path) -> int:
    """How many system calls the change makes."""
    scene = make(_user(folder))
    disk = CountedDisk()
    scene.make(disk)
    return disk.count


def _user(folder: Path) -> User:
    (folder / "home").mkdir(parents=True)
    return User(folder / "home", folder / "lou")


def check_one_kill(make: Callable[[User], Scene], folder: Path, number: int, when: str) -> None:
    """Kill at one step; then look at everything."""
    user = _user(folder)
    scene = make(user)
    assert killed(lambda: scene.make(KillingDisk(number, when)))
    assert scene.now() in {scene.old, scene.new}
    client_files = user.client_files(WISH)
    client_files.sweep()
    assert leftovers(user.home, user.lou) == []
    (seen,) = client_files.inspect(CLIENT)
    assert seen.finding.state.value == (
        "connected" if scene.now() in _with_lou(scene) else "absent"
    )
    client_files.connect(CLIENT)
    client_files.disconnect(CLIENT)
    assert scene.now() in {scene.old, scene.new} - _with_lou(scene)


def _with_lou(scene: Scene) -> set[bytes | None]:
    return {each for each in (scene.old, scene.new) if each and b"lou-search" in each}


@pytest.mark.parametrize("make", SCENES, ids=lambda make: make.__name__)
def test_a_kill_at_any_step_leaves_the_old_file_or_the_new(
    make: Callable[[User], Scene], quick_folder: Path
) -> None:
    count = steps(make, quick_folder / "counted")
    assert count > 10
    for number in range(1, count + 1):
        for when in ("before", "after"):
            check_one_kill(make, quick_folder / f"{number}-{when}", number, when)


def test_without_a_kill_the_change_is_made(quick_folder: Path) -> None:
    for make in SCENES:
        scene = make(_user(quick_folder / make.__name__))
        assert not killed(lambda scene=scene: scene.make(Disk()))
        assert scene.now() == scene.new
        assert scene.old != scene.new
