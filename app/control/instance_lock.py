"""One Lou for each home: a lock that dies with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from app.errors import AppError
from app.system import files, paths
from servers.contract import endpoint, ownership


class InstanceLock:
    """Held as long as this object lives; a killed process frees it at once."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def release(self) -> None:
        """Let another start have it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def claim() -> InstanceLock | None:
    """The lock, or None when another Lou of this home runs.

    Raises:
        AppError: the run folder cannot be used.
    """
    require_own_folders()
    folder = paths.run_folder()
    try:
        endpoint.make_private(str(folder))
        # Not inheritable, as every descriptor that Python opens: a child cannot keep the lock.
        handle = ownership.open_to_write(str(folder / "lou.lock"), os.O_RDWR | os.O_CREAT)
    except OSError as failure:
        raise files.not_ours(failure, folder) from failure
    if _lock(handle):
        _sign(handle)
        return InstanceLock(handle)
    os.close(handle)
    return None


def require_own_folders() -> None:
    """Make Lou's folders, and see that they are this user's alone.

    Raises:
        AppError: another user owns one, or could change what is in it.
    """
    files.make_private(paths.config_file().parent, others_may_look=True)
    for folder in (paths.data_folder(), paths.state_folder(), paths.log_folder()):
        files.make_private(folder)
    with contextlib.suppress(AppError):  # whoever uses it does without it then
        files.make_private(paths.cache_folder())


def holder() -> int | None:
    """The process that last took the lock, for messages only: the lock itself decides."""
    try:
        return int(Path(paths.run_folder(), "lou.lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _sign(handle: int) -> None:
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            os.lseek(handle, 1 << 20, os.SEEK_SET)  # beyond the text that others read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
