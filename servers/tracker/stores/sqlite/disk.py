"""The disk under the SQLite file: the folder's lock, the file's identity, and error texts."""

from __future__ import annotations

import asyncio
import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import apsw

from servers.contract import exclusive_lock, ownership
from servers.tracker.stores.base import StoreError

_PATIENCE_S = 2.0
_EVERY_S = 0.05
_REMOTE = ("nfs", "cifs", "smb", "fuse.sshfs", "afs", "ceph", "glusterfs", "fuse.rclone")


class StoreGoneError(apsw.CantOpenError):
    """The file is not where it was. Nobody would read what is written to it now."""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS: tuple[tuple[type[apsw.Error] | tuple[type[apsw.Error], ...], str, str, str], ...] = (
    (
        apsw.IOError,
        "disk_failing",
        "The disk reported an error while the tracker used it. Nothing that was confirmed is lost.",
        "Check the disk. Lou tries again by itself.",
    ),
    (apsw.ConnectionClosedError, "closed", "The tracker is stopping.", "Try again in a moment."),
    (
        apsw.FullError,
        "disk_full",
        "The disk is full, so the tracker cannot write. Nothing that was confirmed is lost; "
        "searching still works.",
        "Free some space. Lou notices by itself.",
    ),
    (
        apsw.ReadOnlyError,
        "disk_read_only",
        "The tracker's folder cannot be written to. Searching still works.",
        "Make the folder writable again. Lou notices by itself.",
    ),
    (
        StoreGoneError,
        "file_gone",
        "The tracker's file was moved, replaced or deleted while it was in use. Nothing that was "
        "confirmed was written elsewhere.",
        "Put tracker.db back where it was, or restart the tracker to go on with what is there now.",
    ),
    (
        apsw.CantOpenError,
        "disk_refused",
        "The tracker's file cannot be opened.",
        "Check that the disk is there and the folder belongs to you. Lou tries again by itself.",
    ),
    (
        (apsw.CorruptError, apsw.NotADBError),
        "damaged",
        "The tracker's file is damaged.",
        "Lou puts it aside and goes back to the newest good backup.",
    ),
    (
        apsw.BusyError,
        "busy",
        "Another program holds the tracker's file.",
        "Close the program that has tracker.db open, then try again.",
    ),
)


SHAPING = StoreError(
    "shaping",
    "The tracker brings its file into the shape of this Lou, and backs it up before. Nothing is "
    "lost.",
    "A million entries, or a slow disk, take half a minute. Try again then.",
)


HELD = StoreError(
    "damaged_and_held",
    "The tracker's file is damaged, and another program has it open, so Lou cannot put it aside.",
    "Close the program that has tracker.db open. Lou tries again by itself.",
)


def store_error(error: apsw.Error | OSError) -> StoreError | None:
    """`error` as a StoreError; None when it is not about the disk."""
    if isinstance(error, ownership.ForeignError):
        return _foreign(error)
    if isinstance(error, OSError):
        error = apsw.FullError() if error.errno in FULL else apsw.CantOpenError()
    for kind, code, message, hint in _WORDS:
        if isinstance(error, kind):
            return StoreError(code, message, hint)
    return None


def _foreign(error: ownership.ForeignError) -> StoreError:
    return StoreError("disk_refused", f"{error.what}.", error.remedy)


def identity(file: Path) -> tuple[int, int] | None:
    """The device and inode of `file`; None when it does not exist."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def require(file: Path, known: tuple[int, int] | None) -> None:
    """Make sure that `file` is still the one it was; raises StoreGoneError if it is not."""
    if identity(file) != known:
        raise StoreGoneError("another file, or none, is in its place")


def restored(aside: Path, backup: Path | None) -> StoreError:
    """The message when `backup` took the place of a damaged file that is kept as `aside`."""
    if backup is None:
        return StoreError(
            "restored_empty",
            "The tracker's file was damaged and there was no good backup, so it starts empty.",
            f"The damaged file is kept as {aside}.",
        )
    taken = datetime.fromtimestamp(backup.stat().st_mtime, UTC)
    hours = (datetime.now(UTC) - taken).total_seconds() / 3600
    return StoreError(
        "restored",
        "The tracker's file was damaged. The backup of "
        f"{taken:%Y-%m-%d %H:%M} UTC took its place: changes of the last {hours:.1f} hours "
        "are missing.",
        f"The damaged file is kept as {aside}.",
    )


def remote_kind(folder: Path, mounts: str) -> str:
    """The kind of network drive that `folder` is on, by the text of /proc/mounts; empty if none."""
    found = ("", "")
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split()
        if folder.is_relative_to(place.replace("\\040", " ")) and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1] if found[1].startswith(_REMOTE) else ""


def refuse_remote(folder: Path) -> None:
    """Raise StoreError for a network drive, which several machines could take for their own."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace")
    except OSError:
        return
    kind = remote_kind(folder.resolve(), mounts)
    if kind:
        raise StoreError(
            "network_drive",
            f"The tracker's folder is on a network drive ({kind}), where SQLite is not safe.",
            "Move Lou's data to a disk of this machine. A team shares entries through Firestore.",
        )


async def take(folder: Path) -> BinaryIO:
    """The locked file of `folder`, whose end is that of the lock; waits two seconds for another.

    Raises:
        StoreError: another process keeps it, or it is on a network drive.
    """
    await asyncio.to_thread(refuse_remote, folder)
    handle = await asyncio.to_thread(_opened, folder / "tracker.lock")
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while not exclusive_lock.try_take(handle.fileno()):
        if asyncio.get_running_loop().time() > deadline:
            handle.close()
            raise StoreError(
                "in_use",
                "Another process uses this tracker already.",
                "Stop the other `lou-server tracker`, or give this one a LOU_HOME of its own.",
            )
        await asyncio.sleep(_EVERY_S)
    return handle


def _opened(path: Path) -> BinaryIO:
    try:
        return os.fdopen(ownership.open_to_write(str(path), os.O_RDWR | os.O_CREAT), "r+b")
    except ownership.ForeignError as foreign:
        raise _foreign(foreign) from None
    except OSError as refused:
        raise StoreError(
            "disk_refused",
            f"The tracker's folder cannot be used: {refused.strerror}.",
            f"Check that {path.parent} exists and belongs to you.",
        ) from None
