"""A disk that is full or sick, at any system call: the file stays whole and the words are clear."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import AppError
from app.system.safe_write import Disk
from tests.clients.changes import CLIENT, SCENES, WISH, Scene, connect
from tests.clients.conftest import User
from tests.clients.faults import CountedDisk, FailingDisk, leftovers


def _user(folder: Path) -> User:
    (folder / "home").mkdir(parents=True)
    return User(folder / "home", folder / "lou")


def check_every_call(make: Callable[[User], Scene], folder: Path, code: int) -> int:
    """Fail at each call in turn, and from there on; returns how many there were."""
    counted = CountedDisk()
    make(_user(folder / "counted")).make(counted)
    for number in range(1, counted.count + 1):
        user = _user(folder / f"{number}")
        scene = make(user)
        disk = FailingDisk(number, code, lasting=True)
        failure = attempt(scene.make, disk)
        if failure is None:
            assert scene.now() == scene.new, disk.failed_at
        else:
            assert failure.title
            assert failure.hint
            assert scene.now() in {scene.old, scene.new}, disk.failed_at
            if code == errno.ENOSPC and disk.failed_at in {"create", "write", "sync"}:
                assert failure.code == "disk_full"
        recovered = user.client_files(WISH)
        recovered.connect(CLIENT)
        recovered.disconnect(CLIENT)
        assert scene.now() in {scene.old, scene.new}
        if disk.failed_at != "unlink":
            assert leftovers(user.home, user.lou) == []
    return counted.count


def attempt(change: Callable[[Disk], None], disk: Disk) -> AppError | None:
    try:
        change(disk)
    except AppError as failure:
        return failure
    return None


@pytest.mark.parametrize("make", SCENES, ids=lambda make: make.__name__)
def test_a_full_disk_at_any_call_leaves_the_old_file_or_the_new(
    make: Callable[[User], Scene], quick_folder: Path
) -> None:
    assert check_every_call(make, quick_folder, errno.ENOSPC) > 10


def test_a_sick_disk_at_any_call_leaves_the_old_file_or_the_new(quick_folder: Path) -> None:
    assert check_every_call(connect, quick_folder, errno.EIO) > 10


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with no byte left."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("may not mount here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take every byte that is left."""
    stuffing = folder / "stuffing"
    with stuffing.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return stuffing


@pytest.mark.parametrize("make", SCENES, ids=lambda make: make.__name__)
def test_a_full_file_system_does_no_harm_and_lou_recovers(
    make: Callable[[User], Scene], full_disk: Path
) -> None:
    user = _user(full_disk)
    scene = make(user)
    stuffing = fill(full_disk)
    failure = attempt(scene.make, Disk())
    assert failure is None or failure.code == "disk_full"
    assert scene.now() == (scene.old if failure else scene.new)
    stuffing.unlink()
    scene.make(Disk())
    assert scene.now() in {scene.new, scene.old}
    client_files = user.client_files(WISH)
    client_files.connect(CLIENT)
    client_files.disconnect(CLIENT)
    assert leftovers(full_disk) == []
