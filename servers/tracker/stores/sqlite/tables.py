"""The schema of the SQLite file, one script a version, and the migration to the last one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import apsw

from servers.tracker.stores.base import StoreError

log = logging.getLogger(__name__)

PRESENT: tuple[str, ...] = (
    """
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        url TEXT NOT NULL,
        secret TEXT NOT NULL,
        tags TEXT NOT NULL,
        status TEXT NOT NULL,
        deleted INTEGER NOT NULL,
        created INTEGER NOT NULL,
        stamp TEXT NOT NULL,
        pair TEXT NOT NULL
    ) STRICT;
    CREATE INDEX entries_pair ON entries (pair);
    CREATE INDEX entries_status ON entries (deleted, status);
    CREATE INDEX entries_created ON entries (deleted, created);
    CREATE INDEX entries_url ON entries (deleted, url);
    CREATE INDEX entries_stamp ON entries (stamp);
    CREATE VIRTUAL TABLE found USING fts5 (
        terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    );
    CREATE TABLE changes (
        entry TEXT NOT NULL,
        version INTEGER NOT NULL,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        stamp TEXT NOT NULL,
        PRIMARY KEY (entry, version)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX changes_stamp ON changes (stamp);
    CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    DROP INDEX entries_status;
    DROP INDEX entries_created;
    DROP INDEX entries_url;
    CREATE INDEX entries_deleted ON entries (deleted);
    CREATE INDEX entries_created ON entries (deleted, created, seq, status, tags);
    CREATE INDEX entries_url ON entries (deleted, url, seq, status, tags);
    CREATE TABLE totals (
        deleted INTEGER NOT NULL,
        status TEXT NOT NULL,
        entries INTEGER NOT NULL,
        PRIMARY KEY (deleted, status)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO totals SELECT deleted, status, count(*) FROM entries GROUP BY deleted, status;
    CREATE TRIGGER one_more AFTER INSERT ON entries BEGIN
        INSERT INTO totals VALUES (new.deleted, new.status, 1)
            ON CONFLICT DO UPDATE SET entries = entries + 1;
    END;
    CREATE TRIGGER one_less AFTER DELETE ON entries BEGIN
        UPDATE totals SET entries = entries - 1
            WHERE deleted = old.deleted AND status = old.status;
    END;
    """,
    # Rows are sealed in a form that an earlier Lou cannot read. Resealing converts them in the
    # background, and then removes what is left of the former index.
    """
    INSERT OR REPLACE INTO notes VALUES ('untidy', 'yes');
    """,
)
"""One script per version: the first makes version 1, each other one the version after."""


def version(connection: apsw.Connection) -> int:
    """The version of the file; 0 when it is new."""
    return int(connection.pragma("user_version"))


def migrate(
    connection: apsw.Connection, back_up: Callable[[str], object], steps: Sequence[str] = PRESENT
) -> None:
    """Bring the file to the last of `steps`; a file that holds something is backed up before.

    Raises:
        StoreError: it is past the last step.
    """
    found = version(connection)
    if found > len(steps):
        raise StoreError(
            "newer_file",
            "The tracker's file was written by a newer Lou.",
            "Install the newest Lou, or move tracker.db away to start afresh.",
        )
    if 0 < found < len(steps):
        back_up(f"before-v{len(steps)}")
        _wipe(connection)
    if found < len(steps):
        with connection:  # one transaction: each costs several waits for the disk
            for step in steps[found:]:
                connection.execute(step)
            connection.pragma("user_version", len(steps))


def _wipe(connection: apsw.Connection) -> None:
    """Rewrite the file, without what lies in pages that are no longer used."""
    try:
        connection.execute("VACUUM")
    except apsw.FullError:
        log.warning("There is no room to rewrite the tracker's file; it is used as it is")
