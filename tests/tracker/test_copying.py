"""The copy between stores while both are in use, and however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from servers.tracker.codec.record_codec import Search
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from servers.tracker.transfer.store_copy import StoreCopy
from tests.tracker.scene import configuration, draft, make_entry_service, started, tools, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def get_service(tmp_path: Path) -> AsyncIterator[tuple[EntryService, EntryService]]:
    """Of the old store and of the new one."""
    stores = [SqliteStore(tmp_path / name) for name in ("old", "new")]
    for name, store in zip(("old", "new"), stores, strict=True):
        (tmp_path / name).mkdir()
        await store.open()
    yield make_entry_service(stores[0]), make_entry_service(stores[1])
    for store in stores:
        await store.close()


async def by_email(entry_service: EntryService, number: int) -> list[tuple[str, str, bool]]:
    found = []
    for deleted in (False, True):
        search = Search(email=f"person{number}@site{number}.example", deleted=deleted)
        found += (await entry_service.find(search))[0]
    return [(one.note, one.status, one.deleted) for one in found]


async def test_what_others_change_meanwhile_is_copied_as_well(
    get_service: tuple[EntryService, EntryService],
) -> None:
    old, new = get_service
    await old.track([draft(n) for n in range(250)], "test")
    copying = StoreCopy(old.store, lambda: new)
    running = asyncio.ensure_future(copying.run())
    await until(lambda: copying.progress.seen)
    (first,), _ = await old.find(Search(sort="oldest", limit=1))
    await old.update(first.id, 1, {"note": "late", "status": "won"}, "colleague")
    await old.track([draft(900)], "colleague")
    await running
    assert copying.progress.state == "done", copying.progress
    assert copying.progress.seen == copying.progress.total == 251
    assert await by_email(new, 0) == [("late", "won", False)]
    assert await by_email(new, 900) == [("", "new", False)]


async def test_a_pair_that_is_tracked_in_both_meanwhile_becomes_one(
    get_service: tuple[EntryService, EntryService],
) -> None:
    old, new = get_service
    await old.track([draft(n, note="old") for n in range(300)], "test")
    copying = StoreCopy(old.store, lambda: new)

    async def track_all() -> None:
        for number in range(299, -1, -1):
            await new.track([draft(number, note="new")], "colleague")

    await asyncio.gather(copying.run(), track_all())
    if copying.progress.state != "done":
        await copying.run()
    assert copying.progress.state == "done", copying.progress
    assert (await new.store.counts()).live == 300
    for number in range(0, 300, 10):
        ((note, _, _),) = await by_email(new, number)
        assert sorted(note.splitlines()) == ["new", "old"]


async def test_what_was_deleted_in_both_stays_deleted(
    get_service: tuple[EntryService, EntryService],
) -> None:
    for entry_service in get_service:
        ((_, entry),) = await entry_service.track([draft(1)], "test")  # type: ignore[misc]
        await entry_service.set_deleted(entry.id, "test", gone=True)
    old, new = get_service
    copying = StoreCopy(old.store, lambda: new)
    await copying.run()
    assert copying.progress.state == "done"
    assert await by_email(new, 1) == [("", "new", True)]


async def test_a_copy_that_is_stopped_at_once_lets_the_old_store_go(
    tmp_path: Path, emulator: str
) -> None:
    server = await started(tmp_path)
    await tools(server)["track_many"]([{"url": f"a.com/{n}", "email": "j@a.com"} for n in range(9)])
    place = {"emulator": emulator, "collection": f"stop{tmp_path.name}"}
    await server.configure(configuration(tmp_path, firestore=place))
    room = server._lifecycle
    for _ in range(3):
        copying = await room.start_copy()
        await room.stop_copy()
        assert copying.progress.state == "stopped"
    copying = await room.start_copy()
    await until(lambda: copying.progress.state != "running")
    assert copying.progress.state == "done", copying.progress
    await server.stop()


async def test_a_key_that_stops_fitting_stops_the_copy_in_words(
    tmp_path: Path, emulator: str
) -> None:
    server = await started(tmp_path)
    for start in range(0, 600, 200):
        rows = [{"url": f"a.com/{n}", "email": "j@a.com"} for n in range(start, start + 200)]
        await tools(server)["track_many"](rows)
    settings = {"firestore": {"emulator": emulator, "collection": f"key{tmp_path.name}"}}
    await server.configure(configuration(tmp_path, **settings))
    copying = await server._lifecycle.start_copy()
    await until(lambda: copying.progress.seen)
    await server.configure(configuration(tmp_path, Fernet.generate_key(), **settings))
    await until(lambda: copying.progress.state != "running")
    assert copying.progress.state == "stopped"
    assert "key" in copying.progress.message
    await server.configure(configuration(tmp_path, **settings))
    copying = await server._lifecycle.start_copy()
    await until(lambda: copying.progress.state != "running")
    assert copying.progress.state == "done", copying.progress
    assert (await tools(server)["tracker_stats"]())["entries"] == 600
    await server.stop()
