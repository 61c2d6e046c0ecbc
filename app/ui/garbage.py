"""Collects Python's garbage on Qt's thread alone.

Python's collector runs in whichever thread allocates next. When that frees a Qt object that lives
in the window's thread, its timers stay behind and the process crashes at the next tick.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer

_EVERY_MS = 2_000


class Garbage(QObject):
    """Does at its own pace what the collector does by itself; `stop` gives it back."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self, interval=_EVERY_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Let Python collect by itself again."""
        self._timer.stop()
        gc.enable()

    def _collect(self) -> None:
        counts = gc.get_count()
        oldest = max(
            (age for age, limit in enumerate(self._thresholds) if counts[age] > limit), default=-1
        )
        if oldest >= 0:
            gc.collect(oldest)
