"""Tells when files change, without looking at them again and again: inotify, on Linux only.

In: paths of files. Out: a call for each time that one of them is written, made, moved, or deleted.
A file system of the network tells only of changes that this computer made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
from collections.abc import Callable, Iterable
from ctypes import CDLL
from pathlib import Path

_ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x4, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_CHANGES = (
    _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
)
_EVENT = struct.Struct("iIII")
_CHUNK = 1 << 16


class FolderWatch:
    """Watches the folders of files. Where that is not possible, `watch` says so, and no more."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._names: set[bytes] = set()
        self._folders: dict[str, int] = {}
        self._fd = -1
        self._libc: CDLL

    def watch(self, files: Iterable[Path]) -> bool:
        """Watch these files from now on, and no others; returns whether all can be watched.

        A folder that was made anew is watched after the next call.
        """
        if sys.platform != "linux":
            return False
        places = {place for file in files for place in (file, Path(os.path.realpath(file)))}
        self._names = {os.fsencode(place.name) for place in places}
        wanted = {str(place.parent) for place in places}
        if self._fd < 0 and not self._open():
            return False
        for folder in self._folders.keys() - wanted:
            self._libc.inotify_rm_watch(self._fd, self._folders.pop(folder))
        for folder in wanted:
            self._folders[folder] = self._libc.inotify_add_watch(
                self._fd, os.fsencode(folder), _CHANGES
            )
        return all(number >= 0 for number in self._folders.values())

    def close(self) -> None:
        """Watch nothing any more."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
            self._folders.clear()

    def _open(self) -> bool:
        if sys.platform == "linux":
            self._libc = CDLL(None)
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._fd >= 0:
                asyncio.get_running_loop().add_reader(self._fd, self._read)
        return self._fd >= 0

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if any(not name or name in self._names for name in _names(os.read(self._fd, _CHUNK))):
                self._changed()


def _names(events: bytes) -> Iterable[bytes]:
    """The name in each event; empty for the folder itself, or when events were lost."""
    place = 0
    while place < len(events):
        *_, length = _EVENT.unpack_from(events, place)
        place += _EVENT.size + length
        yield events[place - length : place].rstrip(b"\0")
