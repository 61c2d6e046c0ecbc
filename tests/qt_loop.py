"""asyncio on Qt's loop in a test, taken apart on the thread it ran on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop  # after PySide6, whose binding it then takes

from app.ui.garbage import Garbage


@contextlib.contextmanager
def qt_loop(app: QApplication, *, already_running: bool = False) -> Iterator[QEventLoop]:
    """A loop that is closed in the end, and whose timers end with it.

    qasync leaves the timers of cancelled waits running. Were Python to collect such a loop in
    another thread, Qt could not stop them there, and would crash at the next tick of one.
    """
    garbage = Garbage()
    collecting = QTimer(app, interval=2_000)
    collecting.timeout.connect(garbage.collect)
    collecting.start()
    loop = QEventLoop(app, already_running=already_running)
    try:
        yield loop
    finally:
        loop.stop()
        loop.close()
        shiboken6.delete(loop._timer)
        asyncio.events._set_running_loop(None)
        asyncio.set_event_loop(None)
        collecting.stop()
        garbage.stop()
