"""The rows of the SQLite store: how a record is written, read back and replaced."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import apsw

from servers.tracker.stores.base import (
    Change,
    Counts,
    Record,
    Write,
    Written,
)

COLUMNS = "id, version, url, email, note, tags, status, deleted, created, seq, stamp, pair"


class Clock:
    """The store's order: microseconds since 1970, and never the same or an earlier one twice."""

    def __init__(self) -> None:
        self.last = 0

    def tick(self) -> int:
        """A moment after all others."""
        self.last = max(time.time_ns() // 1000, self.last + 1)
        return self.last


def write(connection: apsw.Connection, writes: Sequence[Write], clock: Clock) -> list[Written]:
    """Do each write that may be done."""
    return [_write(connection, one, clock) for one in writes]


def write_together(
    connection: apsw.Connection, writes: Sequence[Write], clock: Clock
) -> list[Written]:
    """Do all of `writes`, or none of them."""
    connection.execute("SAVEPOINT together")
    found = write(connection, writes, clock)
    if not all(one.done for one in found):
        connection.execute("ROLLBACK TO together")
        found = [Written(done=False, record=None if one.done else one.record) for one in found]
    connection.execute("RELEASE together")
    return found


def _write(connection: apsw.Connection, one: Write, clock: Clock) -> Written:
    present = (
        get(connection, one.record.id)
        if one.seen
        else next(iter(paired(connection, one.pairs)), None)
    )
    if (present.version if present else 0) != one.seen:
        return Written(done=False, record=present)
    if one.seen:
        for other in paired(connection, one.pairs):
            if other.id != one.record.id:
                return Written(done=False, record=other)
    at = clock.tick()
    record = replace(one.record, changed=at, created=one.record.created or at)
    if present is not None:
        _drop(connection, present)
    _insert(connection, record)
    _insert_change(connection, replace(one.change, at=at))
    return Written(done=True, record=record)


def _insert(connection: apsw.Connection, record: Record) -> None:
    connection.execute(
        f"INSERT INTO entries ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
        (
            record.id,
            record.version,
            record.url,
            record.email,
            record.note,
            ",".join(record.tags),
            record.status,
            int(record.deleted),
            record.created,
            record.changed,
            record.stamp,
            record.pair,
        ),
    )
    connection.execute(
        "INSERT INTO found (rowid, terms) VALUES (?, ?)", (record.changed, " ".join(record.terms))
    )


def _drop(connection: apsw.Connection, record: Record) -> None:
    connection.execute("DELETE FROM entries WHERE seq = ?", (record.changed,))
    connection.execute("DELETE FROM found WHERE rowid = ?", (record.changed,))


def _insert_change(connection: apsw.Connection, change: Change) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO changes (entry, version, at, what, stamp) VALUES (?,?,?,?,?)",
        (change.entry, change.version, change.at, change.what, change.stamp),
    )


def get(connection: apsw.Connection, id: str) -> Record | None:  # noqa: A002 - what it is
    """The record called `id`."""
    sql = f"SELECT {COLUMNS} FROM entries WHERE id = ?"  # noqa: S608 - constant columns
    return next((record_of(row) for row in connection.execute(sql, (id,))), None)


def paired(connection: apsw.Connection, pairs: Collection[str]) -> list[Record]:
    """The records with one of `pairs`, the oldest first."""
    found: list[Record] = []
    sql = f"SELECT {COLUMNS} FROM entries WHERE pair = ?"  # noqa: S608 - constant columns
    for pair in pairs:
        found.extend(record_of(row) for row in connection.execute(sql, (pair,)))
    return sorted(found, key=lambda record: (record.created, record.id))


def history(connection: apsw.Connection, entry: str, limit: int) -> list[Change]:
    """The last changes of `entry`."""
    rows = connection.execute(
        "SELECT entry, version, at, what, stamp FROM changes WHERE entry = ?"
        " ORDER BY version DESC LIMIT ?",
        (entry, limit),
    )
    return [Change(*row) for row in rows]


def counts(connection: apsw.Connection) -> Counts:
    """How many records there are."""
    rows: list[Any] = connection.execute(
        "SELECT deleted, status, count(*) FROM entries GROUP BY deleted, status"
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
) -> tuple[list[Record], list[Change]]:
    """Some of what was not made with `stamp`."""
    entries = f"SELECT {COLUMNS} FROM entries WHERE stamp = ? LIMIT ?"  # noqa: S608
    changes = "SELECT entry, version, at, what, stamp FROM changes WHERE stamp = ? LIMIT ?"
    records: list[Record] = []
    lines: list[Change] = []
    for old in sorted(stamps(connection) - {stamp}):
        rest = limit - len(records)
        records += [record_of(row) for row in connection.execute(entries, (old, rest))]
        rest = limit - len(lines)
        lines += [Change(*row) for row in connection.execute(changes, (old, rest))]
    return records, lines


def reseal(
    connection: apsw.Connection, records: Sequence[Record], changes: Sequence[Change]
) -> None:
    """Store again what nobody changed meanwhile."""
    for record in records:
        present = get(connection, record.id)
        if present is not None and present.changed == record.changed:
            _drop(connection, present)
            _insert(connection, record)
    connection.executemany(
        "UPDATE changes SET what = ?, stamp = ? WHERE entry = ? AND version = ?",
        [(change.what, change.stamp, change.entry, change.version) for change in changes],
    )


def scan(connection: apsw.Connection, after: str, limit: int) -> list[tuple[Record, list[Change]]]:
    """Records by id, each with its whole history."""
    sql = f"SELECT {COLUMNS} FROM entries WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608
    records = [record_of(row) for row in connection.execute(sql, (after, limit))]
    return [(record, history(connection, record.id, -1)) for record in records]


def adopt(
    connection: apsw.Connection, rows: Sequence[tuple[Record, Sequence[Change]]], clock: Clock
) -> int:
    """Take over what is new here or newer than what is here."""
    taken = 0
    for record, changes in rows:
        present = get(connection, record.id)
        if present is not None and present.version >= record.version:
            continue
        if present is not None:
            _drop(connection, present)
        _insert(connection, replace(record, changed=_free(connection, record.changed)))
        for change in changes:
            _insert_change(connection, change)
        clock.last = max(clock.last, record.changed)
        taken += 1
    return taken


def _free(connection: apsw.Connection, seq: int) -> int:
    while connection.execute("SELECT 1 FROM entries WHERE seq = ?", (seq,)).get is not None:
        seq += 1
    return seq


def recall(connection: apsw.Connection, name: str) -> str:
    """A note of the tracker's own."""
    return str(connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).get or "")


def remember(connection: apsw.Connection, name: str, value: str) -> None:
    """Keep such a note."""
    connection.execute(
        "INSERT INTO notes (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def try_out(connection: apsw.Connection) -> None:
    """Write something, to see whether that works."""
    remember(connection, "tried", str(time.time_ns()))


def record_of(row: Sequence[Any]) -> Record:
    """The record in a row of COLUMNS."""
    id, version, url, email, note, tags, status, deleted, created, seq, stamp, pair = row  # noqa: A001
    return Record(
        id,
        version,
        url,
        email,
        note,
        tuple(tags.split(",")) if tags else (),
        status,
        bool(deleted),
        created,
        seq,
        stamp,
        pair,
        (),
    )
