"""Counts calls, times, errors, cache hits, API calls, CPU and memory of all servers.

In: records and measurements. Out: reports. New figures are in memory and merged into the store
after calls, and every five minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from app.metrics import reports
from app.metrics.cells import MetricsCell
from app.metrics.reports import Report, TimeWindow
from app.metrics.store import Key, MetricsStore
from app.system.heartbeat import slow_beat
from app.system.worker_thread import WorkerThread
from app.views import CallRecord

log = logging.getLogger(__name__)

_LIVE_S = 300
_MINUTE = 60
_REST = 5 * _MINUTE
"""How long figures of idle servers wait in memory."""
_HOUR = 3600
_DAY = 86_400
_MOST_UNSAVED = 20_000
"""Cells that are kept in memory while the disk is full."""


class Metrics:
    """Counts on the thread of the loop; reads and writes the store in a worker thread."""

    def __init__(
        self, path: Path, *, days: int = 30, clock: Callable[[], float] = time.time
    ) -> None:
        self.days = days
        self._clock = clock
        self._store = MetricsStore(path)
        self._thread = WorkerThread("metrics")
        self._unsaved: dict[int, dict[Key, MetricsCell]] = {}
        self._has_calls = False
        """What servers did is unsaved; how much memory they take can wait."""
        self._today: dict[str, list[int]] = {}
        self._day = 0
        self._live: dict[str, deque[tuple[int, int]]] = {}
        self._is_failing = False
        self._saver: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read today's counts and begin to save."""
        self._day = _midnight(self._clock())
        with contextlib.suppress(sqlite3.Error, OSError):
            counts = await self._thread.run(partial(self._store.counts, self._day))
            self._today = {server: list(both) for server, both in counts.items()}
        self._saver = asyncio.create_task(self._save_regularly())

    async def stop(self) -> None:
        """Save the rest and close the store."""
        if self._saver:
            self._saver.cancel()
            await asyncio.wait([self._saver])
        await self.save()
        await self._thread.run(self._store.close)
        self._thread.close()

    def call(self, record: CallRecord) -> None:
        self._has_calls = True
        self._cell(record.server, record.tool).call(record)
        today = self._counts(record.server)
        today[0] += 1
        today[1] += record.outcome != "ok"
        second = int(self._clock())
        live = self._live.setdefault(record.server, deque(maxlen=_LIVE_S))
        if live and live[-1][0] == second:
            live[-1] = (second, live[-1][1] + 1)
        else:
            live.append((second, 1))

    def usage(self, server: str, data: Mapping[str, Any]) -> None:
        self._has_calls = True
        cell = self._cell(server, "")
        if isinstance(data.get("api"), str):
            cell.api(data["api"], data.get("outcome") != "ok")
        elif "hit" in data:
            cell.lookup(bool(data["hit"]))

    def process(self, server: str, rss: int, cpu: float) -> None:
        """Record one measurement of the process tree of a server."""
        self._cell(server, "").process(rss, cpu)

    def today(self, server: str) -> tuple[int, int]:
        """Calls and errors since midnight."""
        calls, errors = self._counts(server)
        return calls, errors

    def live(self, server: str, seconds: int = 60) -> list[int]:
        """Calls in each of the last `seconds` (300 at most), oldest first."""
        now = int(self._clock())
        counts = dict(self._live.get(server, ()))
        return [counts.get(second, 0) for second in range(now - seconds + 1, now + 1)]

    async def report(
        self, window: TimeWindow = TimeWindow.HOUR, server: str = "", tool: str = ""
    ) -> Report:
        """The figures of a window; an empty name means all."""
        now = self._clock()
        table, since = reports.source(window, now)
        stored = []
        with contextlib.suppress(sqlite3.Error, OSError):
            stored = await self._thread.run(partial(self._store.read, table, since, server, tool))
        fresh = [
            (minute, key, cell)
            for minute, cells in self._unsaved.items()
            for key, cell in cells.items()
            if minute >= since and server in ("", key[0]) and tool in ("", key[1])
        ]
        make = reports.make
        return await self._thread.run(lambda: make(window, now, [*stored, *fresh]))

    async def save(self) -> None:
        """Merge the new figures into the store."""
        if not self._unsaved:
            return
        unsaved, self._unsaved, self._has_calls = self._unsaved, {}, False
        try:
            await self._thread.run(partial(self._store.add, unsaved))
            self._is_failing = False
        except (sqlite3.Error, OSError):
            for minute, cells in unsaved.items():
                self._put_back(minute, cells)
            if not self._is_failing:
                self._is_failing = True
                log.warning("Figures could not be saved; they wait in memory", exc_info=True)

    def _put_back(self, minute: int, cells: Mapping[Key, MetricsCell]) -> None:
        if sum(map(len, self._unsaved.values())) > _MOST_UNSAVED:
            return
        kept = self._unsaved.setdefault(minute, {})
        for key, cell in cells.items():
            kept.setdefault(key, MetricsCell()).add(cell)

    async def _save_regularly(self) -> None:
        forgotten = 0.0
        while True:
            await slow_beat()
            now = self._clock()
            if self._has_calls or min(self._unsaved, default=now) <= now - _REST:
                await self.save()
            if now - forgotten > _HOUR:
                forgotten = now
                with contextlib.suppress(sqlite3.Error, OSError):
                    await self._thread.run(partial(self._store.forget, int(now) - self.days * _DAY))

    def _cell(self, server: str, tool: str) -> MetricsCell:
        minute = int(self._clock()) // _MINUTE * _MINUTE
        cells = self._unsaved.get(minute)
        if cells is None:
            cells = self._unsaved[minute] = {}
        cell = cells.get((server, tool))
        if cell is None:
            cell = cells[server, tool] = MetricsCell()
        return cell

    def _counts(self, server: str) -> list[int]:
        day = _midnight(self._clock())
        if day != self._day:
            self._day, self._today = day, {}
        return self._today.setdefault(server, [0, 0])


def _midnight(now: float) -> int:
    local = time.localtime(now)
    return int(now) - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec)
