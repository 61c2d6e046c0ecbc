"""Reduces the memory of the tray process: Qt's import, glibc's heaps, and code that ran once.

Imports no Qt, because `load_qt` must run before anything else of Qt is imported.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

_M_ARENA_MAX = -8
_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ +(.*)")


def load_qt() -> None:
    """Import PySide6.QtCore without the hook that it puts into every later import.

    The hook looks for PySide6's `__feature__`, which Lou does not use, by reading the source of
    each imported module; the standard library caches those texts, 9 MB of them.
    """
    plain_import = builtins.__import__
    import_module("PySide6.QtCore")
    builtins.__import__ = plain_import


def load_asyncio() -> None:
    """Import asyncio without TLS, which this process never speaks; OpenSSL would take 1 MB.

    A later import of `ssl` by others gets it as always.
    """
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment] # asyncio goes without, then
        import_module("asyncio")
        del sys.modules["ssl"]


def share_one_heap() -> None:
    """Make all threads share one glibc heap; a heap for each thread would stay half empty."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # other C libraries lack mallopt
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back_code() -> None:
    """Release the pages of executable code that are in memory; most of it only the start needs.

    Code that runs again is read from the page cache of the system.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        with Path("/proc/self/smaps").open(encoding="utf-8", errors="replace") as smaps:
            for begin, end in _code(smaps):
                madvise(begin, end - begin, _MADV_DONTNEED)


def _code(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The address ranges of mapped executable files, except those that were modified in memory."""
    found = None
    for line in smaps:
        if mapping := _MAPPING.match(line):
            is_code = mapping[3] == "r-xp" and mapping[4].startswith("/")
            found = (int(mapping[1], 16), int(mapping[2], 16)) if is_code else None
        elif found and line.startswith("Private_Dirty:") and int(line.split()[1]) == 0:
            yield found
