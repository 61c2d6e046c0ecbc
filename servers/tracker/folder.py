"""The one folder that import and export may touch: outside of it there is nothing for them."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

from servers.host.service import ToolFailure


def inside(folder: Path | None, name: str) -> Path:
    """The file called `name` in `folder`, links resolved.

    Raises:
        ToolFailure: no folder is chosen, or the file would be outside of it.
    """
    if folder is None:
        raise ToolFailure(
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


def opened(path: Path) -> BinaryIO:
    """The file at `path`, for reading.

    Raises:
        ToolFailure: there is no such file, or it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as refused:
        raise _unusable(path, refused) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ToolFailure(f"{path.name} is no file.", kind="bad_argument")
    return os.fdopen(handle, "rb")


class Draftsheet:
    """A file that appears under its name only when it is complete."""

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        if path.exists() and not overwrite:
            raise ToolFailure(
                f"{path.name} exists already. Choose another name, or pass overwrite.",
                kind="exists",
            )
        self._path = path
        self._unfinished = path.with_name(f".lou-{secrets.token_hex(6)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            self._handle = os.fdopen(
                os.open(self._unfinished, flags, 0o600), "w", encoding="utf-8", newline=""
            )
        except OSError as refused:
            raise _unusable(path, refused) from None

    def write(self, text: str) -> None:
        """Add `text`."""
        self._handle.write(text)

    def finish(self) -> None:
        """Put the file in its place.

        Raises:
            OSError: the disk does not take it; nothing appears.
        """
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        self._unfinished.replace(self._path)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._handle.close()
        self._unfinished.unlink(missing_ok=True)


def _outside(folder: Path) -> ToolFailure:
    return ToolFailure(
        f"Only files in {folder} can be imported or exported. Give a file name in it.",
        kind="outside_folder",
    )


def _unusable(path: Path, refused: OSError) -> ToolFailure:
    return ToolFailure(f"{path.name} cannot be used: {refused.strerror}.", kind="file")
