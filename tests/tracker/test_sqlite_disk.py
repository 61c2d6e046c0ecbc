"""The SQLite file on a disk that is full, failing, damaged, or was left in a hurry."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from servers.host.tools.service import ToolError
from servers.tracker.codec.record_codec import Search
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.base import StoreError, StoreQuery
from servers.tracker.stores.sqlite import backup as sqlite_backup
from servers.tracker.stores.sqlite import disk, sqlite_file, tables
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from servers.tracker.stores.sqlite.sqlite_worker import SqliteWorker
from tests.patience import PATIENCE_S
from tests.tracker.scene import draft, make_entry_service, until

pytestmark = pytest.mark.anyio


class FaultyFile(apsw.VFSFile):
    """A file on a disk that can be told to fail."""

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        FaultyDisk.fail("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        FaultyDisk.fail("sync")
        super().xSync(flags)


class FaultyDisk(apsw.VFS):
    """Fails the n-th write or sync from now on, and all after it, until it is well again."""

    error: type[apsw.Error] | None = None
    after = 0

    def __init__(self, base: str) -> None:
        super().__init__("faulty", base, makedefault=True)
        self._base = base

    def xOpen(self, name: Any, flags: list[int]) -> FaultyFile:  # noqa: N802
        return FaultyFile(self._base, name, flags)

    @classmethod
    def fail(cls, _what: str) -> None:
        if cls.error is not None:
            cls.after -= 1
            if cls.after < 0:
                raise cls.error("injected")

    @classmethod
    def break_down(cls, error: type[apsw.Error], after: int = 0) -> None:
        cls.error, cls.after = error, after


@pytest.fixture
def faulty_disk() -> Iterator[type[FaultyDisk]]:
    default = apsw.vfs_names()[0]
    faulty = FaultyDisk(default)
    yield FaultyDisk
    FaultyDisk.error = None
    faulty.unregister()
    apsw.set_default_vfs(default)


@pytest.mark.parametrize(
    ("error", "code"), [(apsw.FullError, "disk_full"), (apsw.IOError, "disk_failing")]
)
async def test_a_failing_disk_costs_only_the_writes_that_were_refused(
    tmp_path: Path,
    faulty_disk: type[FaultyDisk],
    error: type[apsw.Error],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite_file, "_TRY_AGAIN_S", 0.02)
    told: list[tuple[str, bool]] = []
    store = SqliteStore(
        tmp_path, report_trouble=lambda one, *, cleared: told.append((one.code, cleared))
    )
    await store.open()
    entry_service = make_entry_service(store)
    kept = 0
    for after in range(0, 120, 6):
        faulty_disk.break_down(error, after)
        refused: list[str] = []
        for _ in range(20):
            try:
                await entry_service.track([draft(kept)], "test")
            except StoreError as failed:
                refused.append(failed.kind)
                break
            kept += 1
        entries, _ = await entry_service.find(Search(limit=100))
        assert len(entries) == min(kept, 100)
        assert set(refused) <= {code}
        faulty_disk.error = None
        if refused:
            await until(lambda: store.trouble is None)
        assert (await store.counts()).live == kept
    assert told[:2] == [(code, False), (code, True)]
    assert told.count((code, False)) == told.count((code, True))
    await store.close()
    assert kept > 0
    connection = apsw.Connection(str(tmp_path / "tracker.db"))
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    connection.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "lou-test", str(place)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root; the injected faults cover the same states")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int = 0) -> Path:
    """Fill the disk but for `leave` bytes; what to remove to have room again."""
    ballast = place / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as handle:
        while True:
            handle.write(b"x" * 512)
    with ballast.open("r+b") as handle:
        handle.truncate(max(0, ballast.stat().st_size - leave))
    return ballast


async def track_until_refused(entry_service: EntryService) -> None:
    for number in range(50, 5000):
        await entry_service.track([draft(number, note="x" * 3000)], "test")


async def test_a_really_full_disk_is_read_only_and_recovers_by_itself(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_TRY_AGAIN_S", 0.05)
    store = SqliteStore(small_disk)
    await store.open()
    entry_service = make_entry_service(store)
    await entry_service.track([draft(n) for n in range(50)], "test")
    ballast = fill(small_disk, leave=200_000)
    with pytest.raises(StoreError) as refused:
        await track_until_refused(entry_service)
    assert refused.value.kind == "disk_full"
    assert "still works" in refused.value.message
    live = (await store.counts()).live
    assert len((await entry_service.find(Search(words=("person7",))))[0]) == 1
    ballast.unlink()
    await until(lambda: store.trouble is None)
    await entry_service.track([draft(9999)], "test")
    assert (await store.counts()).live == live + 1
    await store.close()


async def test_a_start_on_a_full_disk_reads_and_waits_for_room(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_TRY_AGAIN_S", 0.05)
    store = SqliteStore(small_disk)
    await store.open()
    await make_entry_service(store).track([draft(n) for n in range(50)], "test")
    await store.close()
    ballast = fill(small_disk)
    store = SqliteStore(small_disk)
    await store.open()
    assert store.trouble is not None
    entry_service = make_entry_service(store)
    assert len((await entry_service.find(Search(limit=100)))[0]) == 50
    with pytest.raises(StoreError):
        await entry_service.track([draft(77)], "test")
    ballast.unlink()
    await until(lambda: store.trouble is None)
    await entry_service.track([draft(77)], "test")
    await store.close()


async def test_a_damaged_file_is_put_aside_and_the_newest_good_backup_returns(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    entry_service = make_entry_service(store)
    await entry_service.track([draft(n) for n in range(200)], "test")
    await store.back_up()
    await entry_service.track([draft(n) for n in range(200, 210)], "test")
    await store.close()
    file = tmp_path / "tracker.db"
    with file.open("r+b") as handle:
        handle.write(b"\0" * 100)
    told: list[StoreError] = []
    store = SqliteStore(
        tmp_path, report_trouble=lambda one, *, cleared: None if cleared else told.append(one)
    )
    async with asyncio.timeout(PATIENCE_S):
        await store.open()
        assert (await store.counts()).live == 200
    assert [one.code for one in told] == ["damaged", "restored"]
    assert "hours are missing" in told[1].reason
    assert len(list(tmp_path.glob("*.damaged.db"))) == 1
    await make_entry_service(store).track([draft(999)], "test")
    await store.close()


async def test_damage_that_only_the_check_after_a_hard_stop_sees_is_mended(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await make_entry_service(store).track([draft(n, note="x" * 500) for n in range(400)], "test")
    await store.back_up()
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("tracker.db", "tracker.db-wal"):
        shutil.copy(tmp_path / name, copy / name)
    shutil.copytree(tmp_path / "backups", copy / "backups")
    await store.close()
    with contextlib.closing(apsw.Connection(str(copy / "tracker.db"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name='entries_pair'"
        ).get
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO notes VALUES ('a','b')")
        connection.execute("COMMIT")
        shutil.copy(copy / "tracker.db-wal", copy / "kept-wal")
    with (copy / "tracker.db").open("r+b") as handle:
        handle.seek((int(page) - 1) * 4096)
        handle.write(b"\xff" * 2000)
    (copy / "kept-wal").replace(copy / "tracker.db-wal")
    told: list[str] = []
    store = SqliteStore(
        copy, report_trouble=lambda one, *, cleared: told.append(f"{one.code} {cleared}")
    )
    await store.open()
    assert (await store.counts()).live == 400
    await store.close()
    assert told == ["damaged False", "damaged True", "restored False"]


async def test_without_any_backup_the_damaged_file_is_kept_and_said(tmp_path: Path) -> None:
    (tmp_path / "tracker.db").write_bytes(b"this is no database" * 1000)
    told: list[StoreError] = []
    store = SqliteStore(
        tmp_path, report_trouble=lambda one, *, cleared: None if cleared else told.append(one)
    )
    await store.open()
    assert told[-1].code == "restored_empty"
    assert (await store.counts()).live == 0
    assert next(tmp_path.glob("*.damaged.db")).read_bytes().startswith(b"this is no database")
    await store.close()


async def test_a_backup_that_is_damaged_itself_is_passed_over(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await make_entry_service(store).track([draft(1)], "test")
    good = await store.back_up()
    await store.close()
    (good.parent / "tracker-99991231-000000-daily.db").write_bytes(b"bad" * 5000)
    (tmp_path / "tracker.db").write_bytes(b"bad" * 5000)
    store = SqliteStore(tmp_path)
    await store.open()
    assert (await store.counts()).live == 1
    await store.close()


async def test_a_file_of_a_newer_lou_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, steps=(*tables.PRESENT, "CREATE TABLE later (x)"))
    await store.open()
    await store.close()
    before = (tmp_path / "tracker.db").read_bytes()
    with pytest.raises(StoreError) as refused:
        await SqliteStore(tmp_path).open()
    assert refused.value.code == "newer_file"
    assert (tmp_path / "tracker.db").read_bytes() == before


async def test_a_change_of_shape_that_failed_is_said_and_tried_again(
    tmp_path: Path, faulty_disk: type[FaultyDisk]
) -> None:
    older = SqliteStore(tmp_path, steps=tables.PRESENT[:1])
    await older.open()
    await make_entry_service(older).track([draft(1)], "test")
    await older.close()
    faulty_disk.error = apsw.FullError
    store = SqliteStore(tmp_path)
    await store.open()
    with pytest.raises(StoreError) as refused:
        await store.find(StoreQuery(deleted=True))
    assert refused.value.code == "disk_full"
    faulty_disk.error = None
    await until(lambda: store.trouble is None)
    assert (await store.find(StoreQuery())).records
    await store.close()


async def test_a_folder_that_cannot_take_the_backup_is_said_and_tried_again(tmp_path: Path) -> None:
    older = SqliteStore(tmp_path, steps=tables.PRESENT[:1])
    await older.open()
    await make_entry_service(older).track([draft(1)], "test")
    await older.close()
    (tmp_path / "backups").write_bytes(b"")
    store = SqliteStore(tmp_path)
    await store.open()
    with pytest.raises(StoreError) as refused:
        await store.back_up()
    assert (refused.value.code, store.trouble and store.trouble.code) == ("disk_refused",) * 2
    (tmp_path / "backups").unlink()
    await until(lambda: store.trouble is None)
    assert (await store.find(StoreQuery())).records
    await store.close()


async def test_a_copy_that_is_still_being_made_does_not_keep_the_store_from_opening(
    tmp_path: Path,
) -> None:
    (tmp_path / "backups").mkdir()
    with (tmp_path / "backups/tracker-1-daily.db.unfinished").open("wb"):
        store = SqliteStore(tmp_path)
        await store.open()
        assert (await store.counts()).live == 0
        await store.close()


async def test_seven_daily_backups_are_kept(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    folder = tmp_path / "backups"
    folder.mkdir(exist_ok=True)
    for day in range(10, 20):
        (folder / f"tracker-202601{day}-000000-daily.db").write_bytes(b"")
    (folder / "tracker-20260101-000000-before-v2.db").write_bytes(b"")
    (folder / "tracker-1.db.unfinished").write_bytes(b"")
    newest = await store.back_up()
    assert len(sqlite_backup.backups(folder, "daily")) == 7
    assert sqlite_backup.backups(folder, "daily")[0] == newest
    assert len(sqlite_backup.backups(folder)) == 8
    await store.close()


async def test_files_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await make_entry_service(store).track([draft(1)], "test")
    await store.back_up()
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    await store.close()


async def test_a_closed_store_refuses_in_words(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await store.close()
    with pytest.raises(ToolError):
        await asyncio.wait_for(make_entry_service(store).track([draft(1)], "test"), PATIENCE_S)


@pytest.mark.parametrize("instead", ["nothing", "a backup", "no folder"])
async def test_a_file_that_is_taken_away_confirms_no_write_until_it_is_back(
    tmp_path: Path, instead: str
) -> None:
    folder, aside = tmp_path / "tracker", tmp_path / "aside"
    folder.mkdir()
    store = SqliteStore(folder)
    await store.open()
    entry_service = make_entry_service(store)
    await entry_service.track([draft(1)], "test")
    backup = await store.back_up()
    file = folder / "tracker.db"
    if instead == "no folder":
        folder.rename(aside)
    else:
        aside.mkdir()
        file.rename(aside / "tracker.db")
    if instead == "a backup":
        shutil.copy(backup, file)
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            await entry_service.track([draft(2)], "test")
        assert refused.value.code == "file_gone"
    with pytest.raises(StoreError):
        await store.back_up()
    assert file.exists() == (instead == "a backup")
    if instead == "no folder":
        aside.rename(folder)
    else:
        (aside / "tracker.db").replace(file)
    await until(lambda: store.trouble is None)
    await entry_service.track([draft(3)], "test")
    await store.close()
    reopened = SqliteStore(folder)
    await reopened.open()
    assert (await reopened.counts()).live == 2
    await reopened.close()


async def test_who_waits_for_another_program_waits_once(tmp_path: Path) -> None:
    def connect() -> apsw.Connection:
        connection = apsw.Connection(str(tmp_path / "file.db"))
        connection.set_busy_timeout(200)
        return connection

    other = connect()
    other.execute("CREATE TABLE t (x); BEGIN IMMEDIATE")
    worker = SqliteWorker("test", connect, lambda _, things: list(things))
    begun = time.monotonic()
    outcomes = await asyncio.gather(*(worker.do([n]) for n in range(50)), return_exceptions=True)
    assert {type(one) for one in outcomes} == {apsw.BusyError}
    assert time.monotonic() - begun < 5
    other.close()
    assert await worker.do([1]) == [1]
    await worker.close()


async def test_a_long_look_up_is_left_to_a_thread(tmp_path: Path) -> None:
    file = sqlite_file.SqliteFile(tmp_path / "x.db", lambda _trouble, *, cleared: None)
    await file.open()

    def up_to(last: int) -> Callable[[apsw.Connection], tuple[int, str]]:
        steps = f"VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {last}"
        sql = f"WITH RECURSIVE n(i) AS ({steps}) SELECT count(*) FROM n"

        def work(connection: apsw.Connection) -> tuple[int, str]:
            ((found,),) = connection.execute(sql).fetchall()
            return found, threading.current_thread().name

        return work

    assert await file.look_up(up_to(10)) == (10, threading.current_thread().name)
    assert await file.look_up(up_to(100_000)) == (100_000, "tracker-reader")
    assert await file.look_up(up_to(20)) == (20, threading.current_thread().name)
    await file.close()


async def test_the_settings_that_durability_needs_are_in_force(tmp_path: Path) -> None:
    connection = sqlite_backup.connect(tmp_path / "x.db")
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    connection.close()
    assert tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) >= (3, 51, 3)


def test_a_network_drive_is_recognised_by_the_mount_that_is_nearest() -> None:
    mounts = (
        "/dev/sda / ext4 rw 0 0\n"
        "server:/home /home nfs4 rw 0 0\n"
        "/dev/sdb /home/me/local\\040disk ext4 rw 0 0\n"
        "//nas/x /mnt/nas cifs rw 0 0\n"
    )
    kinds = {
        "/var/lib/lou": "",
        "/home/me/lou": "nfs4",
        "/home/me/local disk/lou": "",
        "/mnt/nas/lou": "cifs",
        "/mnt/nasty": "",
    }
    assert {place: disk.remote_kind(Path(place), mounts) for place in kinds} == kinds
