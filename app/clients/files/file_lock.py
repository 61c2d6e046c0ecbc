"""A lock that keeps two processes of Lou from writing the same client file at once.

The lock is on the folder itself, so no lock file is left there. Other programs ignore it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from app.system.safe_write import ChangedError
from servers.contract import exclusive_lock, ownership

_WAIT_S = 5.0
_BUSY = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


@contextlib.contextmanager
def locked(folder: Path, own: Path) -> Iterator[None]:
    """Lock `folder` against other processes of Lou; on Windows a file in `own` is locked instead.

    Raises:
        ChangedError: another process held the lock for too long.
    """
    handle = _own_file(own) if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + _WAIT_S
        while not _try(handle):
            if time.monotonic() > until:
                raise ChangedError(errno.EBUSY, "another Lou is writing this file", str(folder))
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def _own_file(own: Path) -> int:
    ownership.make_private(str(own))
    return ownership.open_to_write(str(own / "lock"), os.O_RDWR | os.O_CREAT)


def _try(handle: int) -> bool:
    try:
        exclusive_lock.take(handle)
    except OSError as failure:
        return failure.errno not in _BUSY  # no locks here: the check before the swap must do
    return True
