"""What an earlier Lou stored is brought to the present form: all of it, crash-safe, found alike.

`old/` holds a file and the documents of one that were made by the code of before, each with what
its entries and searches were; they are small and never made again.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import urllib.request
from pathlib import Path
from typing import Any

import apsw
import pytest

from servers.host.tools.service import StartRefusedError
from servers.tracker.codec import resealing
from servers.tracker.codec.record_codec import new_id
from servers.tracker.codec.seal import Sealer
from servers.tracker.entry import Rules
from servers.tracker.server import TrackerServer
from servers.tracker.stores.base import StoreError
from servers.tracker.stores.sqlite import tables
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.tracker.killing import Victims, integrity
from tests.tracker.scene import started, tools

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

OLD = Path(__file__).parent / "old"
KEY = b"b2xkLXdheS1rZXktZm9yLXRlc3RzLW9ubHktLS0tLS0="
SEALER = Sealer([KEY], Rules())


def unpacked(name: str) -> Any:
    return json.loads(gzip.decompress((OLD / name).read_bytes()))


def put_file(folder: Path) -> Path:
    """The file of an earlier Lou, where a tracker looks for it."""
    place = folder / "tracker"
    place.mkdir(parents=True)
    file = place / "tracker.db"
    file.write_bytes(gzip.decompress((OLD / "tracker.db.gz").read_bytes()))
    return file


def put_documents(emulator: str, collection: str) -> Any:
    """The documents of an earlier Lou, under a collection of their own."""
    whole = unpacked("firestore.json.gz")
    base = "projects/demo-lou/databases/(default)/documents"
    writes = [
        {"update": {"name": f"{base}/{collection}_{kind}/{name}", "fields": fields}}
        for kind, found in whole["documents"].items()
        for name, fields in found.items()
    ]
    request = urllib.request.Request(
        f"http://{emulator}/v1/{base}:commit",
        json.dumps({"writes": writes}).encode(),
        {"Authorization": "Bearer owner", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).read()
    return whole


async def brought_over(server: TrackerServer) -> None:
    async with asyncio.timeout(120):
        while True:
            state = await tools(server)["store_state"]()
            if not (state.older_keys or state.resealing["running"]):
                break
            await asyncio.sleep(0.01)


async def compare(server: TrackerServer, expected: Any, *, every: int = 1) -> None:
    """That every entry is as it was, with its history, and every search finds what it found."""
    call = tools(server)
    for name, one in list(expected["entries"].items())[::every]:
        assert await call["get_entry"](name, history=10) == one
    wrong = []
    for filters, ids in expected["answers"][::every]:
        found: list[str] = []
        cursor = ""
        while True:
            page = await call["find_tracked"](**filters, limit=7, cursor=cursor)
            found += [one["id"] for one in page.entries]
            if not (cursor := page.cursor):
                break
        if found != ids:
            wrong.append((filters, len(ids), len(found)))
    assert not wrong


def digests_in(file: Path) -> set[str]:
    """Every digest in the index of the file, those of replaced rows included."""
    connection = apsw.Connection(str(file))
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, found, row)")
    found = {term for (term,) in connection.execute("SELECT term FROM vocabulary")}
    connection.close()
    return found


def first_digests(expected: Any) -> set[str]:
    """What the entries were found by in the first form, as far as it could be told from rows."""
    stamp = next(one for one in SEALER._digests if SEALER.is_of_first_form(one))
    names = {one["entry"]["email"].partition("@")[0] for one in expected["entries"].values()}
    words = {part for name in names for part in name.replace("+", ".").split(".")}
    return {SEALER.digest("word", w[:n], stamp) for w in words for n in range(3, len(w) + 1)}


async def test_a_file_of_before_is_brought_over_with_nothing_lost_and_found_alike(
    tmp_path: Path,
) -> None:
    file, expected = put_file(tmp_path), unpacked("tracker.json.gz")
    assert first_digests(expected) & digests_in(file)
    server = await started(tmp_path, KEY)
    await compare(server, expected, every=9)  # while it goes on
    await brought_over(server)
    await compare(server, expected)
    entry = next(iter(expected["entries"].values()))["entry"]
    again = await tools(server)["track_url_email"](url=entry["url"], email=entry["email"])
    assert (again["outcome"], again["entry"]["id"]) == ("unchanged", entry["id"])
    await server.stop()
    assert not first_digests(expected) & digests_in(file), "nothing is left of the index of before"
    data = file.read_bytes()
    assert not [one for one in first_digests(expected) if one.encode() in data]
    connection = apsw.Connection(str(file))
    stamps = {one for (one,) in connection.execute("SELECT stamp FROM entries")}
    stamps |= {one for (one,) in connection.execute("SELECT stamp FROM changes")}
    connection.close()
    assert stamps == {SEALER.stamp}
    assert list((tmp_path / "tracker" / "backups").glob("*before-v3.db"))
    server = await started(tmp_path, KEY)
    await compare(server, expected, every=5)
    await server.stop()


async def test_an_earlier_lou_refuses_the_file_in_words(tmp_path: Path) -> None:
    file = put_file(tmp_path)
    await (await started(tmp_path, KEY)).stop()
    with pytest.raises(StoreError) as refused:
        await SqliteStore(file.parent, steps=tables.PRESENT[:2]).open()
    assert refused.value.code == "newer_file"
    assert "newer Lou" in refused.value.reason


async def test_killed_at_any_moment_it_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    put_file(tmp_path)
    task = {"task": "reseal", "folder": str(tmp_path), "keys": KEY.decode(), "at_once": 2}
    deaths = 0
    with Victims(3) as victims:
        for _ in range(6):
            _, was_killed = victims.kill_during(task, first="resealed", within_s=0.05)
            deaths += was_killed
            assert integrity(tmp_path) == "ok"
    assert deaths
    server = await started(tmp_path, KEY)
    await brought_over(server)
    await compare(server, unpacked("tracker.json.gz"), every=3)
    await server.stop()


async def test_documents_of_before_are_brought_over_killed_or_not(
    tmp_path: Path, emulator: str
) -> None:
    place = {"emulator": emulator, "collection": f"old{new_id()}"}
    expected = put_documents(emulator, place["collection"])
    task = {
        "task": "reseal",
        "folder": str(tmp_path),
        "keys": KEY.decode(),
        "settings": {"firestore": place},
        "at_once": 3,
    }
    with Victims(5) as victims:
        victims.kill_during(task, first="resealed", within_s=0.3)
    server = await started(tmp_path, KEY, firestore=place)
    await compare(server, expected, every=7)
    await brought_over(server)
    await compare(server, expected)
    assert server._lifecycle.store is not None
    assert await server._lifecycle.store.stamps() == {SEALER.stamp}
    first = set(SEALER._digests) - set(SEALER.key_ids)
    assert not {SEALER.stamp.partition(".")[0]} & first, "an earlier Lou knows no such key"
    entry = next(iter(expected["entries"].values()))["entry"]
    again = await tools(server)["track_url_email"](url=entry["url"], email=entry["email"])
    assert (again["outcome"], again["entry"]["id"]) == ("unchanged", entry["id"])
    await server._lifecycle.store.remember("form", "3")
    await server.stop()
    with pytest.raises(StartRefusedError) as refused:
        await started(tmp_path, KEY, firestore=place)
    assert refused.value.code == "newer_data"


async def test_rows_whose_clear_fields_were_changed_are_locked_not_believed(tmp_path: Path) -> None:
    file = put_file(tmp_path)
    server = await started(tmp_path, KEY)
    await brought_over(server)
    await server.stop()
    connection = apsw.Connection(str(file))
    connection.execute("UPDATE entries SET status = 'do_not_contact' WHERE seq % 3 = 0")
    connection.execute("UPDATE entries SET version = version + 1 WHERE seq % 3 = 1")
    changed = {one for (one,) in connection.execute("SELECT id FROM entries WHERE seq % 3 < 2")}
    connection.close()
    server = await started(tmp_path, KEY)
    for name in unpacked("tracker.json.gz")["entries"]:
        entry = (await tools(server)["get_entry"](name))["entry"]
        assert entry.get("locked", False) == (name in changed)
    await server.stop()


def test_rows_are_brought_over_a_few_at_a_time() -> None:
    assert resealing._AT_ONCE <= 100
