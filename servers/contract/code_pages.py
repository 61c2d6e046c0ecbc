"""Releases code that ran once, as that of imports, from the memory of this process. Linux."""

from __future__ import annotations

import contextlib
import ctypes
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ +(.*)")


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
