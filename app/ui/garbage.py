"""Runs Python's garbage collector on Qt's main thread only.

Python's collector runs in whichever thread allocates next. When that frees a Qt object that lives
in the window's thread, its timers stay behind and the process crashes at the next tick.
"""

from __future__ import annotations

import gc

_FULL_EVERY = 15
"""Calls of `collect` between two full collections, which take longest."""


class Garbage:
    """Replaces automatic collection by calls of `collect`, every 2 s; `stop` turns it on again."""

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._count = 0
        gc.disable()
        gc.freeze()  # imports leave little garbage, and scanning it all takes long

    def stop(self) -> None:
        """Turn automatic collection on again."""
        gc.enable()

    def collect(self) -> None:
        self._count += 1
        if self._count == 1:
            # Objects made at the start live until the end; later collections skip them.
            gc.collect()
            gc.freeze()
            return
        counts = gc.get_count()
        oldest = max(
            (age for age, limit in enumerate(self._thresholds) if counts[age] > limit), default=-1
        )
        if oldest >= 0:
            gc.collect(oldest if self._count % _FULL_EVERY == 0 else min(oldest, 1))
