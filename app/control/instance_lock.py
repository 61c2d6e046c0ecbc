"""The lock that lets one Lou run for each home. The system releases it when the process ends."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from app.errors import AppError
from app.system import files, paths
from servers.contract import endpoint, exclusive_lock, ownership

_BEYOND_TEXT = 1 << 20
"""The byte that is locked on Windows: others read the text of the file meanwhile."""


class InstanceLock:
    """The lock, held until `release` or the end of the process."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def claim() -> InstanceLock | None:
    """Take the lock; None when another Lou of this home runs. Raises AppError without a folder."""
    require_own_folders()
    folder = paths.run_folder()
    try:
        endpoint.make_private(str(folder))
        # Not inheritable, so a child cannot keep the lock.
        handle = ownership.open_to_write(str(folder / "lou.lock"), os.O_RDWR | os.O_CREAT)
    except OSError as failure:
        raise files.not_ours(failure, folder) from failure
    if exclusive_lock.try_take(handle, at=_BEYOND_TEXT):
        _sign(handle)
        return InstanceLock(handle)
    os.close(handle)
    return None


def require_own_folders() -> None:
    """Make the folders of Lou; raises AppError if another user owns or could change one."""
    files.make_private(paths.config_file().parent, others_may_look=True)
    for folder in (paths.data_folder(), paths.state_folder(), paths.log_folder()):
        files.make_private(folder)
    with contextlib.suppress(AppError):  # the cache is optional
        files.make_private(paths.cache_folder())


def holder() -> int | None:
    """The pid of the process that last took the lock, for messages only."""
    try:
        return int(Path(paths.run_folder(), "lou.lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _sign(handle: int) -> None:
    with contextlib.suppress(OSError):  # a full disk; the lock holds without
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
