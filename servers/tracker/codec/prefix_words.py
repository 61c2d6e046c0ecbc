"""The sealed words that can be searched by prefix. They are in memory only, never on disk.

Digests of prefixes in the rows would reveal sealed words to anyone with a list of names. So a
search for a prefix becomes a search for the whole words with that prefix. The words come from each
entry that is written, and once from all stored entries.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from servers.tracker.codec import search_terms
from servers.tracker.codec.record_codec import RecordCodec
from servers.tracker.stores.base import Store, StoreError, StoreQuery

log = logging.getLogger(__name__)
_AT_ONCE = 50
_WAITS_S = 2.0
"""How long a search waits for the words; then it uses those that are known."""
_REMOTE_S = 30.0
"""How old the words from other machines may be."""
_OVERLAP_US = 600_000_000
"""Microseconds that the clock of another machine may be slow."""
_PARSED_AT = 4096


class PrefixWords:
    """The words of one store."""

    def __init__(self) -> None:
        self._words = WordList()
        self._written: list[tuple[str, str]] = []
        self._until: dict[bool, int] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")

    def written(self, url: str, email: str) -> None:
        """Add the words of an entry that is being written."""
        self._written.append((url, email))
        if len(self._written) >= _PARSED_AT:
            self._parse()

    async def of(self, word: str, store: Store, codec: RecordCodec, most: int) -> list[str] | None:
        """The words that begin with `word` and are longer; None when there are more than `most`."""
        if not search_terms.can_begin(word):
            return []
        await self._know(store, codec)
        self._parse()
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
        await asyncio.wait([self.look(store, codec)], timeout=_WAITS_S)

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
        query = StoreQuery(deleted=deleted, since=since, sort="oldest", limit=_AT_ONCE)
        while True:
            page = await store.find(query)
            for record in page.records:
                entry = codec.entry(record)
                if not entry.locked:
                    self.written(entry.url, entry.email)
                self._until[deleted] = record.changed
            if not page.cursor:
                return
            query = replace(query, cursor=page.cursor)

    def _parse(self) -> None:
        fresh, self._written = self._written, []
        for url, email in fresh:
            self._words.add(search_terms.words_to_begin(url, email))


class WordList:
    """Many words in little memory: a sorted text, and a sorted list of newer words."""

    def __init__(self) -> None:
        self._text = b"\n"
        self._fresh: list[bytes] = []

    def add(self, words: Iterable[str]) -> None:
        for word in words:
            if search_terms.can_be_begun(word):
                self._add(word.encode())
        if len(self._fresh) > max(20_000, len(self._text) >> 6):
            known = self._text.split(b"\n")
            self._text = b"\n".join((b"", *sorted({*known, *self._fresh} - {b""}), b""))
            self._fresh = []

    def _add(self, word: bytes) -> None:
        at = bisect.bisect_left(self._fresh, word)
        if at == len(self._fresh) or self._fresh[at] != word:
            self._fresh.insert(at, word)

    def after(self, beginning: str, most: int) -> list[str] | None:
        """The words that are longer than `beginning` and begin so; None if more than `most`."""
        start = beginning.encode()
        found: set[bytes] = set()
        for word in itertools.chain(self._begun_fresh(start), self._begun(start)):
            if word != start:
                found.add(word)
            if len(found) > most:
                return None
        return [word.decode() for word in sorted(found)]

    def _begun_fresh(self, start: bytes) -> Iterator[bytes]:
        for at in range(bisect.bisect_left(self._fresh, start), len(self._fresh)):
            if not self._fresh[at].startswith(start):
                return
            yield self._fresh[at]

    def _begun(self, start: bytes) -> Iterator[bytes]:
        at = self._place(start)
        while self._text.startswith(start, at):
            end = self._text.index(b"\n", at)
            yield self._text[at:end]
            at = end + 1

    def _place(self, start: bytes) -> int:
        """The offset of the first word that does not sort before `start`."""
        low, high = 1, len(self._text)
        while low < high:
            middle = self._text.rfind(b"\n", 0, (low + high) // 2) + 1
            middle = max(middle, low)
            end = self._text.find(b"\n", middle)
            if end < 0:
                return high
            if self._text[middle:end] < start:
                low = end + 1
            else:
                high = middle
        return low
