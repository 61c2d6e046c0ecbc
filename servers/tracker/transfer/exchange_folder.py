"""Opens and makes files in the folder for import and export, and refuses all others."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

from servers.contract import exclusive_lock, file_sharing, harmless
from servers.host.tools.service import ToolError

_UNFINISHED = ".lou-"
_LONGEST_NAME = 200
_FORBIDDEN = '<>:"|?*\\'


def inside(folder: Path | None, name: str) -> Path:
    """The file `name` in `folder`, links resolved; raises ToolError for one outside of it."""
    if folder is None:
        raise ToolError(
            "No folder is chosen for import and export. The user chooses one in Lou: Settings, "
            "Tracker, exchange_folder.",
            kind="no_folder",
        )
    try:
        root = folder.resolve(strict=True)
        found = (root / name).resolve()
    except (OSError, ValueError, RuntimeError):
        raise _outside(folder) from None
    if not found.is_relative_to(root) or found == root:
        raise _outside(folder)
    return found


def new_inside(folder: Path | None, name: str) -> Path:
    """As `inside`, for a new file: its name has to be valid on every system.

    Elsewhere `CON.csv` is a device, and `x.csv:y.csv` is a hidden part of `x.csv`.

    Raises:
        ToolError: as `inside`, or the name is not possible everywhere.
    """
    found = inside(folder, name)
    assert folder is not None
    for part in found.relative_to(folder.resolve()).parts:
        if why := _unfit(part):
            raise ToolError(
                f"{part[:60]!r} cannot be the name of a file: {why}. Choose another name.",
                kind="bad_argument",
            )
    return found


def _unfit(part: str) -> str:
    """Why no file can have this name on some system; empty when it can."""
    if len(part.encode()) > _LONGEST_NAME:
        return f"it is longer than {_LONGEST_NAME} bytes"
    if any(letter in _FORBIDDEN or ord(letter) < 32 for letter in part):
        return f"none of {' '.join(_FORBIDDEN)} and no control character may be in it"
    if part.endswith((".", " ")):
        return "it ends with a dot or a space"
    if harmless.visible(part) != part:
        return "it has invisible characters, which can make it look like another name"
    if harmless.is_device(part):
        return "it is the name of a device on Windows"
    return ""


def opened(path: Path) -> BinaryIO:
    """The file at `path`, for reading; raises ToolError if it cannot be read."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as refused:
        raise _unusable(path, refused) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ToolError(f"{path.name} is no file.", kind="bad_argument")
    return os.fdopen(handle, "rb")


def sweep(folder: Path) -> None:
    """Remove unfinished exports in `folder` whose process has ended; they hold addresses."""
    for path in folder.glob(f"{_UNFINISHED}{'[0-9a-f]' * 12}"):
        with contextlib.suppress(OSError):
            with path.open("r+b") as handle:
                is_left = exclusive_lock.try_take(handle.fileno())
            if is_left:
                path.unlink()


class PartialExport:
    """A file that appears under its name only when it is complete."""

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        if os.path.lexists(path) and not overwrite:
            raise ToolError(
                f"{path.name} exists already. Choose another name, or pass overwrite.",
                kind="exists",
            )
        self._path = path
        self._overwrites = overwrite
        sweep(path.parent)
        self._unfinished = path.with_name(f"{_UNFINISHED}{secrets.token_hex(6)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            self._handle = os.fdopen(
                os.open(self._unfinished, flags, 0o600), "w", encoding="utf-8", newline=""
            )
        except OSError as refused:
            raise _unusable(path, refused) from None
        exclusive_lock.try_take(self._handle.fileno())

    def write(self, text: str) -> None:
        self._handle.write(text)

    def finish(self) -> None:
        """Put the file in its place.

        Raises:
            OSError: the disk does not take it, or a file of this name came meanwhile that is not
                to be overwritten; nothing appears.
        """
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        if not self._overwrites:
            self._path.touch(exist_ok=False)
        file_sharing.replace(str(self._unfinished), str(self._path))

    def drop(self) -> None:
        with contextlib.suppress(OSError):  # the rest may not fit on the disk
            self._handle.close()
        self._unfinished.unlink(missing_ok=True)


def _outside(folder: Path) -> ToolError:
    return ToolError(
        f"Only files in {folder} can be imported or exported. Give a file name in it.",
        kind="outside_folder",
    )


def _unusable(path: Path, refused: OSError) -> ToolError:
    return ToolError(f"{path.name} cannot be used: {refused.strerror}.", kind="file")
