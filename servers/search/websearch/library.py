"""A full-text index of results and pages seen before, for when no provider answers.

It stays on this machine, is bounded in size, can be switched off, and can be cleared.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Sequence
from pathlib import Path

import apsw

from servers.outbound.database import Database
from servers.search.websearch.results import Result, same_page

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (
  id INTEGER PRIMARY KEY, page TEXT NOT NULL UNIQUE, url TEXT NOT NULL, title TEXT NOT NULL,
  text TEXT NOT NULL, published TEXT NOT NULL, at REAL NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  title, text, content='seen', content_rowid='id', tokenize="unicode61 remove_diacritics 2"
);
CREATE TRIGGER IF NOT EXISTS seen_in AFTER INSERT ON seen BEGIN
  INSERT INTO words (rowid, title, text) VALUES (new.id, new.title, new.text);
END;
CREATE TRIGGER IF NOT EXISTS seen_out AFTER DELETE ON seen BEGIN
  INSERT INTO words (words, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
END;
SELECT id, page, url, title, text, published, at FROM seen LIMIT 0;
SELECT rowid, title, text FROM words LIMIT 0;
"""
_PUT = """
INSERT INTO seen (page, url, title, text, published, at) VALUES (?, ?, ?, ?, ?, ?)
"""
_FIND = """
SELECT seen.title, seen.url, snippet(words, 1, '', '', ' ... ', 48), seen.published
FROM words JOIN seen ON seen.id = words.rowid
WHERE words MATCH ? AND (? = '' OR seen.page LIKE ? OR seen.page LIKE ?)
ORDER BY bm25(words, 4.0, 1.0) LIMIT ?
"""
_FIND_PIECES = """
SELECT title, url, substr(text, max(1, instr(text, ?1) - 40), 200), published,
  (SELECT count(*) FROM json_each(?2) AS piece
   WHERE instr(seen.title, piece.value) OR instr(seen.text, piece.value)) AS found
FROM seen
WHERE found * 2 > json_array_length(?2) AND (?3 = '' OR page LIKE ?4 OR page LIKE ?5)
ORDER BY found DESC, at DESC LIMIT ?6
"""
_WORD = re.compile(r"\w+", re.UNICODE)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+"
)
"""Scripts without spaces, whose words the index cannot separate."""
_MOST_WORDS = 24
_LONGEST_TEXT = 200_000
_CHECK_EVERY = 200


class Library:
    """Results and pages that were seen, searchable without any network."""

    name = "library"

    def __init__(self, path: Path | None, *, max_bytes: int) -> None:
        self._database = Database(path, _SCHEMA)
        self.open, self.close = self._database.open, self._database.close
        self._max_bytes = max_bytes
        self._put_since_check = 0

    def remember(self, hits: Sequence[Result]) -> None:
        """Add search results. A snippet never replaces a whole page."""
        rows = [_row(hit.url, hit.title, hit.snippet, hit.published) for hit in hits]
        self._database.send(lambda connection: _put(connection, rows, longer_only=True))
        self._note_growth(len(rows))

    def remember_page(self, url: str, title: str, text: str, published: str) -> None:
        row = _row(url, title, text[:_LONGEST_TEXT], published)
        self._database.send(lambda connection: _put(connection, [row], longer_only=False))
        self._note_growth(10)

    async def find(self, text: str, count: int, site: str = "") -> list[Result]:
        """The best matches: with all the words, else with some of them.

        Where words are not spaced, those that hold most of the pairs of letters.
        """
        words = [f'"{word}"' for word in _WORD.findall(text)][:_MOST_WORDS]
        if not words:
            return []
        try:
            rows = await self._database.run(
                lambda connection: (
                    _match(connection, " ".join(words), site, count)
                    or _match(connection, " OR ".join(words), site, count)
                    or _match_pieces(connection, text, site, count)
                )
            )
        except apsw.Error as error:
            log.warning("the library cannot be read now: %s", error)
            return []
        return [_result(row) for row in rows]

    async def count(self) -> int:
        return await self._database.run(
            lambda connection: int(connection.execute("SELECT count(*) FROM seen").get)
        )

    async def clear(self) -> int:
        """Forget everything; how many pages and results that were."""
        gone = await self.count()
        await self._database.clear()
        return gone

    def _note_growth(self, weight: int) -> None:
        self._put_since_check += weight
        if self._put_since_check >= _CHECK_EVERY:
            self._put_since_check = 0
            self._database.send(self._shrink)

    def _shrink(self, connection: apsw.Connection) -> None:
        size = connection.execute("SELECT coalesce(sum(length(text)), 0) FROM seen").get
        if size <= self._max_bytes:
            return
        connection.execute(
            "DELETE FROM seen WHERE id IN (SELECT id FROM seen ORDER BY at LIMIT"
            " max(1, (SELECT count(*) FROM seen) / 5))"
        )


def _row(url: str, title: str, text: str, published: str) -> tuple[str, str, str, str, str, float]:
    return (same_page(url), url, title, text, published, time.time())


def _result(row: tuple[apsw.SQLiteValue, ...]) -> Result:
    title, url, snippet, published = map(str, row[:4])
    return Result(title, url, snippet, published, provider=Library.name)


def _put(
    connection: apsw.Connection,
    rows: Sequence[tuple[str, str, str, str, str, float]],
    *,
    longer_only: bool,
) -> None:
    for row in rows:
        page, text = row[0], row[3]
        known = connection.execute(
            "SELECT length(text) FROM seen WHERE page = ?", (page,)
        ).fetchone()
        if known and longer_only and known[0] >= len(text):
            continue
        connection.execute("DELETE FROM seen WHERE page = ?", (page,))
        connection.execute(_PUT, row)


def _match(
    connection: apsw.Connection, expression: str, site: str, count: int
) -> list[tuple[apsw.SQLiteValue, ...]]:
    place = (site, f"//{site}/%", f"//%.{site}/%")
    return connection.execute(_FIND, (expression, *place, count)).fetchall()


def _match_pieces(
    connection: apsw.Connection, text: str, site: str, count: int
) -> list[tuple[apsw.SQLiteValue, ...]]:
    runs = _UNSPACED.findall(text)
    pieces = [run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))][:_MOST_WORDS]
    if not pieces:
        return []
    place = (site, f"//{site}/%", f"//%.{site}/%")
    asked = (pieces[0], json.dumps(pieces, ensure_ascii=False), *place, count)
    return connection.execute(_FIND_PIECES, asked).fetchall()
