"""A lock of one process on an open file or folder; the system releases it when that is closed.

In: a descriptor. Out: whether the lock is this process's now. Only those who ask are kept out; on
Windows the lock is on one byte of a file, which nobody else can read meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def take(descriptor: int, *, at: int = 0) -> None:
    """Lock it, on Windows its byte `at`; raises OSError if that is taken, or cannot be locked."""
    if sys.platform == "win32":
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, at, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, place, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_take(descriptor: int, *, at: int = 0) -> bool:
    """As `take`; whether this process has the lock now."""
    with contextlib.suppress(OSError):
        take(descriptor, at=at)
        return True
    return False
