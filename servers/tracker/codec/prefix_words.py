"""The sealed words that can be searched by prefix. They are in memory only, never on disk.

Digests of prefixes in the rows would reveal sealed words to anyone with a list of names. So a
search for a prefix becomes a search for the whole words with that prefix. The words come from each
entry that is written, and once from all stored entries.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

import apsw

from servers.tracker.codec import search_terms
from servers.tracker.codec.record_codec import RecordCodec
from servers.tracker.stores.base import Store, StoreError, StoreQuery

log = logging.getLogger(__name__)
_AT_ONCE, _REMOTE_AT_ONCE = 20, 50
"""Entries; opening 20 holds the loop for less than a millisecond."""
_WAITS_S = 2.0
"""How long a search waits for the words; then it uses those that are known."""
_REMOTE_S = 30.0
"""How old the words from other machines may be."""
_OVERLAP_US = 600_000_000
"""Microseconds that the clock of another machine may be slow."""
_PARSED_AT = 256
_LAST = "\U0010ffff"
"""Sorts after everything that a word may hold."""


class PrefixWords:
    """The words of one store."""

    def __init__(self) -> None:
        self._words = WordList()
        self._written: deque[tuple[str, str]] = deque()
        self._parsing = threading.Lock()
        self._searches = 0
        """Those that wait for the words of the stored entries."""
        self._until: dict[bool, int] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")

    def written(self, url: str, email: str) -> None:
        """Add the words of an entry that is being written, on the loop or in a thread."""
        self._written.append((url, email))
        if len(self._written) >= _PARSED_AT:
            self._parse()

    async def of(self, word: str, store: Store, codec: RecordCodec, most: int) -> list[str] | None:
        """The words that begin with `word` and are longer; None when there are more than `most`."""
        if not search_terms.can_begin(word):
            return []
        await self._know(store, codec)
        self._parse()
        with self._parsing:
            return self._words.after(word, most)

    def look(self, store: Store, codec: RecordCodec) -> asyncio.Task[None]:
        """Begin to read the stored entries, unless that is running."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look(store, codec))
        return self._looking

    async def end(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _know(self, store: Store, codec: RecordCodec) -> None:
        is_known = self._looked_at > float("-inf")
        if is_known and not (store.is_remote and time.monotonic() - self._looked_at > _REMOTE_S):
            return
        self._searches += 1
        try:
            await asyncio.wait([self.look(store, codec)], timeout=_WAITS_S)
        finally:
            self._searches -= 1

    async def _look(self, store: Store, codec: RecordCodec) -> None:
        begun = time.monotonic()
        try:
            for deleted in (False, True):
                await self._read(store, codec, deleted=deleted)
        except StoreError as trouble:
            log.info("The words of the entries are read later: %s", trouble.reason)
        else:
            self._looked_at = begun

    async def _read(self, store: Store, codec: RecordCodec, *, deleted: bool) -> None:
        since = max(0, self._until.get(deleted, 0) - (_OVERLAP_US if store.is_remote else 0))
        limit = _REMOTE_AT_ONCE if store.is_remote else _AT_ONCE
        query = StoreQuery(deleted=deleted, since=since, sort="oldest", limit=limit)
        while True:
            page = await store.find(query)
            begun = time.monotonic()
            for record in page.records:
                entry = codec.entry(record)
                if not entry.locked:
                    self.written(entry.url, entry.email)
                self._until[deleted] = record.changed
            self._parse()
            if not page.cursor:
                return
            query = replace(query, cursor=page.cursor)
            # Calls come first: half of the time is theirs, all of it where none of them waits.
            await asyncio.sleep(0 if self._searches else time.monotonic() - begun)

    def _parse(self) -> None:
        with self._parsing:
            words: set[str] = set()
            while self._written:
                words.update(search_terms.words_to_begin(*self._written.popleft()))
            self._words.add(words)


class WordList:
    """Many words in little memory: a sorted table that is never on disk."""

    def __init__(self) -> None:
        self._table = apsw.Connection(":memory:")
        self._table.execute("CREATE TABLE words (word TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, words: Iterable[str]) -> None:
        rows = [(word,) for word in words if search_terms.can_be_begun(word)]
        with self._table:
            self._table.executemany("INSERT OR IGNORE INTO words VALUES (?)", rows)

    def after(self, beginning: str, most: int) -> list[str] | None:
        """The words that are longer than `beginning` and begin so; None if more than `most`."""
        wanted = "SELECT word FROM words WHERE word > ? AND word < ? LIMIT ?"
        found = self._table.execute(wanted, (beginning, beginning + _LAST, most + 1)).fetchall()
        return [str(word) for (word,) in found] if len(found) <= most else None
