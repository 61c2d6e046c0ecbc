"""Checks of the folders of Lou and of config.json."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from app.config.config_file import ConfigFile
from app.system import files, paths
from app.views import Check
from servers.contract import ownership

_LEAST_FREE_BYTES = 50_000_000


def checks() -> Iterator[Check]:
    """Check the folders, the files in them that Lou trusts, and the free space."""
    for code, folder in (
        ("config_folder", paths.config_file().parent),
        ("data_folder", paths.data_folder()),
        ("state_folder", paths.state_folder()),
        ("log_folder", paths.log_folder()),
        ("run_folder", paths.run_folder()),
    ):
        yield _owned(code, f"{folder} is writable, and by nobody else.", _trouble(folder))
    foreign = next(filter(None, map(ownership.trouble_with, map(str, _trusted_files()))), None)
    yield _owned("private_files", "Nobody else can write to the files that Lou trusts.", foreign)
    free = shutil.disk_usage(_existing(paths.data_folder())).free
    yield check(
        "disk_space",
        ok=free > _LEAST_FREE_BYTES,
        fine=f"{free // 1_000_000:,} MB are free.",
        wrong=f"Only {free // 1_000_000} MB are free.",
        fix="Free some space: settings, logs and entries cannot be saved on a full disk.",
    )


def configuration(file: ConfigFile) -> Iterator[Check]:
    """Check whether Lou understands config.json, as it was last read."""
    if trouble := file.trouble:
        yield Check("config_readable", False, trouble.title, trouble.hint)
        return
    yield Check("config_readable", True, f"{file.path} can be read.")
    yield check(
        "config_understood",
        ok=not file.problems,
        fine="Everything in config.json was understood.",
        wrong=" ".join(file.problems),
        fix=f"Correct {file.path}; Lou reads it again by itself.",
    )


def check(code: str, *, ok: bool, fine: str, wrong: str, fix: str) -> Check:
    return Check(code, True, fine) if ok else Check(code, False, wrong, fix)


def _owned(code: str, fine: str, trouble: ownership.ForeignError | None) -> Check:
    if trouble is None:
        return Check(code, True, fine)
    return Check(code, False, f"{trouble.what}.", trouble.remedy)


def _trouble(folder: Path) -> ownership.ForeignError | None:
    """Why a folder cannot be used; one that does not exist counts as its parent does."""
    found = _existing(folder)
    if not found.is_dir() or not os.access(found, os.W_OK):
        remedy = f"Make the folder {folder}, and make it yours."
        if os.name == "posix":
            remedy = _command(found, folder)
        return ownership.ForeignError(f"{folder} is not writable", remedy)
    return ownership.trouble_with(str(folder))


def _command(found: Path, folder: Path) -> str:
    """What makes `folder` usable, of which `found` exists."""
    if not found.is_dir():
        return f"Move {found} away, which is no folder."
    if sys.platform != "win32" and os.statvfs(found).f_flag & os.ST_RDONLY:
        return files.ELSEWHERE
    wanted, above = shlex.quote(str(folder)), shlex.quote(str(found))
    opened = "" if found == folder else f"chmod u+wx {above} && "
    return f"{opened}mkdir -p {wanted} && chmod 700 {wanted}"


def _trusted_files() -> Iterator[Path]:
    yield paths.config_file()
    for folder, pattern in (
        (paths.data_folder(), "*"),
        (paths.data_folder("backups"), "*"),
        (paths.data_folder("clients"), "**/*"),
        (paths.state_folder(), "**/*"),
        (paths.log_folder(), "*.log"),
        (paths.run_folder(), "*"),
    ):
        with contextlib.suppress(OSError):
            yield from folder.glob(pattern)


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
