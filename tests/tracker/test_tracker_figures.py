"""The tracker's promises in small: `make bench` measures them in full, through the bridge."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from servers.tracker.codec.record_codec import Search
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.tracker.scene import draft, make_entry_service, started, tools

pytestmark = pytest.mark.anyio


async def test_writes_and_lookups_are_quick(tmp_path: Path, figure: Any) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    entry_service = make_entry_service(store)
    numbers = itertools.count()
    times: list[float] = []
    for _ in range(200):
        begun = time.perf_counter()
        await entry_service.track([draft(next(numbers))], "test")
        times.append((time.perf_counter() - begun) * 1e3)

    async def client() -> None:
        for _ in range(40):
            await entry_service.track([draft(next(numbers))], "test")

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(64)))
    rate = 64 * 40 / (time.perf_counter() - begun)
    figure(
        "tracker: one durable write, board alone, median", statistics.median(times), "ms", at_most=2
    )
    figure("tracker: durable writes/s of 64 tasks, board alone", rate, "writes/s", at_least=2000)
    for start in range(5_000, 15_000, 1000):
        await entry_service.track(
            [draft(n, tags=("x",)) for n in range(start, start + 1000)], "test"
        )
    searches = {
        "email": Search(email="person5500@site5500.example"),
        "tag": Search(tag="x"),
        "text": Search(words=("site5500",)),
        "common text": Search(words=("contact",)),
    }
    for kind, search in searches.items():
        times = []
        for _ in range(60):
            begun = time.perf_counter()
            found, _ = await entry_service.find(search)
            times.append((time.perf_counter() - begun) * 1e3)
            assert found
        name = f"tracker: find by {kind} among 12,760, board alone, p95"
        figure(name, statistics.quantiles(times, n=20)[18], "ms", at_most=10)
    await store.close()


async def test_an_import_is_quick_and_others_are_answered_meanwhile(
    tmp_path: Path, figure: Any
) -> None:
    count = 5_000
    lines = "".join(
        f"https://f{n % 900}.example/{n},p{n}@f{n % 900}.example,met\n" for n in range(count)
    )
    (tmp_path / "rows.csv").write_text("url,email,note\n" + lines)
    server = await started(tmp_path)
    found = tools(server)
    begun = time.perf_counter()
    job = (await found["start_import"](str(tmp_path / "rows.csv"))).job
    waits: list[float] = []
    while (await found["job_state"](job)).state == "running":
        asked = time.perf_counter()
        await found["find_tracked"](email="p7@f7.example")
        waits.append((time.perf_counter() - asked) * 1e3)
        await asyncio.sleep(0.002)
    took = time.perf_counter() - begun
    report = await found["job_state"](job)
    assert report.counts == {"created": count}
    figure("tracker: import of 5,000 CSV rows, for 100,000", took * 20, "s", at_most=20)
    figure("tracker: a lookup during it, p95", statistics.quantiles(waits, n=20)[18], "ms")
    await server.stop()
