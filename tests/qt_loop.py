"""asyncio on Qt's loop in a test, taken apart on the thread it ran on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.ui.event_loop import EventLoop
from app.ui.garbage import Garbage


@contextlib.contextmanager
def qt_loop(app: QApplication, *, already_running: bool = False) -> Iterator[EventLoop]:
    """A loop that is closed in the end, and whose timers end with it.

    Were Python to collect a loop with timers in another thread, Qt could not stop them there, and
    would crash at the next tick of one.
    """
    garbage = Garbage()
    collecting = QTimer(app, interval=2_000)
    collecting.timeout.connect(garbage.collect)
    collecting.start()
    loop = EventLoop(app, already_running=already_running)
    try:
        yield loop
    finally:
        loop.stop()
        loop.close()
        asyncio.events._set_running_loop(None)
        asyncio.set_event_loop(None)
        collecting.stop()
        garbage.stop()
