"""Refreshes a widget on changes and on a timer, only while it is visible."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.system.listeners import Listeners

_MIN_INTERVAL_S = 0.03
"""Least time between two refreshes, in seconds."""


class WhileVisible(QObject):
    """Calls `refresh` when `widget` appears, at each change it listens to, and every `every_ms`."""

    def __init__(
        self,
        widget: QWidget,
        refresh: Callable[[], None],
        *,
        listen: Sequence[Listeners[Any]] = (),
        every_ms: int = 0,
    ) -> None:
        super().__init__(widget)
        self._widget = widget
        self._refresh = refresh
        self._listen = tuple(listen)
        self._unsubscribe: list[Callable[[], None]] = []
        self._timer = QTimer(self, singleShot=True)
        self._last = 0.0
        self._timer.timeout.connect(self._refresh_now)
        self._regular = QTimer(self, interval=every_ms)
        self._regular.timeout.connect(self._refresh_now)
        widget.installEventFilter(self)
        if widget.isVisible():
            self._begin()

    def refresh_soon(self, _change: object = None) -> None:
        """Schedule one refresh, at the earliest `_MIN_INTERVAL_S` after the last."""
        if not self._timer.isActive():
            wait = self._last + _MIN_INTERVAL_S - time.monotonic()
            self._timer.start(max(0, math.ceil(wait * 1_000)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._begin()
        elif event.type() == QEvent.Type.Hide:
            self._end()
        return super().eventFilter(watched, event)

    def _begin(self) -> None:
        if self._unsubscribe:
            return
        self._unsubscribe = [each.subscribe(self.refresh_soon) for each in self._listen]
        if self._regular.interval():
            self._regular.start()
        self._refresh()

    def _end(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._regular.stop()
        self._timer.stop()

    def _refresh_now(self) -> None:
        if not self._widget.window().isMinimized():
            self._last = time.monotonic()
            self._refresh()
