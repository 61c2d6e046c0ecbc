"""Takes in what a process writes, line by line, at a pace that the app's loop can bear."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from servers.contract.line_reader import BoundedLineReader

_SLICE = 0.005
"""Seconds of work at a time; the same pause follows when more is waiting."""
_BURST = 1 << 20
_WINDOW = 0.05
"""Seconds in which at most `_BURST` bytes are read; the writer waits for the rest."""


class Pipe(Protocol):
    """The part of a read transport that is needed to hold a writer back."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class LineReader:
    """One pipe: hands its lines to `take` in short slices and holds a flooding writer back.

    Of a line longer than `limit` bytes it hands over the first `limit` bytes.
    """

    def __init__(self, pipe: Pipe, limit: int, take: Callable[[bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pipe, self._take = pipe, take
        self._lines = BoundedLineReader(limit, kept=limit)
        self._waiting: deque[bytes] = deque()
        self._window_began = 0.0
        self._in_window = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def feed(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._waiting.append(line if isinstance(line, bytes) else line.beginning)
        if self._timer is None:
            pause = self._work() or self._excess(len(data))
            if pause:
                self._hold(pause)

    def finish(self) -> None:
        """The pipe is closed: hand over all that is left, at once."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            self._take(self._waiting.popleft())
        if self._lines.rest():
            self._take(self._lines.rest())
            self._lines = BoundedLineReader(0)

    def _work(self) -> float:
        """Hand lines over for one slice; returns the pause that must follow."""
        until = time.perf_counter() + _SLICE
        while self._waiting:
            self._take(self._waiting.popleft())
            if time.perf_counter() >= until:
                return _SLICE
        return 0.0

    def _excess(self, size: int) -> float:
        now = self._loop.time()
        if now - self._window_began >= _WINDOW:
            self._window_began, self._in_window = now, 0
        self._in_window += size
        return _WINDOW if self._in_window > _BURST else 0.0

    def _hold(self, pause: float) -> None:
        if not self._is_closed:
            self._pipe.pause_reading()
            self._timer = self._loop.call_later(pause, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        pause = self._work()
        if pause:
            self._hold(pause)
        elif not self._is_closed:
            self._pipe.resume_reading()
