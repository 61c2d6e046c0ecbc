"""What every store must do: the same tests for SQLite and for Firestore."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import Any

import pytest

from servers.host.tools.service import ToolError
from servers.tracker.codec.record_codec import RecordCodec, Search, new_id
from servers.tracker.entry import Draft
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.base import CursorError, Store, StoreQuery, Write, Written
from tests.tracker.scene import draft

pytestmark = pytest.mark.anyio


def write_of(codec: RecordCodec, one: Draft) -> Write:
    from servers.tracker import ledger

    entry = ledger.begun(new_id(), one)
    change = codec.change(entry, "created", "test", None)
    return Write(codec.record(entry), change, 0, codec.pairs(one))


async def add(entry_service: EntryService, *drafts: Draft) -> list[str]:
    results = await entry_service.track(drafts, "test")
    return [entry.id for _, entry in results]  # type: ignore[misc]


async def test_a_new_record_is_read_back_as_it_was_written(
    store: Store, entry_service: EntryService
) -> None:
    write = write_of(entry_service.codec, draft(1, tags=("a", "b"), note="x"))
    (written,) = await store.apply([write])
    assert written.done
    assert written.record is not None
    read = await store.get(write.record.id)
    assert read is not None
    assert replace(read, terms=()) == replace(written.record, terms=())
    (line,) = await store.history(write.record.id, limit=5)
    assert (line.version, line.at) == (1, written.record.changed)
    assert line.what == write.change.what


async def test_a_missing_record_is_none(store: Store) -> None:
    assert await store.get("nothing") is None
    assert await store.history("nothing", limit=5) == []


@pytest.mark.parametrize("name", ["", "a/b", "..", "__x__", "x" * 2000, "ä", "a\0"])
async def test_what_no_entry_is_called_is_told_as_not_there(
    entry_service: EntryService, name: str
) -> None:
    with pytest.raises(ToolError) as told:
        await entry_service.get(name)
    assert told.value.kind == "not_found"


async def test_a_second_record_with_the_same_pair_is_not_written(
    store: Store, entry_service: EntryService
) -> None:
    first = write_of(entry_service.codec, draft(1))
    await store.apply([first])
    (second,) = await store.apply([write_of(entry_service.codec, draft(1))])
    assert not second.done
    assert second.record is not None
    assert second.record.id == first.record.id
    assert [one.id for one in await store.paired(first.pairs)] == [first.record.id]


async def test_twenty_that_create_the_same_pair_make_one_record(
    store: Store, entry_service: EntryService
) -> None:
    writes = [write_of(entry_service.codec, draft(1)) for _ in range(20)]
    results = await asyncio.gather(*(store.apply([one]) for one in writes))
    done = [one for (one,) in results if one.done]
    assert len(done) == 1
    assert {one.record.id for (one,) in results if one.record} == {done[0].record.id}  # type: ignore[union-attr]
    assert (await store.counts()).live == 1


async def test_a_record_is_replaced_only_at_the_version_it_was_read_at(
    store: Store, entry_service: EntryService
) -> None:
    first = write_of(entry_service.codec, draft(1))
    await store.apply([first])
    entry = await entry_service.get(first.record.id)

    def to_version(version: int, note: str) -> Write:
        after = replace(entry, version=version, note=note)
        change = entry_service.codec.change(after, "updated", "test", entry)
        return Write(entry_service.codec.record(after), change, version - 1)

    (stale,) = await store.apply([to_version(3, "stale")])
    assert not stale.done
    assert stale.record is not None
    assert stale.record.version == 1
    (fresh,) = await store.apply([to_version(2, "fresh")])
    assert fresh.done
    assert (await entry_service.get(entry.id)).note == "fresh"
    assert [line.version for line in await store.history(entry.id, limit=9)] == [2, 1]


async def test_writes_together_are_all_done_or_none(
    store: Store, entry_service: EntryService
) -> None:
    await store.apply([write_of(entry_service.codec, draft(1))])
    both = [write_of(entry_service.codec, draft(2)), write_of(entry_service.codec, draft(1))]
    results = await store.apply(both, together=True)
    assert [one.done for one in results] == [False, False]
    assert (await store.counts()).live == 1
    assert await store.get(both[0].record.id) is None
    results = await store.apply(
        [write_of(entry_service.codec, draft(n)) for n in (2, 3)], together=True
    )
    assert all(one.done for one in results)
    assert (await store.counts()).live == 3


async def test_writes_apart_are_done_where_they_may_be(
    store: Store, entry_service: EntryService
) -> None:
    await store.apply([write_of(entry_service.codec, draft(1))])
    results = await store.apply([write_of(entry_service.codec, draft(n)) for n in (1, 2, 3)])
    assert [one.done for one in results] == [False, True, True]


async def test_twenty_clients_that_update_one_entry_lose_nothing(
    entry_service: EntryService,
) -> None:
    (name,) = await add(entry_service, draft(1))

    async def update(number: int) -> str:
        version = (await entry_service.get(name)).version
        try:
            await entry_service.update(
                name, version, {"note": f"note {number}"}, f"client {number}"
            )
        except ToolError as failed:
            return f"{failed.kind} with {failed.data['current']['id']}"
        return f"client {number}"

    outcomes = await asyncio.gather(*(update(number) for number in range(20)))
    succeeded = sorted(one for one in outcomes if one != f"conflict with {name}")
    assert succeeded
    lines = await entry_service.history(name, 100)
    assert sorted(line.client for line in lines if line.action == "updated") == succeeded
    assert (await entry_service.get(name)).version == 1 + len(succeeded)


async def test_twenty_clients_that_merge_into_one_entry_lose_nothing(
    entry_service: EntryService,
) -> None:
    async def track(number: int) -> None:
        await entry_service.track(
            [draft(1, tags=(f"t{number}",), note=f"note {number};")], f"c{number}"
        )

    await asyncio.gather(*(track(number) for number in range(20)))
    entries, _ = await entry_service.find(Search())
    (entry,) = entries
    assert entry.tags == tuple(sorted(f"t{number}" for number in range(20)))
    assert all(f"note {number};" in entry.note for number in range(20))
    assert len(await entry_service.history(entry.id, 100)) == entry.version == 20


@pytest.mark.parametrize(
    "search",
    [
        Search(email="person3@site3.example"),
        Search(url="https://site3.example/contact"),
        Search(domain="site3.example"),
        Search(tag="odd", words=("site3",)),
        Search(words=("site3",)),
        Search(words=("person3", "contact")),
        Search(words=("blue",), status="won"),
        Search(status="won"),
    ],
)
async def test_an_entry_is_found_by_each_of_its_fields(
    entry_service: EntryService, search: Search
) -> None:
    drafts = [draft(n, tags=("odd",) if n % 2 else ("even",)) for n in range(6)]
    drafts[3] = replace(drafts[3], note="the blue one", status="won")
    ids = await add(entry_service, *drafts)
    found, cursor = await entry_service.find(search)
    assert [entry.id for entry in found] == [ids[3]]
    assert cursor == ""


async def test_a_deleted_entry_is_found_only_among_the_deleted(entry_service: EntryService) -> None:
    first, second = await add(entry_service, draft(1, tags=("x",)), draft(2, tags=("x",)))
    await entry_service.set_deleted(first, "test", gone=True)
    for search in (Search(), Search(tag="x"), Search(words=("contact",))):
        assert [one.id for one in (await entry_service.find(search))[0]] == [second]
        gone, _ = await entry_service.find(replace(search, deleted=True))
        assert [one.id for one in gone] == [first]
    await entry_service.set_deleted(first, "test", gone=False)
    assert len((await entry_service.find(Search(tag="x")))[0]) == 2


@pytest.mark.parametrize("sort", ["changed", "oldest", "created", "url"])
@pytest.mark.parametrize("search", [Search(), Search(tag="x"), Search(tag="x", status="new")])
async def test_pages_hold_every_entry_once_and_in_order(
    entry_service: EntryService, search: Search, sort: str
) -> None:
    ids = await add(entry_service, *(draft(n, tags=("x",)) for n in range(23)))
    await entry_service.update(ids[5], 1, {"note": "later"}, "test")
    search = replace(search, sort=sort, limit=5)  # type: ignore[arg-type]
    found = []
    while True:
        page, cursor = await entry_service.find(search)
        assert len(page) <= 5
        found += page
        if not cursor:
            break
        search = replace(search, cursor=cursor)
    assert sorted(one.id for one in found) == sorted(ids)
    keys = {
        "changed": [-one.changed for one in found],
        "oldest": [one.changed for one in found],
        "created": [-one.created for one in found],
        "url": [one.url for one in found],
    }[sort]
    assert keys == sorted(keys)


async def test_only_what_changed_since_is_found(entry_service: EntryService) -> None:
    ids = await add(entry_service, *(draft(n) for n in range(4)))
    later = await entry_service.update(ids[1], 1, {"note": "later"}, "test")
    for sort in ("changed", "oldest", "created", "url"):
        found, _ = await entry_service.find(Search(since=later.changed, sort=sort))  # type: ignore[arg-type]
        assert [one.id for one in found] == [ids[1]]


@pytest.mark.parametrize("cursor", ["x", "!!!", "e30", "WzEsMiwzXQ", "a" * 3000, "Y2hhbmdlZCB4IHk"])
async def test_a_cursor_that_no_page_gave_out_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(CursorError):
        await store.find(StoreQuery(cursor=cursor))


async def test_a_cursor_of_another_order_is_refused(
    store: Store, entry_service: EntryService
) -> None:
    await add(entry_service, *(draft(n) for n in range(3)))
    page = await store.find(StoreQuery(limit=1, sort="url"))
    with pytest.raises(CursorError):
        await store.find(StoreQuery(limit=1, sort="changed", cursor=page.cursor))


async def test_a_cursor_leads_on_in_its_own_search_only(entry_service: EntryService) -> None:
    ids = await add(entry_service, *(draft(n, tags=("x",)) for n in range(4)))
    search = Search(tag="x", sort="oldest", limit=2)
    page, cursor = await entry_service.find(search)
    await entry_service.set_deleted(page[-1].id, "test", gone=True)
    found, end = await entry_service.find(replace(search, cursor=cursor))
    assert ([one.id for one in found], end) == (ids[2:], "")
    mark, _, place = cursor.partition(".")
    for other in (Search(limit=2), replace(search, status="new"), replace(search, deleted=True)):
        with pytest.raises(CursorError):
            await entry_service.find(replace(other, cursor=cursor))
    for forged in (place, mark, f"{mark}.", f"{mark}.x", f"{mark}.{'a' * 3000}"):
        with pytest.raises(CursorError):
            await entry_service.find(replace(search, cursor=forged))


async def test_pages_lead_on_past_urls_that_are_sealed(entry_service: EntryService) -> None:
    """They have none to be sorted by."""
    ids = await add(
        entry_service, *(draft(n, url=f"https://a.com/?to=x{n}@a.com") for n in range(3))
    )
    first, cursor = await entry_service.find(Search(sort="url", limit=1))
    more, _ = await entry_service.find(Search(sort="url", limit=5, cursor=cursor))
    assert sorted(one.id for one in (*first, *more)) == sorted(ids)


FORGED = [
    ("created", "created 5 99999999999999999999999"),
    ("created", "created 5 -1"),
    ("changed", "changed -5 "),
    ("changed", "changed 99999999999999999999999 "),
    ("changed", '["changed", 99999999999999999999999, "x"]'),
    ("changed", '["changed", true, "x"]'),
    ("changed", '["changed", -1, "x"]'),
    ("changed", '["changed", 5, "a/b"]'),
    ("changed", '["changed", 5, "__x__"]'),
    ("url", '["url", "\\ud800", "x"]'),
    ("url", '["url", "a\\u0000", ".."]'),
    ("url", "[" * 5000),
]


@pytest.mark.parametrize(("sort", "text"), FORGED)
async def test_a_forged_cursor_is_refused(
    store: Store, entry_service: EntryService, sort: Any, text: str
) -> None:
    await add(entry_service, draft(1))
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    with pytest.raises(CursorError):
        await store.find(StoreQuery(sort=sort, cursor=cursor))


async def test_counts_tell_live_from_deleted(store: Store, entry_service: EntryService) -> None:
    ids = await add(entry_service, draft(1), draft(2, status="won"), draft(3))
    await entry_service.set_deleted(ids[2], "test", gone=True)
    counts = await store.counts()
    assert counts.by_status == {"new": 1, "won": 1}
    assert (counts.live, counts.deleted) == (2, 1)
    assert counts.last_changed > 0


async def test_an_empty_store_counts_nothing(store: Store) -> None:
    counts = await store.counts()
    assert (counts.live, counts.deleted, counts.last_changed) == (0, 0, 0)
    assert await store.stamps() == set()


async def test_a_note_is_remembered(store: Store) -> None:
    assert await store.recall("name") == ""
    await store.remember("name", "value")
    await store.remember("name", "other")
    assert await store.recall("name") == "other"


async def test_a_changed_pair_is_free_for_others_and_refused_when_taken(
    entry_service: EntryService,
) -> None:
    first, second = await add(entry_service, draft(1), draft(2))
    with pytest.raises(ToolError) as refused:
        await entry_service.update(
            second, 1, {"url": draft(1).url, "email": draft(1).email}, "test"
        )
    assert refused.value.kind == "duplicate"
    assert refused.value.data == {"other": first}
    await entry_service.update(first, 1, {"email": "moved@site1.example"}, "test")
    await entry_service.update(second, 1, {"url": draft(1).url, "email": draft(1).email}, "test")
    ((outcome, entry),) = await entry_service.track([draft(1)], "test")  # type: ignore[misc]
    assert (outcome, entry.id) == ("unchanged", second)
    ((outcome, entry),) = await entry_service.track([draft(2)], "test")  # type: ignore[misc]
    assert outcome == "created"


async def test_a_lost_answer_does_not_make_a_second_record(
    store: Store, entry_service: EntryService
) -> None:
    write = write_of(entry_service.codec, draft(1))
    await store.apply([write])
    (again,) = await store.apply([write])
    assert again.done
    assert again.record is not None
    assert again.record.id == write.record.id
    assert (await store.counts()).live == 1
    assert len(await store.history(write.record.id, limit=9)) == 1


async def test_records_of_another_store_are_taken_over_once(
    store: Store, entry_service: EntryService
) -> None:
    ids = await add(entry_service, *(draft(n) for n in range(5)))
    await entry_service.update(ids[0], 1, {"note": "second"}, "test")
    rows = await store.scan("", 10)
    assert sorted(record.id for record, _ in rows) == sorted(ids)
    assert [len(changes) for record, changes in rows if record.id == ids[0]] == [2]
    halves = [*await store.scan("", 2)]
    halves += await store.scan(halves[-1][0].id, 10)
    assert [one for one, _ in halves] == [one for one, _ in rows]
    assert await store.adopt(rows) == 0
    record, changes = next(row for row in rows if row[0].id == ids[0])
    newer = replace(
        record, version=9, terms=entry_service.codec.record(await entry_service.get(ids[0])).terms
    )
    assert await store.adopt([(newer, changes)]) == 1
    assert (await store.get(ids[0])).version == 9  # type: ignore[union-attr]


async def test_a_record_is_not_taken_over_beside_one_of_its_pair(
    store: Store, entry_service: EntryService
) -> None:
    await add(entry_service, draft(1))
    twin = write_of(entry_service.codec, draft(1))
    record = twin.record.at(5)
    assert await store.adopt([(record, [twin.change])]) == 0
    assert await store.get(record.id) is None
    assert len(await store.paired(twin.pairs)) == (await store.counts()).live == 1


async def test_twenty_that_take_over_the_same_record_take_it_once(
    store: Store, entry_service: EntryService
) -> None:
    write = write_of(entry_service.codec, draft(1))
    row = write.record.at(5), [write.change]
    taken = await asyncio.gather(*(store.adopt([row]) for _ in range(20)))
    assert sum(taken) == 1
    assert (await store.counts()).live == 1


async def test_as_much_as_a_group_of_an_import_may_hold_is_stored(
    entry_service: EntryService,
) -> None:
    note, tags = "\u682a" * 3990, tuple(f"tag {n}" for n in range(20))
    results = await entry_service.track(
        [draft(n, note=f"{note}{n}", tags=tags) for n in range(256)], "test"
    )
    assert [outcome for outcome, _ in results] == ["created"] * 256  # type: ignore[misc]
    assert (await entry_service.store.counts()).live == 256


async def test_an_entry_that_vanished_is_told_as_gone(
    store: Store, entry_service: EntryService
) -> None:
    write = write_of(entry_service.codec, draft(1))
    later = replace(write, record=replace(write.record, version=2), seen=1)
    assert await store.apply([later]) == [Written(done=False, record=None)]
