"""Measures memory and processor time of the process tree of a server."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

import psutil

_SAME_TREE = 30.0
"""Seconds between two searches for descendants, which may read every process of the machine."""
_CHILDREN = Path("/proc/thread-self/children")
"""Missing where a kernel does not list the children of each thread."""


class ResourceMeter:
    """Measures one process tree repeatedly, without the guard at its root."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._tree: list[psutil.Process] = []
        self._listed_at = float("-inf")
        self._measured_at = 0.0
        self._seconds: dict[int, float] = {}

    def measure(self) -> tuple[int, float]:
        """Resident bytes now, and per cent of one core since the last measurement."""
        now = time.monotonic()
        if now - self._listed_at > _SAME_TREE:
            self._listed_at, self._tree = now, _tree(self._root)
        resident, used, seconds = 0, 0.0, {}
        for process in self._tree:
            try:
                with process.oneshot():
                    resident += process.memory_info().rss
                    times = process.cpu_times()
            except psutil.Error:
                continue
            total = times.user + times.system
            seconds[process.pid] = total
            used += total - self._seconds.get(process.pid, total)
        passed, self._measured_at, self._seconds = now - self._measured_at, now, seconds
        return resident, 100 * used / passed if passed > 0 else 0.0


def _tree(root: int) -> list[psutil.Process]:
    try:
        if _CHILDREN.exists():
            return [psutil.Process(pid) for pid in _descendants(root)]
        process = psutil.Process(root)
        own = [process] if sys.platform == "win32" else []
        return own + process.children(recursive=True)
    except psutil.Error:
        return []


def _descendants(root: int) -> list[int]:
    """The pids below `root`, without a look at every process of the machine."""
    found, unvisited = [], [root]
    while unvisited:
        with contextlib.suppress(OSError):  # it ended
            for thread in Path(f"/proc/{unvisited.pop()}/task").iterdir():
                children = [int(pid) for pid in (thread / _CHILDREN.name).read_text().split()]
                unvisited += children
                found += children
    return found
