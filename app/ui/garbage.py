"""Runs Python's garbage collector on Qt's main thread only.

Python's collector runs in whichever thread allocates next. When that frees a Qt object that lives
in the window's thread, its timers stay behind and the process crashes at the next tick.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer

_EVERY_MS = 2_000
_FULL_EVERY = 15
"""Ticks between two full collections, which take longest."""


class Garbage(QObject):
    """Replaces automatic collection by a timer; `stop` turns automatic collection on again."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._ticks = 0
        gc.disable()
        gc.freeze()  # imports leave little garbage, and scanning it all takes long
        self._timer = QTimer(self, interval=_EVERY_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Turn automatic collection on again."""
        self._timer.stop()
        gc.enable()

    def _collect(self) -> None:
        self._ticks += 1
        if self._ticks == 1:
            # Objects made at the start live until the end; later collections skip them.
            gc.collect()
            gc.freeze()
            return
        counts = gc.get_count()
        oldest = max(
            (age for age, limit in enumerate(self._thresholds) if counts[age] > limit), default=-1
        )
        if oldest >= 0:
            gc.collect(oldest if self._ticks % _FULL_EVERY == 0 else min(oldest, 1))
