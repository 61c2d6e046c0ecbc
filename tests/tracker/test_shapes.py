"""The SQLite file of an older Lou, and the backups that are made of it and of every other."""

from __future__ import annotations

import os
import time
from pathlib import Path

import apsw
import pytest

from servers.tracker.stores.base import StoreError
from servers.tracker.stores.sqlite import backup as sqlite_backup
from servers.tracker.stores.sqlite import sqlite_file, tables
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.tracker.scene import draft, make_entry_service, until

pytestmark = pytest.mark.anyio


async def test_an_older_file_is_backed_up_before_it_is_changed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await make_entry_service(store).track([draft(1)], "test")
    await store.close()
    store = SqliteStore(tmp_path, steps=(*tables.PRESENT, "CREATE TABLE later (x)"))
    await store.open()
    assert (await store.counts()).live == 1
    await store.close()
    (backup,) = sqlite_backup.backups(tmp_path / "backups", f"before-v{len(tables.PRESENT) + 1}")
    connection = apsw.Connection(str(backup))
    assert tables.version(connection) == len(tables.PRESENT)
    assert connection.execute("SELECT count(*) FROM entries").get == 1
    connection.close()


async def test_a_change_of_shape_that_takes_long_is_said_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_SHAPED_BEFORE_READY_S", 0.01)
    told: list[tuple[str, bool]] = []
    older = SqliteStore(tmp_path, steps=tables.PRESENT[:1])
    await older.open()
    await make_entry_service(older).track([draft(n) for n in range(3000)], "test")
    await older.close()
    store = SqliteStore(
        tmp_path, report_trouble=lambda one, *, cleared: told.append((one.code, cleared))
    )
    await store.open()
    entry_service = make_entry_service(store)
    for work in (store.counts, store.stamps, lambda: entry_service.track([draft(1)], "test")):
        with pytest.raises(StoreError) as refused:
            await work()  # type: ignore[operator]
        assert refused.value.code == "shaping"
    await until(lambda: store.trouble is None)
    assert (await store.counts()).live == 3000
    assert told == [("shaping", False), ("shaping", True)]
    await store.close()


async def test_the_changes_of_shape_that_were_broken_off_do_not_fill_the_disk(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    folder = tmp_path / "backups"
    folder.mkdir(exist_ok=True)
    for day in range(1, 4):
        (folder / f"tracker-2026010{day}-000000-before-v9.db").write_bytes(b"")
    sqlite_backup.back_up(tmp_path / "tracker.db", folder, "before-v9")
    assert len(sqlite_backup.backups(folder, "before-v9")) == 2
    await store.close()


async def test_a_backup_from_the_future_does_not_put_off_the_next_one(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    made = await store.back_up()
    assert not sqlite_backup.is_due(made.parent)
    later = time.time() + 400 * sqlite_backup.DAY_S
    os.utime(made, (later, later))
    assert sqlite_backup.is_due(made.parent)
    await store.close()
