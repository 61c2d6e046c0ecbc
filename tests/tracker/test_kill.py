"""kill -9 at random moments, with real processes: what was acknowledged is there, once."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from servers.tracker.codec.record_codec import Search
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.sqlite import backup as sqlite_backup
from servers.tracker.stores.sqlite import tables
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.bench.rivals import Piped, greet
from tests.bench.tracker_rig import LOU_CONNECT, Tracker, tracking
from tests.tracker.killing import Victims, integrity
from tests.tracker.scene import KEY, draft, make_entry_service
from tests.tracker.victim import STEPS

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


@asynccontextmanager
async def opened_service(
    folder: Path, *keys: bytes, steps: Any = None
) -> AsyncIterator[EntryService]:
    store = SqliteStore(folder / "tracker", steps=steps or tables.PRESENT)
    (folder / "tracker").mkdir(exist_ok=True)
    await store.open()
    yield make_entry_service(store, *keys)
    await store.close()


async def emails(entry_service: EntryService) -> list[str]:
    """The address of every live entry."""
    found: list[str] = []
    search = Search(limit=1000)
    while True:
        entries, cursor = await entry_service.find(search)
        found += [entry.email for entry in entries]
        if not cursor:
            return found
        search = Search(limit=1000, cursor=cursor)


async def kill_writers(folder: Path, times: int, seed: int) -> int:
    """Kill writers; how many writes were acknowledged in all."""
    key = Fernet.generate_key()
    acknowledged: dict[int, str] = {}
    with Victims(seed) as victims:
        for round_ in range(times):
            task = {"task": "write", "folder": str(folder), "keys": key.decode()}
            told, killed = victims.kill_during(
                {**task, "from": round_ * 100_000}, first="ack", within_s=0.06
            )
            assert killed
            acknowledged.update({fact["ack"]: fact["id"] for fact in told if "ack" in fact})
            assert integrity(folder) == "ok"
    async with opened_service(folder, key) as entry_service:
        found = await emails(entry_service)
        assert len(found) == len(set(found))
        stored = set(found)
        for number, name in acknowledged.items():
            assert f"p{number}@site{number}.example" in stored
            assert (await entry_service.get(name)).version == 1
            assert len(await entry_service.history(name, 5)) == 1
    return len(acknowledged)


async def kill_imports(folder: Path, times: int, seed: int) -> None:
    key = Fernet.generate_key()
    count = 3000
    rows = "".join(f"https://s{n}.example/,p{n}@s{n}.example\n" for n in range(count))
    (folder / "rows.csv").write_text("url,email\n" + rows)
    kept = 0
    with Victims(seed) as victims:
        for _ in range(times):
            task = {"task": "import", "folder": str(folder), "keys": key.decode()}
            told, killed = victims.kill_during(task, first="rows", within_s=0.2)
            reported = max((fact["rows"] for fact in told if "rows" in fact), default=0)
            kept = max(kept, reported)
            assert integrity(folder) == "ok"
            async with opened_service(folder, key) as entry_service:
                found = await emails(entry_service)
            assert len(found) == len(set(found))
            assert {f"p{n}@s{n}.example" for n in range(kept)} <= set(found)
            if not killed:
                kept = 0
                for path in (folder / "tracker").glob("tracker.db*"):
                    path.unlink()


async def kill_resealing(folder: Path, times: int, seed: int) -> None:
    """Each round has a new key in front; what an earlier round left is resealed as well."""
    rng = random.Random(seed)
    keys = [Fernet.generate_key()]
    count = 400
    async with opened_service(folder, *keys) as entry_service:
        await entry_service.track([draft(n, note=f"note {n}") for n in range(count)], "test")
    with Victims(seed) as victims:
        for _ in range(times):
            if len(keys) == 1 or rng.random() < 0.2:
                keys.insert(0, Fernet.generate_key())
            names = b",".join(keys).decode()
            task = {"task": "reseal", "folder": str(folder), "keys": names}
            _, killed = victims.kill_during(task, first="resealed", within_s=0.25)
            assert integrity(folder) == "ok"
            if not killed:
                keys = keys[:1]
            async with opened_service(folder, *keys) as entry_service:
                entry_service.codec.older = tuple(
                    await entry_service.store.stamps() - {entry_service.codec.sealer.stamp}
                )
                found = await emails(entry_service)
                assert len(found) == count
                assert "" not in found
                number = rng.randrange(count)
                search = Search(email=f"person{number}@site{number}.example")
                ((entry,), _) = await entry_service.find(search)
                assert entry.note == f"note {number}"
                assert [line.action for line in await entry_service.history(entry.id, 5)] == [
                    "created"
                ]


async def kill_migrations(folder: Path, times: int, seed: int) -> None:
    key = Fernet.generate_key()
    async with opened_service(folder, key) as entry_service:
        for start in range(0, 2000, 500):
            await entry_service.track([draft(n) for n in range(start, start + 500)], "test")
    file = folder / "tracker" / "tracker.db"
    pristine = file.read_bytes()
    with Victims(seed) as victims:
        for _ in range(times):
            file.write_bytes(pristine)
            task = {"task": "migrate", "folder": str(folder)}
            victims.kill_during(task, first="opening", within_s=0.12)
            assert integrity(folder) == "ok"
            async with opened_service(folder, key, steps=STEPS) as entry_service:
                assert len(await emails(entry_service)) == 2000
            for backup in sqlite_backup.backups(folder / "tracker" / "backups"):
                backup.unlink()


async def kill_servers(folder: Path, times: int, seed: int) -> tuple[int, int, int]:
    """Kill the real server under a client; every answer that the client saw is an acknowledgement.

    How many there were, how many of them are lost, and how many entries are there twice.
    """
    acknowledged: set[int] = set()
    rng = random.Random(seed)
    requests = tracking(50_000)
    for _ in range(times):
        server = Tracker(KEY.decode(), folder)
        with closing(Piped(LOU_CONNECT, "tracker")) as bridge:
            greet(bridge)
            bridge.write(b"".join(itertools.islice(requests, 64)))
            until = time.monotonic() + rng.uniform(0.001, 0.06)
            said = b""
            while time.monotonic() < until:
                said += bridge.read()
                bridge.write(b"".join(itertools.islice(requests, 16)))
            server.kill()
        for one in said.split(b"\n")[:-1]:
            if b'outcome\\":\\"created' in one:
                acknowledged.add(int(one.split(b'"id":', 1)[1].split(b",")[0]) - 1)
        assert integrity(folder) == "ok"
    async with opened_service(folder, KEY) as entry_service:
        found = await emails(entry_service)
    lost = {f"person{n}@site{n}.example" for n in acknowledged} - set(found)
    return len(acknowledged), len(lost), len(found) - len(set(found))


async def test_what_the_real_server_answered_survives_kill_9(home: Path, figure: Any) -> None:
    count, lost, doubled = await kill_servers(home / "data", 5, seed=5)
    assert count
    figure("tracker: acknowledged across 5 kill -9 of the real server", count, "writes")
    figure("tracker: of them lost or doubled", lost + doubled, at_most=0, enforce=True)


async def test_acknowledged_writes_survive_kill_9(tmp_path: Path, figure: Any) -> None:
    count = await kill_writers(tmp_path, 8, seed=1)
    assert count > 8
    figure("tracker: writes acknowledged before 8 kill -9, all there once", count, "writes")


async def test_imported_rows_survive_kill_9(tmp_path: Path) -> None:
    await kill_imports(tmp_path, 5, seed=2)


async def test_resealing_goes_on_after_kill_9(tmp_path: Path) -> None:
    await kill_resealing(tmp_path, 6, seed=3)


async def test_a_migration_survives_kill_9(tmp_path: Path) -> None:
    await kill_migrations(tmp_path, 5, seed=4)
