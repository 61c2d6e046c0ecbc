"""Opens and renames files that other programs use at the same moment.

In: paths. Out: descriptors, and renamed files. Only Windows differs: there a file that a program
has open cannot be renamed or replaced, unless that program shares it for deletion, which most do
not. So Lou shares what it reads, and tries a rename again until the other program is done.
"""

import os
import sys
import time

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

_PATIENCE_S = 10.0
"""How long a rename is tried; a virus scanner or a backup holds a file for a second or two."""
_READ_PATIENCE_S = 1.0
_PAUSE_STEP_S, _LONGEST_PAUSE_S = 0.0001, 0.01
_ACCESS_DENIED, _SHARING_VIOLATION, _LOCK_VIOLATION = 5, 32, 33
_USER_MAPPED, _UNABLE_TO_REMOVE = 1224, 1175
_HELD = {*(_ACCESS_DENIED, _SHARING_VIOLATION, _LOCK_VIOLATION), *(_USER_MAPPED, _UNABLE_TO_REMOVE)}
_TO_READ = (0x80000000, 7, 0, 3, 0x80, 0)
"""GENERIC_READ, all of FILE_SHARE_*, no security, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL."""


def is_held(failure: OSError) -> bool:
    """Whether a rename failed because another program has the file open."""
    return getattr(failure, "winerror", None) in _HELD


def replace(source: str, target: str, *, patience_s: float = _PATIENCE_S) -> None:
    """Rename `source` to `target`, replacing it.

    Raises:
        OSError: it failed; on Windows after `patience_s` seconds if another program has one open.
    """
    attempt(lambda: os.replace(source, target), patience_s)


def attempt(work: "Callable[[], T]", patience_s: float = _PATIENCE_S) -> "T":
    """The result of `work`, tried again while another program has its file open; raises OSError."""
    until = time.monotonic() + patience_s
    pause = 0.0
    while True:
        try:
            return work()
        except OSError as failure:
            if not is_held(failure) or time.monotonic() > until:
                raise
        time.sleep(pause)  # at first only other threads get a turn: most hold a file for a moment
        pause = min(pause + _PAUSE_STEP_S, _LONGEST_PAUSE_S)


def open_to_read(path: str, flags: int) -> int:
    """A descriptor to read a file, with `flags` of os.open; others may replace it meanwhile."""
    if sys.platform == "win32":
        return _open_shared(path)
    return os.open(path, os.O_RDONLY | flags)


if sys.platform == "win32":
    import _winapi
    import msvcrt

    def _open_shared(path: str) -> int:
        try:
            handle = _opened(path)
        except OSError as failure:
            if not is_held(failure) or os.path.isdir(path):  # a folder: access denied
                raise
            handle = attempt(lambda: _opened(path), _READ_PATIENCE_S)
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

    def _opened(path: str) -> int:
        try:
            return _winapi.CreateFile(path, *_TO_READ)
        except OSError as failure:
            failure.filename = path
            raise
