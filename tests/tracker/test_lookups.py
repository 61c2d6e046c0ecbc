"""Every order of every filter: what looking at each entry finds, and no dearer among many."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from servers.tracker.codec import search_terms
from servers.tracker.codec.record_codec import Search
from servers.tracker.entry import STATUSES, Entry
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.base import SealedRecord, StoreQuery
from servers.tracker.stores.sqlite import backup, queries, tables
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.tracker.scene import draft, make_entry_service

pytestmark = pytest.mark.anyio

WORDS = ("rare", "seldom", "often", "always")
SORTS: dict[str, Any] = {
    "changed": lambda one: (-one.changed,),
    "oldest": lambda one: (one.changed,),
    "created": lambda one: (-one.created, -one.changed),
    "url": lambda one: (one.url, one.changed),
}


def some(number: int, rng: random.Random) -> Any:
    note = " ".join(
        word for word, odds in zip(WORDS, (0.02, 0.2, 0.6, 1), strict=True) if rng.random() < odds
    )
    tags = tuple(tag for tag in ("a", "ab", "b c") if rng.random() < 0.4)
    one = draft(number, note=note, tags=tags, status=rng.choice(STATUSES[:4]))
    return replace(one, url=f"https://site{rng.randrange(40)}.example/contact")


async def changed_at_random(entry_service: EntryService, rng: random.Random) -> list[Entry]:
    """Entries that were created, changed and deleted in no order."""
    ids: list[str] = []
    for number in range(0, 240, 40):
        drafts = [some(n, rng) for n in range(number, number + 40)]
        ids += [entry.id for _, entry in await entry_service.track(drafts, "test")]  # type: ignore[misc]
        for name in rng.sample(ids, 8):
            fields = {"note": f"{rng.choice(WORDS)} {rng.random()}"}
            await entry_service.update(
                name, (await entry_service.get(name)).version, fields, "test"
            )
        for name in rng.sample(ids, 4):
            await entry_service.set_deleted(name, "test", gone=rng.random() < 0.7)
    return [await entry_service.get(name) for name in ids]


def matching(entries: list[Entry], search: Search) -> list[Entry]:
    def is_meant(one: Entry) -> bool:
        return (
            one.deleted == search.deleted
            and one.changed >= search.since
            and search.status in {"", one.status}
            and (not search.tag or search.tag in one.tags)
            and all(word in search_terms.words(one.note) for word in search.words)
        )

    return sorted(filter(is_meant, entries), key=SORTS[search.sort])


@pytest.mark.parametrize(("few", "many", "tasted"), [(0, 0, 500), (3, 40, 10), (1000, 9000, 150)])
@pytest.mark.parametrize("seed", range(3))
async def test_pages_hold_what_looking_at_each_entry_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, many: int, tasted: int, seed: int
) -> None:
    for name, size in (("_FEW", few), ("_MANY", many), ("_LOOKED_UP", tasted)):
        monkeypatch.setattr(queries, name, size)
    rng = random.Random(seed)
    store = SqliteStore(tmp_path)
    await store.open()
    entry_service = make_entry_service(store)
    entries = await changed_at_random(entry_service, rng)
    moments = sorted(one.changed for one in entries)
    for _ in range(150):
        search = Search(
            words=tuple(rng.sample(WORDS, rng.choice((0, 0, 1, 2)))),
            tag=rng.choice(("", "", "a", "ab", "b c", "none")),
            status=rng.choice(("", "", *STATUSES)),
            deleted=rng.random() < 0.2,
            since=rng.choice((0, 0, rng.choice(moments), moments[-1] + 1)),
            sort=rng.choice(tuple(SORTS)),  # type: ignore[arg-type]
            limit=rng.choice((1, 3, 7, 50)),
        )
        found: list[Entry] = []
        turned = search
        while True:
            page, cursor = await entry_service.find(turned)
            found += page
            if not cursor:
                break
            turned = replace(turned, cursor=cursor)
        assert found == matching(entries, search), search
    await store.close()


async def test_a_search_begins_no_task(tmp_path: Path) -> None:
    """A task takes longer than what SQLite does for one entry."""
    store = SqliteStore(tmp_path)
    await store.open()
    entry_service = make_entry_service(store)
    await entry_service.track([draft(1)], "test")
    search = Search(email=draft(1).email)
    await entry_service.find(search)
    loop, begun = asyncio.get_running_loop(), []

    def count(loop: asyncio.AbstractEventLoop, work: Any, **rest: Any) -> asyncio.Task[Any]:
        begun.append(work)
        return asyncio.Task(work, loop=loop, **rest)

    loop.set_task_factory(count)
    found, _ = await entry_service.find(search)
    loop.set_task_factory(None)
    assert [one.email for one in found] == [draft(1).email]
    assert not begun
    await store.close()


def steps(file: Path, query: StoreQuery) -> int:
    """What SQLite does for one page, in tens of steps of its machine."""
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 1
        return False

    connection = backup.connect(file)
    connection.set_progress_handler(count, 10)
    assert len(queries.find(connection, query).records) <= query.limit
    connection.close()
    return taken


FILTERS = (
    Search(),
    Search(deleted=True),
    Search(status="new"),
    Search(status="lost"),
    Search(tag="x"),
    Search(tag="x", status="new"),
    Search(words=("contact",)),
    Search(since=1),
    Search(since=1 << 60),
    Search(since=1, status="new"),
)


async def test_no_page_costs_more_among_ten_times_as_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_FEW", 20)
    monkeypatch.setattr(queries, "_MANY", 40)
    store = SqliteStore(tmp_path)
    await store.open()
    entry_service = make_entry_service(store)
    searches = [replace(one, sort=sort) for one in FILTERS for sort in SORTS]  # type: ignore[arg-type]
    costs: list[list[int]] = []
    for more in (range(300), range(300, 3000)):
        await entry_service.track([draft(n, tags=("x",)) for n in more], "test")
        costs.append(
            [await cost(tmp_path / "tracker.db", entry_service, one, more.stop) for one in searches]
        )
    await store.close()
    dear = [
        (one, few, many)
        for one, few, many in zip(searches, *costs, strict=True)
        if many > 3 * few + 100
    ]
    assert not dear


async def cost(file: Path, entry_service: EntryService, search: Search, count: int) -> int:
    """Of the first page and of one from the middle."""
    query = entry_service.codec.query(search)
    middle = entry_service.codec.query(Search(sort=search.sort, limit=count // 2))
    deep = (await entry_service.store.find(middle)).cursor
    return steps(file, query) + steps(file, replace(query, cursor=deep))


async def test_what_a_machine_with_a_late_clock_changed_is_on_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_FEW", 0)
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
    source, target = SqliteStore(tmp_path / "source"), SqliteStore(tmp_path / "target")
    for store in (source, target):
        await store.open()
    await make_entry_service(source).track([draft(n, note="word") for n in range(30)], "test")
    entry_service = make_entry_service(target)
    taken = [
        (entry_service.codec.record(await make_entry_service(source).get(record.id)), changes)
        for record, changes in await source.scan("", 100)
    ]
    late = next(
        at
        for at, (record, _) in enumerate(taken)
        if record.created == max(one.created for one, _ in taken)
    )
    taken[late] = replace(taken[late][0], changed=1), taken[late][1]
    assert await target.adopt(taken) == 30
    (found,), _ = await entry_service.find(Search(words=("word",), sort="created", limit=1))
    assert found.id == taken[late][0].id
    for store in (source, target):
        await store.close()


async def test_totals_count_the_entries_of_a_file_that_had_none(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, steps=tables.PRESENT[:1])
    await store.open()
    entry_service = make_entry_service(store)
    drafts = [draft(1), draft(2, status="won", tags=("x",)), draft(3)]
    ids = [entry.id for _, entry in await entry_service.track(drafts, "test")]  # type: ignore[misc]
    await entry_service.set_deleted(ids[2], "test", gone=True)
    await store.close()
    store = SqliteStore(tmp_path)
    await store.open()
    counts = await store.counts()
    assert (counts.by_status, counts.deleted) == ({"new": 1, "won": 1}, 1)
    entry_service = make_entry_service(store)
    found, _ = await entry_service.find(Search(tag="x", sort="url"))
    assert [one.id for one in found] == [ids[1]]
    assert [
        path.name for path in backup.backups(tmp_path / "backups", f"before-v{len(tables.PRESENT)}")
    ]
    await store.close()
    connection = apsw.Connection(str(tmp_path / "tracker.db"))
    assert tables.version(connection) == len(tables.PRESENT)
    connection.close()


async def test_few_stored_entries_are_opened_between_two_turns_of_the_loop(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await make_entry_service(store).track([draft(number) for number in range(300)], "test")
    entry_service = make_entry_service(store)
    codec, open_one, opened, most = entry_service.codec, entry_service.codec.entry, 0, 0

    def counted(record: SealedRecord) -> Entry:
        nonlocal opened
        opened += 1
        return open_one(record)

    codec.entry = counted  # type: ignore[method-assign]
    looking = entry_service.prefix_words.look(store, codec)
    while not looking.done():
        most, opened = max(most, opened), 0
        await asyncio.sleep(0)
    found = await entry_service.prefix_words.of("person29", store, codec, 20)
    assert found == sorted(f"person29{digit}" for digit in range(10))
    assert 0 < most <= 20
    await store.close()


async def test_the_words_of_entries_that_threads_seal_are_found(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    words = make_entry_service(store).prefix_words

    def seal(thread: int) -> None:
        for number in range(2_000):
            words.written("https://firm.example", f"worker{thread}x{number:04}@firm.example")

    threads = [asyncio.create_task(asyncio.to_thread(seal, number)) for number in range(4)]
    codec = make_entry_service(store).codec
    while not all(each.done() for each in threads):
        await words.of("worker", store, codec, 9)
        await asyncio.sleep(0)
    await asyncio.gather(*threads)
    found = [await words.of(f"worker{number}", store, codec, 3_000) for number in range(4)]
    assert [len(each or ()) for each in found] == [2_000] * 4
    await store.close()
