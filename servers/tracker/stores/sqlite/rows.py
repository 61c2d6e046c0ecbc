"""Reads and writes the rows of the SQLite file. In and out go sealed records and changes."""

from __future__ import annotations

import functools
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import apsw

from servers.tracker.stores.base import Change, Clock, Counts, SealedRecord, Write, Written

COLUMNS = "id, version, url, secret, tags, status, deleted, created, seq, stamp, pair"
_MERGED_PAGES = 500
_SIZES = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows of one statement. A statement costs a hand-over between threads, a row does not."""
_SELECT = f"SELECT {COLUMNS} FROM entries"  # noqa: S608 - constant columns
_SELECT_CHANGES = "SELECT entry, version, at, what, stamp FROM changes"


def write(
    connection: apsw.Connection, writes: Sequence[Write], clock: Clock, *, together: bool = False
) -> list[Written]:
    """Do each write that may be done, in this order; `together` all of them or none."""
    present = _Present(connection, writes)
    found = [present.decide(one, clock) for one in writes]
    if together and not all(one.done for one in found):
        return [Written(done=False, record=None if one.done else one.record) for one in found]
    present.flush()
    return found


class _Present:
    """The stored records that some writes concern, and the rows that the writes will make."""

    def __init__(self, connection: apsw.Connection, writes: Sequence[Write]) -> None:
        self._connection = connection
        self._by_id: dict[str, SealedRecord] = {}
        self._by_pair: dict[str, list[SealedRecord]] = {}
        self._dropped: list[tuple[int]] = []
        self._fresh: dict[str, SealedRecord] = {}
        self._changes: list[Change] = []
        for record in paired(connection, [pair for one in writes for pair in one.pairs]):
            self._by_pair.setdefault(record.pair, []).append(record)
            self._by_id[record.id] = record
        ids = [one.record.id for one in writes if one.seen]
        for row in _select_each(connection, f"{_SELECT} WHERE id", ids):
            self._by_id[row[0]] = record_of(row)

    def decide(self, one: Write, clock: Clock) -> Written:
        """Whether the write `one` is allowed. If so, later writes see its record."""
        record = one.record
        present = self._by_id.get(record.id)
        if present and present.secret == record.secret:
            return Written(done=True, record=present)  # an earlier answer was lost
        if (present.version if present else 0) != one.seen:
            return Written(done=False, record=present)
        for pair in one.pairs:
            for other in self._by_pair.get(pair, ()):
                if other.id != record.id:
                    return Written(done=False, record=other)
        at = clock.tick()
        record = record.at(at)
        if present is not None and record.id not in self._fresh:
            self._dropped.append((present.changed,))
        self._fresh[record.id] = self._by_id[record.id] = record
        self._by_pair[record.pair] = [
            *(other for other in self._by_pair.get(record.pair, ()) if other.id != record.id),
            record,
        ]
        self._changes.append(replace(one.change, at=at))
        return Written(done=True, record=record)

    def flush(self) -> None:
        _drop(self._connection, self._dropped)
        _insert(self._connection, list(self._fresh.values()))
        _insert_changes(self._connection, self._changes)


def _insert(connection: apsw.Connection, records: Sequence[SealedRecord]) -> None:
    _insert_rows(connection, f"INSERT INTO entries ({COLUMNS})", [_row(one) for one in records])
    terms = [(record.changed, " ".join(record.terms)) for record in records]
    _insert_rows(connection, "INSERT INTO found (rowid, terms)", terms)


def _drop(connection: apsw.Connection, seqs: Sequence[tuple[int]]) -> None:
    connection.executemany("DELETE FROM entries WHERE seq = ?", seqs)
    connection.executemany("DELETE FROM found WHERE rowid = ?", seqs)


def _insert_changes(connection: apsw.Connection, changes: Sequence[Change]) -> None:
    into = "INSERT OR REPLACE INTO changes (entry, version, at, what, stamp)"
    rows = [(one.entry, one.version, one.at, one.what, one.stamp) for one in changes]
    _insert_rows(connection, into, rows)


def get(connection: apsw.Connection, id: str) -> SealedRecord | None:
    found = connection.execute(f"{_SELECT} WHERE id = ?", (id,)).fetchall()
    return record_of(found[0]) if found else None


def paired(connection: apsw.Connection, pairs: Collection[str]) -> list[SealedRecord]:
    """The records with one of `pairs`, the oldest first."""
    rows = _select_each(connection, f"{_SELECT} WHERE pair", list(dict.fromkeys(pairs)))
    found = [record_of(row) for row in rows]
    return sorted(found, key=lambda record: (record.created, record.id))


def history(connection: apsw.Connection, entry: str, limit: int) -> list[Change]:
    sql = f"{_SELECT_CHANGES} WHERE entry = ? ORDER BY version DESC LIMIT ?"
    found: list[Any] = connection.execute(sql, (entry, limit)).fetchall()
    return [Change(*row) for row in found]


def counts(connection: apsw.Connection) -> Counts:
    rows: list[Any] = connection.execute(
        "SELECT deleted, status, entries FROM totals WHERE entries > 0"
    ).fetchall()
    return Counts(
        {str(status): int(count) for deleted, status, count in rows if not deleted},
        sum(int(count) for deleted, _, count in rows if deleted),
        last_change(connection),
    )


def last_change(connection: apsw.Connection) -> int:
    """When the last change was; 0 when there was none."""
    return int(connection.execute("SELECT max(seq) FROM entries").get or 0)


def stamps(connection: apsw.Connection) -> set[str]:
    """Every stamp in use, found by hops along the two indexes."""
    found: set[str] = set()
    for table in ("entries", "changes"):
        sql = f"SELECT min(stamp) FROM {table} WHERE stamp > ?"  # noqa: S608 - two known names
        stamp = connection.execute(sql, ("",)).get
        while stamp is not None:
            found.add(str(stamp))
            stamp = connection.execute(sql, (stamp,)).get
    return found


def outdated(
    connection: apsw.Connection, stamp: str, limit: int
) -> tuple[list[SealedRecord], list[Change]]:
    entries = connection.execute(f"{_SELECT} WHERE stamp = ? LIMIT ?", (stamp, limit))
    changes = connection.execute(f"{_SELECT_CHANGES} WHERE stamp = ? LIMIT ?", (stamp, limit))
    return [record_of(row) for row in entries], [Change(*row) for row in changes]


def reseal(
    connection: apsw.Connection, records: Sequence[SealedRecord], changes: Sequence[Change]
) -> None:
    """Replace each record that was not changed since it was read, and the changes."""
    for record in records:
        present = get(connection, record.id)
        if present is not None and present.changed == record.changed:
            _drop(connection, [(present.changed,)])
            _insert(connection, [record])
    connection.executemany(
        "UPDATE changes SET what = ?, stamp = ? WHERE entry = ? AND version = ?",
        [(change.what, change.stamp, change.entry, change.version) for change in changes],
    )


def tidy(connection: apsw.Connection, *, begins: bool) -> bool:
    """Merge some of the index of terms, without what was replaced; whether more is to be done."""
    before = connection.total_changes()
    pages = -_MERGED_PAGES if begins else _MERGED_PAGES
    connection.execute("INSERT INTO found (found, rank) VALUES ('merge', ?)", (pages,))
    # SQLite documents this as the sign that work is left.
    return connection.total_changes() - before >= 2


def scan(
    connection: apsw.Connection, after: str, limit: int
) -> list[tuple[SealedRecord, list[Change]]]:
    sql = f"{_SELECT} WHERE id > ? ORDER BY id LIMIT ?"
    records = [record_of(row) for row in connection.execute(sql, (after, limit))]
    return [(record, history(connection, record.id, -1)) for record in records]


def adopt(
    connection: apsw.Connection, rows: Sequence[tuple[SealedRecord, Sequence[Change]]], clock: Clock
) -> int:
    """Add each record that is new or newer than the stored one, unless another has its pair."""
    taken = 0
    for record, changes in rows:
        present = get(connection, record.id)
        if present is not None and present.version >= record.version:
            continue
        if any(other.id != record.id for other in paired(connection, [record.pair])):
            continue
        if present is not None:
            _drop(connection, [(present.changed,)])
        # Machines whose clocks differ may have changed it before it was created.
        moment = max(record.changed, record.created)
        _insert(connection, [replace(record, changed=_free(connection, moment))])
        _insert_changes(connection, changes)
        clock.last = max(clock.last, moment)
        taken += 1
    return taken


def _free(connection: apsw.Connection, seq: int) -> int:
    while connection.execute("SELECT 1 FROM entries WHERE seq = ?", (seq,)).get is not None:
        seq += 1
    return seq


def recall(connection: apsw.Connection, name: str) -> str:
    return str(connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).get or "")


def remember(connection: apsw.Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO notes (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def try_out(connection: apsw.Connection) -> None:
    """Write a note, to see whether the file can be written."""
    remember(connection, "tried", str(time.time_ns()))


def _row(record: SealedRecord) -> tuple[Any, ...]:
    return (
        record.id,
        record.version,
        record.url,
        record.secret,
        ",".join(record.tags),
        record.status,
        int(record.deleted),
        record.created,
        record.changed,
        record.stamp,
        record.pair,
    )


def record_of(row: Sequence[Any]) -> SealedRecord:
    id, version, url, secret, tags, status, deleted, created, seq, stamp, pair = row
    tagged = tuple(tags.split(",")) if tags else ()
    return SealedRecord(
        id, version, url, secret, tagged, status, bool(deleted), created, seq, stamp, pair, ()
    )


def _insert_rows(connection: apsw.Connection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`; `into` is `INSERT INTO table (columns)`."""
    for part in _parts(rows):
        sql = _insert_sql(into, len(part), len(part[0]))
        connection.execute(sql, [value for row in part for value in row])


def _select_each(
    connection: apsw.Connection, start: str, values: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    for part in _parts(values):
        yield from connection.execute(f"{start} IN ({_marks(len(part))})", part)


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """`values` in parts of a few sizes, so that few statements have to be prepared."""
    start = 0
    for size in _SIZES:
        while len(values) - start >= size:
            yield values[start : start + size]
            start += size


@functools.cache
def _insert_sql(into: str, rows: int, columns: int) -> str:
    row = f"({_marks(columns)})"
    return f"{into} VALUES {','.join([row] * rows)}"


@functools.cache
def _marks(count: int) -> str:
    return ",".join("?" * count)
