"""What was already asked: a bounded store of answers on disk, with the recent ones in memory.

Equal questions in the air share one answer. An answer outlives its time by a day, to be used only
where asking anew fails. Own code, because persistence, sharing and stale answers must agree on
what one entry is.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apsw

from servers.outbound.database import Database
from servers.outbound.flights import Flights

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


@dataclass(frozen=True, slots=True)
class Made:
    """A fresh answer and how many seconds it stays good; 0 keeps it out of the cache."""

    value: bytes
    ttl: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer: made now, or cached `age_s` ago; `error` is why a stale one had to do."""

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


class Cache:
    """Answers by kind and key. `observe(kind, hit)` hears of every question."""

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
        self._flights = Flights[Hit]()
        self._on_disk: set[bytes] = set()
        """May hold keys that are gone since; what is not in it is not on the disk."""
        self._written = 0

    async def open(self) -> None:
        """Open the store and drop what is too old for any use."""
        await self._database.open()
        self._database.send(_drop_unusable)
        try:
            self._on_disk = await self._database.run(_keys)
        except apsw.Error:  # told by `open`; nothing is found then
            self._on_disk = set()
        self._database.send(self._shrink)

    async def close(self) -> None:
        """Write what is due and close the store."""
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
        """The answer to `key`: cached, or made once however many ask at the same time.

        Where `make` raises one of `stale_for`, an answer past its time is used when there is one.
        """
        name = _digest(kind, key)
        entry = self._recent.get(name)
        if entry and entry.is_fresh:
            self._recent.move_to_end(name)
            self._touched.add(name)
            self._count(kind, hit=True)
            return Hit(entry.value, cached=True, age_s=entry.age())
        looking = partial(self._found_or_made, name, kind, make, stale_for)
        try:
            hit, shared = await self._flights.share(name, looking)
        except Exception:
            self._count(kind, hit=False)
            raise
        self._count(kind, hit=shared or (hit.cached and hit.error is None))
        return hit

    def holds(self, kind: str, key: str) -> bool:
        """Whether an answer to `key` most likely is there and good."""
        name = _digest(kind, key)
        entry = self._recent.get(name)
        return entry.is_fresh if entry else name in self._on_disk

    async def clear(self) -> int:
        """Forget everything; how many answers that were."""
        self._recent.clear()
        self._recent_bytes = 0
        self._touched.clear()
        self._on_disk.clear()
        gone = await self.count()
        await self._database.clear()
        return gone

    async def count(self) -> int:
        """How many answers are kept."""
        return await self._database.run(_count)

    async def _found_or_made(
        self,
        name: bytes,
        kind: str,
        make: Callable[[], Awaitable[Made]],
        stale_for: tuple[type[Exception], ...],
    ) -> Hit:
        try:
            entry = self._recent.get(name)
            if entry is None and name in self._on_disk:
                entry = await self._stored(name)
            if entry and entry.is_fresh:
                self._touched.add(name)
                return Hit(entry.value, cached=True, age_s=entry.age())
            return await self._made(name, kind, make)
        except stale_for as error:
            if entry is None or not entry.is_usable:
                raise
            return Hit(entry.value, cached=True, age_s=entry.age(), error=error)

    async def _made(self, name: bytes, kind: str, make: Callable[[], Awaitable[Made]]) -> Hit:
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

    async def _stored(self, name: bytes) -> _Entry | None:
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
        """Delete the longest unused until the rest is a tenth under the bound."""
        total = connection.execute("SELECT coalesce(sum(length(value)), 0) FROM entry").get
        if total <= self._max_bytes:
            return
        spare = total - self._max_bytes * 9 // 10
        connection.execute(
            "DELETE FROM entry WHERE key IN (SELECT key FROM (SELECT key, sum(length(value)) OVER"
            " (ORDER BY used, key) - length(value) AS before FROM entry) WHERE before < ?)",
            (spare,),
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
