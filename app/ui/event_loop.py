"""Qt's event loop with asyncio, without two faults of qasync.

The timer of a cancelled wait runs on there, and wakes the process for nothing: after each answer
that came in time. And a thread that calls the loop after its end crashes the process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any

from PySide6.QtCore import QObject, QTimerEvent
from qasync import QEventLoop  # after PySide6, whose binding it then takes


class EventLoop(QEventLoop):  # type: ignore[misc]
    """The loop of the tray application."""

    def __init__(self, app: QObject, *, already_running: bool = False) -> None:
        super().__init__(app, already_running=already_running)
        self._timer = _Timers()
        self._calling = threading.Lock()
        self._takes_calls = True

    def call_soon_threadsafe(self, *call: Any, **options: Any) -> None:
        """Call a function on the loop's thread; raises RuntimeError when the loop was closed."""
        with self._calling:
            if not self._takes_calls:
                raise RuntimeError("The event loop is closed.")
            super().call_soon_threadsafe(*call, **options)

    def close(self) -> None:
        """Take no more calls of threads, and release what the loop has."""
        with self._calling:
            self._takes_calls = False
        super().close()

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call `callback` after `delay` seconds, unless the handle is cancelled before."""
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        return self._timer.add_callback(handle, delay)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._timer.cancel(handle)


class _Timers(QObject):
    """The timers that run, in place of those of qasync."""

    def __init__(self) -> None:
        super().__init__()
        self._handles: dict[int, asyncio.TimerHandle] = {}
        self._numbers: dict[int, int] = {}

    def add_callback(self, handle: asyncio.TimerHandle, delay: float = 0) -> asyncio.TimerHandle:
        number = self.startTimer(int(max(0, delay) * 1_000))
        self._handles[number] = handle
        self._numbers[id(handle)] = number
        return handle

    def cancel(self, handle: asyncio.TimerHandle) -> None:
        """Stop the timer of `handle`, if it runs."""
        number = self._numbers.pop(id(handle), None)
        if number is not None:
            self.killTimer(number)
            del self._handles[number]

    def timerEvent(self, event: QTimerEvent) -> None:
        handle = self._handles.pop(event.timerId(), None)
        self.killTimer(event.timerId())
        if handle is not None:
            del self._numbers[id(handle)]
            handle._run()

    def stop(self) -> None:
        for handle in tuple(self._handles.values()):
            self.cancel(handle)

    def set_debug(self, enabled: bool) -> None:
        """Do nothing: asyncio's debug mode reports slow callbacks by itself."""
