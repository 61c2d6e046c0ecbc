"""Writes files of Lou: atomic, private, and durable.

In: a path and bytes. A temporary file that a killed process left is deleted at the next start,
because it may contain a secret.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from app.errors import SettingsError
from servers.contract import file_sharing, ownership

PRIVATE = 0o600
PREFIX = ".lou-"
"""What the names of temporary files begin with."""
_OLD_AFTER_S = 60.0
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ELSEWHERE = "Start Lou with LOU_HOME set to a folder that you may write to."
_REMEDIES = {
    **dict.fromkeys(DISK_FULL, "Free some space, then start Lou again."),
    errno.EROFS: f"Nothing can be changed there. {ELSEWHERE}",
    errno.EACCES: "Make the folder above it writable for you.",
}


def write_atomic(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replace a file's content, behind a link too; raises SettingsError, and it is unchanged."""
    with _saving(path):
        real = Path(ownership.resolved(str(path)))
        ownership.make_folders(str(real.parent))
        with _replacing(real, mode) as file:
            file.write(content)
        sync_folder(real.parent)


def write_new(path: Path, content: bytes) -> None:
    """Create the private file at `path` with `content`; never replaces a file or follows a link.

    Raises:
        FileExistsError: the name is in use.
        OSError: it could not be written; no file is left.
    """
    with _created(path, PRIVATE) as file:
        file.write(content)
    sync_folder(path.parent)


@contextlib.contextmanager
def export(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, which a person chose, to be written: whole at the end, or as it was.

    Raises:
        SettingsError: it cannot be written, or belongs to another user, who would get a copy.
    """
    with _saving(path):
        real = Path(ownership.resolved(str(path)))
        if real.exists():
            os.close(ownership.open_to_write(str(real), os.O_WRONLY))
        with _replacing(real, PRIVATE) as file:
            yield file


def delete(path: Path) -> None:
    """Delete the file at `path`, if there is one; raises SettingsError when that fails."""
    with _saving(path):
        path.unlink(missing_ok=True)


def tail(path: Path, most: int) -> str:
    """The last `most` bytes of a file of text; raises OSError when it cannot be read."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most))
        return file.read(most).decode("utf-8", "replace")


def make_private(folder: Path, *, others_may_look: bool = False) -> None:
    """Create a folder for this user alone; an existing one loses the rights of others.

    Raises:
        SettingsError: another user owns it, or could change what is in it.
    """
    try:
        ownership.make_private(str(folder), others_may_look=others_may_look)
    except OSError as failure:
        raise not_ours(failure, folder) from failure


def not_ours(failure: OSError, path: Path) -> SettingsError:
    """The error for a file or a folder that Lou must not use."""
    if isinstance(failure, ownership.ForeignError):
        return SettingsError(f"{failure.what}.", failure.remedy, code="foreign")
    yours = "Move away what is there, or make it yours." if os.path.lexists(path) else ELSEWHERE
    return SettingsError(
        f"{path} cannot be used: {failure.strerror or failure}.",
        _REMEDIES.get(failure.errno or 0, yours),
        code="unusable",
    )


def not_written(path: Path, failure: OSError) -> SettingsError:
    if isinstance(failure, ownership.ForeignError):
        return not_ours(failure, path)
    if failure.errno in DISK_FULL:
        return SettingsError(
            f"The disk is full: {path.name} was not saved.",
            "Free some space and try again; the file is as it was before.",
            code="disk_full",
        )
    return SettingsError(
        f"{path.name} could not be saved: {failure.strerror or failure}.",
        f"Check that you may write to {path.parent}.",
        code="not_writable",
    )


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable."""
    if sys.platform == "win32":  # a folder cannot be opened there; NTFS journals the rename
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(path: Path, why: str) -> Path:
    """Rename the file at `path`, so that a new one can take its place; returns the new path."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    real = path.resolve()
    aside = real.with_name(f"{real.name}.{why}-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = real.with_name(f"{real.name}.{why}-{stamp}-{number}")
    with _saving(aside):
        file_sharing.attempt(lambda: real.rename(aside))
    return aside


def sweep(folder: Path) -> None:
    """Delete the temporary files that killed processes left in `folder`."""
    limit = time.time() - _OLD_AFTER_S
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < limit:
                    left.unlink()


@contextlib.contextmanager
def _saving(path: Path) -> Iterator[None]:
    """Turn an OSError into the error that says why the file at `path` was not saved."""
    try:
        yield
    except OSError as failure:
        raise not_written(path, failure) from failure


@contextlib.contextmanager
def _created(path: Path, mode: int, *, becomes: Path | None = None) -> Iterator[BinaryIO]:
    """A new file, durable and called `becomes` at the end; deleted again if anything fails."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if becomes is not None:
            file_sharing.replace(str(path), str(becomes))
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _replacing(real: Path, mode: int) -> AbstractContextManager[BinaryIO]:
    """A temporary file beside the one at `real`, whose place it takes at the end."""
    name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}-{real.name[-60:]}"
    return _created(real.with_name(name), mode, becomes=real)
