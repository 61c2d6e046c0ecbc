"""The same work on both stores ends the same: operations of eight clients, side by side."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from servers.host.tools.service import ToolError
from servers.tracker.codec.record_codec import Search, new_id
from servers.tracker.entry import Draft, RejectedEntryError
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.tracker.scene import make_entry_service

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

CLIENTS = 8
PEOPLE = 60
STATUSES = ("new", "contacted", "replied", "won", "lost", "do_not_contact")


class Client:
    """Makes random changes with one person's entry at a time; nobody else has it in that round."""

    def __init__(self, name: str, entry_service: EntryService, rng: random.Random) -> None:
        self.name = name
        self._entry_service = entry_service
        self._rng = rng
        self._work: tuple[Callable[[int], Awaitable[str]], ...] = (
            self.track,
            self.track,
            self.track_batch,
            self.update,
            self.update_stale,
            self.move,
            self.delete,
            self.restore,
        )

    async def step(self, person: int) -> str:
        work = self._rng.choice(self._work)
        try:
            return f"{work.__name__}: {await work(person)}"
        except ToolError as failed:
            return f"{work.__name__}: {failed.kind}"
        except RejectedEntryError as rejected:
            return f"{work.__name__}: {rejected}"

    def _draft(self, person: int) -> Draft:
        return Draft(
            f"https://site{person}.example/",
            f"person{person}@site{person}.example",
            self._rng.choice(["", f"note {self._rng.randrange(9)}"]),
            tuple(sorted(self._rng.sample(["a", "b", "c"], self._rng.randrange(3)))),
            self._rng.choice(STATUSES),  # type: ignore[arg-type]
        )

    async def _entry(self, person: int) -> Any:
        email = f"person{person}@site{person}.example"
        live, _ = await self._entry_service.find(Search(email=email, sort="created"))
        gone, _ = await self._entry_service.find(Search(email=email, deleted=True, sort="created"))
        return next(iter([*live, *gone]), None)

    async def track(self, person: int) -> str:
        (result,) = await self._entry_service.track([self._draft(person)], self.name)
        return str(result) if isinstance(result, RejectedEntryError) else result[0]

    async def track_batch(self, person: int) -> str:
        drafts = [self._draft(person) for _ in range(3)]
        together = self._rng.random() < 0.5
        results = await self._entry_service.track(drafts, self.name, together=together)
        return str([str(one) if isinstance(one, RejectedEntryError) else one[0] for one in results])

    async def update(self, person: int) -> str:
        fields = {
            "note": f"set {self._rng.randrange(99)}",
            "status": self._rng.choice(STATUSES),
        }
        entry = await self._entry(person)
        if entry is None:
            return "none"
        return str(
            (await self._entry_service.update(entry.id, entry.version, fields, self.name)).version
        )

    async def update_stale(self, person: int) -> str:
        entry = await self._entry(person)
        if entry is None:
            return "none"
        await self._entry_service.update(entry.id, entry.version - 1, {"note": "stale"}, self.name)
        return "done"

    async def move(self, person: int) -> str:
        page = self._rng.randrange(3)
        entry = await self._entry(person)
        if entry is None:
            return "none"
        fields = {"url": f"https://site{person}.example/{page}"}
        return str(
            (await self._entry_service.update(entry.id, entry.version, fields, self.name)).version
        )

    async def delete(self, person: int) -> str:
        entry = await self._entry(person)
        if entry is None:
            return "none"
        return str((await self._entry_service.set_deleted(entry.id, self.name, gone=True))[1])

    async def restore(self, person: int) -> str:
        entry = await self._entry(person)
        if entry is None:
            return "none"
        return str((await self._entry_service.set_deleted(entry.id, self.name, gone=False))[1])


async def work_through(
    entry_service: EntryService, operations: int, seed: int
) -> tuple[list[str], list[Any]]:
    """What each operation said, and everything there is at the end."""
    rng = random.Random(seed)
    clients = [
        Client(f"client {n}", entry_service, random.Random(seed + n)) for n in range(CLIENTS)
    ]
    said: list[str] = []
    for _ in range(operations // CLIENTS):
        people = rng.sample(range(PEOPLE), CLIENTS)
        steps = (one.step(person) for one, person in zip(clients, people, strict=True))
        said += await asyncio.gather(*steps)
    return said, await final_state(entry_service)


async def final_state(entry_service: EntryService) -> list[Any]:
    """Every entry with its history, without what each store makes up itself."""
    state: list[Any] = []
    after = ""
    while rows := await entry_service.store.scan(after, 200):
        for record, changes in rows:
            entry = entry_service.codec.entry(record)
            lines = [entry_service.codec.line(change) for change in changes]
            facts = (entry.url, entry.email, entry.note, entry.tags, entry.status, entry.deleted)
            history = [
                (line.version, line.action, line.client, str(line.changed)) for line in lines
            ]
            state.append((facts, entry.version, sorted(history)))
        after = rows[-1][0].id
    counts = await entry_service.store.counts()
    return [sorted(state), sorted(counts.by_status.items()), counts.deleted]


async def compare(folder: Path, emulator: str, operations: int, seed: int) -> int:
    from servers.tracker.stores.firestore.firestore_store import FirestoreStore

    embedded = SqliteStore(folder)
    shared = FirestoreStore("", collection=f"same{new_id()}", emulator=emulator)
    await embedded.open()
    await shared.open()
    one = await work_through(make_entry_service(embedded), operations, seed)
    other = await work_through(make_entry_service(shared), operations, seed)
    await embedded.close()
    await shared.close()
    assert one[0] == other[0]
    assert one[1] == other[1]
    assert len({said.split(":")[0] for said in one[0]}) == 7
    return len(one[1][0])


async def test_both_stores_end_in_the_same_state(
    tmp_path: Path, emulator: str, figure: Any
) -> None:
    count = await compare(tmp_path, emulator, 400, seed=6)
    assert count > 20
    figure("tracker: 400 operations of 8 clients, entries alike in both stores", count, "entries")
