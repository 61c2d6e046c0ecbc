"""Two names of files swapped in one step, where the system can."""

from __future__ import annotations

import ctypes
import errno
import os

_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2, and RENAME_SWAP of renamex_np."""
_HERE = -100
"""AT_FDCWD"""


def exchange(one: bytes, other: bytes) -> bool:
    """Swap the names; False where the system cannot.

    Raises:
        OSError: it could, and did not.
    """
    libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    if libc is not None and hasattr(libc, "renameat2"):
        failed = libc.renameat2(_HERE, one, _HERE, other, _EXCHANGE)
    elif libc is not None and hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(one, other, _EXCHANGE)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), os.fsdecode(other))
