"""Caches answers on disk, with the recent ones in memory, up to a size and the age of the settings.

In: a kind and a key, and a function that makes the answer. Out: the answer. Equal requests at the
same time share one task. An expired answer is kept for a day, for use when a new one cannot be
made. No library does this: persistence, sharing and stale answers must agree on one entry.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import apsw

from servers.outbound.database import Database

STALE_S = 86_400.0
_MEMORY_BYTES = 8 << 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  key BLOB PRIMARY KEY, kind TEXT NOT NULL, value BLOB NOT NULL,
  stored REAL NOT NULL, ttl REAL NOT NULL, used REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_used ON entry (used);
SELECT key, kind, value, stored, ttl, used FROM entry LIMIT 0;
"""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """A new answer and the seconds for which it is fresh; with 0 it is not cached."""

    value: bytes
    ttl: float

    @classmethod
    def of_json(cls, value: Any, ttl: float) -> Made:
        """`value` as JSON; a lone surrogate becomes a question mark."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(text.encode("utf-8", "replace"), ttl)


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer: made now, or cached `age_s` ago; `error` is why a stale one was used."""

    value: bytes
    cached: bool = False
    age_s: float = 0.0
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    stored: float
    ttl: float

    def age(self) -> float:
        return max(0.0, time.time() - self.stored)

    @property
    def is_fresh(self) -> bool:
        return -60 < time.time() - self.stored < self.ttl

    @property
    def is_usable(self) -> bool:
        return -60 < time.time() - self.stored < self.ttl + STALE_S


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class _SharedTasks(Generic[T]):
    """Running tasks by key: equal requests at the same time share one task."""

    def __init__(self) -> None:
        self._flights: dict[bytes, _Flight[T]] = {}

    async def share(self, key: bytes, make: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
        """The result of `make()`, and whether another caller had started it.

        A cancelled caller does not stop the task for the others; the last one does.
        """
        flight = self._flights.get(key)
        is_shared = flight is not None
        if flight is None:
            flight = _Flight(asyncio.create_task(make()))
            self._flights[key] = flight
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), is_shared
        finally:
            flight.waiting -= 1
            if not flight.waiting or flight.task.done():
                self._end(key, flight)

    def _end(self, key: bytes, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        flight.task.cancel()


class Cache:
    """Answers by kind and key. `observe(kind, hit)` is called for every request."""

    def __init__(
        self, path: Path | None, *, max_bytes: int, observe: Callable[[str, bool], None]
    ) -> None:
        self.hits = 0
        self.misses = 0
        self._database = Database(path, _SCHEMA)
        self._max_bytes = max_bytes
        self._observe = observe
        self._recent: OrderedDict[bytes, _Entry] = OrderedDict()
        self._recent_bytes = 0
        self._touched: set[bytes] = set()
        self._tasks = _SharedTasks[Hit]()
        self._on_disk: set[bytes] = set()
        """Every key on the disk, and some that were deleted since."""
        self._written = 0

    async def open(self) -> None:
        """Open the store and delete answers that are too old for any use."""
        await self._database.open()
        self._database.send(_drop_unusable)
        try:
            self._on_disk = await self._database.run(_keys)
        except apsw.Error:  # `open` logged it; no answer is found then
            self._on_disk = set()
        self._database.send(self._shrink)

    async def close(self) -> None:
        touched, self._touched = self._touched, set()
        self._database.send(lambda connection: _touch(connection, touched))
        await self._database.close()

    async def through(
        self,
        kind: str,
        key: str,
        make: Callable[[], Awaitable[Made]],
        *,
        stale_for: tuple[type[Exception], ...] = (),
    ) -> Hit:
        """The answer to `key`: from the cache, or from `make`, which equal requests share.

        If `make` raises one of `stale_for`, an expired answer is used if there is one.
        """
        name = _digest(kind, key)
        entry = self._recent.get(name)
        if entry and entry.is_fresh:
            self._recent.move_to_end(name)
            self._touched.add(name)
            self._count(kind, hit=True)
            return Hit(entry.value, cached=True, age_s=entry.age())
        find_or_make = partial(self._find_or_make, name, kind, make, stale_for)
        try:
            hit, shared = await self._tasks.share(name, find_or_make)
        except Exception:
            self._count(kind, hit=False)
            raise
        self._count(kind, hit=shared or (hit.cached and hit.error is None))
        return hit

    def holds(self, kind: str, key: str) -> bool:
        """Whether a fresh answer to `key` is probably cached."""
        name = _digest(kind, key)
        entry = self._recent.get(name)
        return entry.is_fresh if entry else name in self._on_disk

    async def clear(self) -> int:
        """Delete all answers; returns their number."""
        self._recent.clear()
        self._recent_bytes = 0
        self._touched.clear()
        self._on_disk.clear()
        count = await self.count()
        await self._database.clear()
        return count

    async def count(self) -> int:
        return await self._database.run(_count)

    async def _find_or_make(
        self,
        name: bytes,
        kind: str,
        make: Callable[[], Awaitable[Made]],
        stale_for: tuple[type[Exception], ...],
    ) -> Hit:
        try:
            entry = self._recent.get(name)
            if entry is None and name in self._on_disk:
                entry = await self._read_entry(name)
            if entry and entry.is_fresh:
                self._touched.add(name)
                return Hit(entry.value, cached=True, age_s=entry.age())
            return await self._make(name, kind, make)
        except stale_for as error:
            if entry is None or not entry.is_usable:
                raise
            return Hit(entry.value, cached=True, age_s=entry.age(), error=error)

    async def _make(self, name: bytes, kind: str, make: Callable[[], Awaitable[Made]]) -> Hit:
        made = await make()
        if made.ttl > 0:
            self._keep(name, kind, _Entry(made.value, time.time(), made.ttl))
        return Hit(made.value)

    def _keep(self, name: bytes, kind: str, entry: _Entry) -> None:
        self._remember(name, entry)
        self._on_disk.add(name)
        row = (name, kind, entry.value, entry.stored, entry.ttl, entry.stored)
        self._database.send(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", row
            )
        )
        self._written += len(entry.value)
        if self._written > self._max_bytes // 20:
            self._written = 0
            touched, self._touched = self._touched, set()
            self._database.send(lambda connection: _touch(connection, touched))
            self._database.send(self._shrink)

    async def _read_entry(self, name: bytes) -> _Entry | None:
        try:
            row = await self._database.run(
                lambda connection: connection.execute(
                    "SELECT value, stored, ttl FROM entry WHERE key = ?", (name,)
                ).fetchone()
            )
        except apsw.Error:
            return None
        if row is None:
            return None
        entry = _Entry(*row)
        self._remember(name, entry)
        return entry

    def _remember(self, name: bytes, entry: _Entry) -> None:
        known = self._recent.pop(name, None)
        self._recent_bytes += len(entry.value) - (len(known.value) if known else 0)
        self._recent[name] = entry
        while self._recent_bytes > min(_MEMORY_BYTES, self._max_bytes):
            _, oldest = self._recent.popitem(last=False)
            self._recent_bytes -= len(oldest.value)

    def _shrink(self, connection: apsw.Connection) -> None:
        """Delete the least recently used answers down to nine tenths of the limit."""
        total = connection.execute("SELECT coalesce(sum(length(value)), 0) FROM entry").get
        if total <= self._max_bytes:
            return
        excess = total - self._max_bytes * 9 // 10
        connection.execute(
            "DELETE FROM entry WHERE key IN (SELECT key FROM (SELECT key, sum(length(value)) OVER"
            " (ORDER BY used, key) - length(value) AS before FROM entry) WHERE before < ?)",
            (excess,),
        )
        connection.execute("PRAGMA incremental_vacuum")

    def _count(self, kind: str, *, hit: bool) -> None:
        self.hits += hit
        self.misses += not hit
        self._observe(kind, hit)


def _digest(kind: str, key: str) -> bytes:
    return hashlib.blake2b(
        f"{kind}\x1f{key}".encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()


def _touch(connection: apsw.Connection, names: set[bytes]) -> None:
    now = time.time()
    connection.executemany(
        "UPDATE entry SET used = ? WHERE key = ?", [(now, name) for name in names]
    )


def _drop_unusable(connection: apsw.Connection) -> None:
    now = time.time()
    connection.execute(
        "DELETE FROM entry WHERE stored + ttl + ? < ? OR stored > ? + 60", (STALE_S, now, now)
    )


def _keys(connection: apsw.Connection) -> set[bytes]:
    return {bytes(key) for (key,) in connection.execute("SELECT key FROM entry")}


def _count(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM entry").get)
