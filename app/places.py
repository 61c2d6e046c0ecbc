"""Whether Lou's folders and config.json are usable; needs no running Lou."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from app import paths
from app.facts import Check
from app.settings_file import SettingsFile

_LEAST_FREE_BYTES = 50_000_000


def checks() -> Iterator[Check]:
    """The folders, and the space that is left."""
    for code, folder in (
        ("data_folder", paths.data_folder()),
        ("log_folder", paths.log_folder()),
        ("run_folder", paths.run_folder()),
    ):
        yield check(
            code,
            ok=_is_usable(folder),
            fine=f"{folder} is writable, and by nobody else.",
            wrong=f"{folder} is not writable, or others may write there.",
            fix=f"mkdir -p {folder} && chmod 700 {folder}",
        )
    free = shutil.disk_usage(_existing(paths.data_folder())).free
    yield check(
        "disk_space",
        ok=free > _LEAST_FREE_BYTES,
        fine=f"{free // 1_000_000:,} MB are free.",
        wrong=f"Only {free // 1_000_000} MB are free.",
        fix="Free some space: settings, logs and entries cannot be saved on a full disk.",
    )


def configuration(file: SettingsFile) -> Iterator[Check]:
    """Whether config.json, as it was last read, says what Lou understands, and where not."""
    trouble = file.trouble
    yield check(
        "config_readable",
        ok=trouble is None,
        fine=f"{file.path} can be read.",
        wrong=trouble.title if trouble else "",
        fix=trouble.hint if trouble else "",
    )
    if trouble is None:
        yield check(
            "config_understood",
            ok=not file.problems,
            fine="Everything in config.json was understood.",
            wrong=" ".join(file.problems),
            fix=f"Correct {file.path}; Lou reads it again by itself.",
        )


def is_gone(address: str) -> bool:
    """Whether somebody cleaned up where a server listens, or its folder."""
    return not Path(address).exists()


def check(code: str, *, ok: bool, fine: str, wrong: str, fix: str) -> Check:
    """The check with the sentence that fits."""
    return Check(code, True, fine) if ok else Check(code, False, wrong, fix)


def _is_usable(folder: Path) -> bool:
    """A folder that is not there yet is as usable as the one it will be made in."""
    found = _existing(folder)
    if not found.is_dir():
        return False
    if found == folder and sys.platform != "win32" and found.lstat().st_uid != os.getuid():
        return False
    is_open = sys.platform != "win32" and bool(stat.S_IMODE(found.stat().st_mode) & 0o022)
    return os.access(found, os.W_OK) and not (is_open and found == folder)


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
