"""Keeps what calls asked and got, and finds it again.

In: `call_detail` events of servers. Out: pages of calls. New calls wait in memory, at most a few
megabytes, and are stored by a worker thread, which removes the secrets that the app knows, too.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from app.calls.call_store import CallPage, CallStore, NewCall
from app.calls.kept_call import CallDetail, CallQuery, KeptCall, to_json
from app.config.settings import Settings
from app.errors import SettingsError
from app.system.background_tasks import BackgroundTasks
from app.system.listeners import Listeners
from app.system.worker_thread import WorkerThread

log = logging.getLogger(__name__)

_STORE_AFTER_S = 0.3
_FORGET_EVERY_S = 3600.0
_DAY = 86_400.0
_MB = 1_000_000
_MOST_WAITING = 8_000_000
_MOST_AT_ONCE = 500
_REST_AFTER_S = 30.0
_LONGEST_NAME = 200

T = TypeVar("T")
Event = tuple[str, Mapping[str, Any]]


class CallLog:
    """`stored` tells that new calls can be found."""

    def __init__(self, path: Path, redact: Callable[[str], str], settings: Settings) -> None:
        self._settings = settings
        self.stored: Listeners[int] = Listeners()
        self.cleared = 0
        """How often everything was deleted; then ids begin again."""
        self._redact = redact
        self._store = CallStore(path, settings.calls_total_mb * _MB)
        self._thread = WorkerThread("calls", rest=self._store.close, rest_after_s=_REST_AFTER_S)
        self._waiting: deque[Event] = deque()
        self._waiting_bytes = 0
        self._background = BackgroundTasks()
        self._is_storing = False
        self._forgot_at = 0.0
        self._is_failing = False

    @property
    def is_on(self) -> bool:
        return self._settings.keep_calls

    def change(self, settings: Settings) -> None:
        """Use other settings; switched off, everything kept is deleted."""
        was_on, self._settings = self.is_on, settings
        self._store.most_bytes = settings.calls_total_mb * _MB
        if was_on and not self.is_on:
            self._drop_waiting()
            self._forgot_at = 0.0
            self.cleared += 1
            self._background.start(self._quietly(self._thread.run(self._store.clear)))

    def add(self, server: str, data: Mapping[str, Any]) -> None:
        """Store the data of one `call_detail` event soon; beyond the bound without its detail."""
        if not self.is_on:
            return
        size = _text_size(data.get("request")) + _text_size(data.get("answer"))
        if self._waiting_bytes + size > _MOST_WAITING:
            if len(self._waiting) > 10 * _MOST_AT_ONCE:
                return
            data, size = {**data, "request": None, "answer": None, "cut": "busy"}, 0
        self._waiting.append((server, data))
        self._waiting_bytes += size
        if not self._is_storing:
            self._is_storing = True
            self._background.start(self._store_soon())

    async def find(
        self, query: CallQuery, before: int | None = None, *, limit: int, budget_s: float
    ) -> CallPage:
        """As `CallStore.find`, after what waits is stored; raises SettingsError."""
        if self.is_on:
            await self._quietly(self._store_waiting())
        if not self.is_on:  # and perhaps not since that; a read would make the file anew
            return CallPage((), None)
        return await self._read(
            partial(self._store.find, query, before, limit=limit, budget_s=budget_s)
        )

    async def call(self, id: int) -> tuple[KeptCall, CallDetail] | None:
        """One call with its request and answer, if it is still kept."""
        return await self._read(partial(self._call, id)) if self.is_on else None

    async def names(self, column: str) -> tuple[str, ...]:
        """The servers, tools, clients or outcomes of the kept calls."""
        return await self._read(partial(self._store.names, column)) if self.is_on else ()

    async def clear(self) -> None:
        """Delete every kept call."""
        self._drop_waiting()
        await self._read(self._store.clear)
        self.cleared += 1
        self.stored.notify(0)

    async def start(self) -> None:
        """Delete what is kept although the setting is off."""
        if not self.is_on:
            await self._quietly(self._thread.run(self._store.clear))

    async def stop(self) -> None:
        """Store the rest and close the file."""
        await self._background.stop()
        await self._quietly(self._store_waiting())
        await self._thread.run(self._store.close)
        self._thread.close()

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    async def _store_soon(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(_STORE_AFTER_S)
                await self._quietly(self._store_waiting())
        finally:
            self._is_storing = False

    async def _store_waiting(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), _MOST_AT_ONCE)
            calls = [self._waiting.popleft() for _ in range(count)]
            if not self._waiting:
                self._waiting_bytes = 0
            await self._thread.run(partial(self._add, calls))
            self.stored.notify(count)
        if self.is_on and time.monotonic() - self._forgot_at > _FORGET_EVERY_S:
            self._forgot_at = time.monotonic()
            await self._thread.run(
                partial(self._store.forget, time.time() - self._settings.calls_days * _DAY)
            )

    async def _read(self, work: Callable[[], T]) -> T:
        try:
            return await self._thread.run(work)
        except (sqlite3.Error, OSError) as failure:
            title = f"The kept calls cannot be read: {failure}."
            raise SettingsError(title, "`lou doctor` checks Lou's folders.") from failure

    async def _quietly(self, work: Awaitable[None]) -> None:
        """A disk that is full must not end what else the app does; the log tells of it once."""
        try:
            await work
            self._is_failing = False
        except (sqlite3.Error, OSError):
            if not self._is_failing:
                self._is_failing = True
                log.warning("Calls could not be kept", exc_info=True)

    def _call(self, id: int) -> tuple[KeptCall, CallDetail] | None:
        """In the worker thread."""
        found = self._store.call(id)
        return (found, self._store.detail(id)) if found else None

    def _add(self, calls: list[Event]) -> None:
        """In the worker thread."""
        self._store.add([self._new_call(server, data) for server, data in calls])

    def _new_call(self, server: str, data: Mapping[str, Any]) -> NewCall:
        row = (
            *(_number(data, "at") or time.time(), server),
            *(self._name(data, each) for each in ("tool", "client", "version")),
            *(_number(data, "ms"), self._name(data, "outcome"), self._name(data, "error")),
            *(int(_number(data, "bytes")), int(bool(data.get("own"))), self._name(data, "cut")),
        )
        request, answer = (self._text(data.get(name)) for name in ("request", "answer"))
        return NewCall(row, CallDetail(request, answer))

    def _name(self, data: Mapping[str, Any], name: str) -> str:
        return _storable(self._redact(str(data.get(name) or ""))[:_LONGEST_NAME])

    def _text(self, value: Any) -> str:
        return "" if value is None else _storable(to_json(self._masked(value)))

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        if isinstance(value, dict):
            return {self._redact(name): self._masked(item) for name, item in value.items()}
        return value


def _storable(text: str) -> str:
    """`text` without halves of characters, which SQLite does not take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _number(data: Mapping[str, Any], name: str) -> float:
    value = data.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else 0.0


def _text_size(value: Any) -> int:
    """Roughly the bytes of a JSON value in memory, from its outer two levels."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return 64 + sum(len(item) if isinstance(item, str) else 200 for item in items)
    return 8
