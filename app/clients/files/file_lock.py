"""Keeps two Lous from writing the same client's file at once; foreign programs know no lock.

The lock is on the folder itself, so that nothing of Lou's lies there.
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
from servers.contract import ownership

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


_WAIT_S = 5.0
_BUSY = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


@contextlib.contextmanager
def locked(folder: Path, own: Path) -> Iterator[None]:
    """Keep every other Lou out of `folder`; `own` is Lou's folder, for where that is impossible.

    Raises:
        ChangedError: another Lou had it for too long.
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
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        return failure.errno not in _BUSY  # a file system without locks: the recheck must do
    return True
