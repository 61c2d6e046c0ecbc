"""The tracker's promises, measured: through the bridge, on a million entries, and under fire."""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.tracker.codec.record_codec import Search
from servers.tracker.entry import Draft
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.bench.rivals import Piped, call_times, greet
from tests.bench.tracker_rig import LOU_CONNECT, Bridges, Image, Tracker, may_mount, tracking
from tests.conftest import Figures
from tests.tracker.killing import Victims, integrity
from tests.tracker.scene import KEY, draft, make_entry_service
from tests.tracker.test_kill import (
    emails,
    kill_imports,
    kill_migrations,
    kill_resealing,
    kill_servers,
    kill_writers,
    opened_service,
)
from tests.tracker.test_same_end import compare
from tests.tracker.test_sheet import FILES, no_bytes_crash

pytestmark = [pytest.mark.bench, pytest.mark.anyio, pytest.mark.timeout(3600)]


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18]


def test_tracking_through_the_bridge(home: Path, figure: Figures) -> None:
    with (
        closing(Tracker(KEY.decode(), home / "data")),
        closing(Piped(LOU_CONNECT, "tracker")) as bridge,
    ):
        greet(bridge)
        times: list[float] = []
        for number, asked in enumerate(itertools.islice(tracking(), 1100)):
            begun = time.perf_counter()
            bridge.write(asked)
            answer = bridge.read()
            while not answer.endswith(b"\n"):
                answer += bridge.read()
            times.append((time.perf_counter() - begun) * 1e3)
            assert b'"outcome\\":\\"created' in answer, (number, answer)
        times = times[100:]
        figure(
            "tracker: one durable track_url_email through the bridge, median",
            statistics.median(times),
            "ms",
            at_most=2,
        )
        figure("tracker: the same, p95", p95(times), "ms")


def test_reading_an_entry_through_the_bridge(home: Path, figure: Figures) -> None:
    with (
        closing(Tracker(KEY.decode(), home / "data")) as tracker,
        closing(Piped(LOU_CONNECT, "tracker")) as bridge,
    ):
        greet(bridge)
        entry = tracker.call("track_url_email", url="acme.com", email="jane@acme.com")["entry"]
        times = call_times(bridge, "get_entry", {"id": entry["id"]}, 1000)
        figure(
            "tracker: get_entry through the bridge, median",
            statistics.median(times),
            "ms",
            at_most=0.5,
        )


def test_64_clients_track_at_once(home: Path, figure: Figures) -> None:
    with (
        closing(Tracker(KEY.decode(), home / "data")) as tracker,
        closing(Bridges(64)) as bridges,
    ):
        requests = iter(list(itertools.islice(tracking(10_000), 100_000)))
        bridges.calls_per_second(requests, 1)
        rates = []
        for _ in range(3):
            rate, failed = bridges.calls_per_second(requests, 4)
            assert not failed
            rates.append(rate)
        figure(
            "tracker: durable writes/s from 64 clients with a bridge each",
            statistics.median(rates),
            "writes/s",
            at_least=2000,
        )
        entries = tracker.call("tracker_stats")["entries"]
        figure("tracker: entries there afterwards", entries, "entries", at_least=sum(rates) * 4)


async def seed(folder: Path, numbers: range, rng: random.Random) -> None:
    store = SqliteStore(folder / "tracker")
    (folder / "tracker").mkdir(parents=True, exist_ok=True)
    await store.open()
    entry_service = make_entry_service(store)
    words = [f"word{n}" for n in range(5000)]
    for start in range(numbers.start, numbers.stop, 1000):
        await entry_service.track(
            [_seeded(n, rng, words) for n in range(start, start + 1000)], "seed"
        )
    await store.close()


def _seeded(number: int, rng: random.Random, words: list[str]) -> Any:
    company = number // 20
    note = " ".join(words[int(len(words) * rng.random() ** 3)] for _ in range(6))
    return Draft(
        f"https://company{company}.example/people/{number}",
        f"person{number}@company{company}.example",
        note,
        (f"tag{int(40 * rng.random() ** 2)}",),
        rng.choice(["new"] * 6 + ["contacted", "replied", "won", "lost"]),  # type: ignore[arg-type]
    )


def lookups(count: int, rng: random.Random) -> dict[str, Iterator[dict[str, Any]]]:
    """What is looked for, each time something else."""

    def one(make: Any) -> Iterator[dict[str, Any]]:
        while True:
            yield make(rng.randrange(count))

    return {
        "email": one(lambda n: {"email": f"person{n}@company{n // 20}.example"}),
        "url": one(lambda n: {"url": f"https://company{n // 20}.example/people/{n}"}),
        "domain": one(lambda n: {"domain": f"company{n // 20}.example"}),
        "tag": one(lambda n: {"tag": f"tag{n % 40}"}),
        "status": one(lambda n: {"status": ("new", "won", "lost")[n % 3]}),
        "text": one(lambda n: {"text": f"word{n % 5000}"}),
        "text of two common words": one(lambda n: {"text": f"word{n % 5} word{n % 7}"}),
        "tag and status": one(lambda n: {"tag": f"tag{n % 40}", "status": "won"}),
        "nothing, first page": one(lambda _: {}),
        "nothing, by URL": one(lambda _: {"sort": "url"}),
        "tag, by URL": one(lambda n: {"tag": f"tag{n % 40}", "sort": "url"}),
        "tag and status, by creation": one(
            lambda n: {"tag": f"tag{n % 40}", "status": "new", "sort": "created"}
        ),
        "status, by creation": one(
            lambda n: {"status": ("new", "won", "lost")[n % 3], "sort": "created"}
        ),
        "text, by URL": one(lambda n: {"text": f"word{n % 5000}", "sort": "url"}),
        "change since, by URL": one(lambda _: {"changed_since": "2000-01-01", "sort": "url"}),
        "deletion": one(lambda _: {"deleted": True}),
    }


async def test_finding_among_a_million(home: Path, figure: Figures) -> None:
    medians: dict[int, dict[str, float]] = {}
    rng = random.Random(5)
    folder = home / "data"
    done = 0
    for count in (10_000, 1_000_000):
        begun = time.perf_counter()
        await seed(folder, range(done, count), rng)
        figure(f"tracker: {count - done:,} entries made in", time.perf_counter() - begun, "s")
        done = count
        medians[count] = {}
        with (
            closing(Tracker(KEY.decode(), folder)),
            closing(Piped(LOU_CONNECT, "tracker")) as bridge,
        ):
            greet(bridge)
            for kind, wanted in lookups(count, rng).items():
                times = [
                    call_times(bridge, "find_tracked", arguments, 1)[0]
                    for arguments in itertools.islice(wanted, 220)
                ][20:]
                medians[count][kind] = statistics.median(times)
                figure(
                    f"tracker: find by {kind}, {count:,} entries, median",
                    medians[count][kind],
                    "ms",
                )
                figure(
                    f"tracker: find by {kind}, {count:,} entries, p95",
                    p95(times),
                    "ms",
                    at_most=10,
                )
            times = call_times(bridge, "tracker_stats", {}, 220)[20:]
            figure(f"tracker: tracker_stats, {count:,} entries, p95", p95(times), "ms", at_most=10)
    for kind, median in medians[1_000_000].items():
        figure(
            f"tracker: find by {kind}, median at 1 M over that at 10 k",
            median / medians[10_000][kind],
            "times",
        )
    figure(
        "tracker: file of a million entries",
        (folder / "tracker" / "tracker.db").stat().st_size / 1e6,
        "MB",
    )


def test_importing_a_large_file(home: Path, figure: Figures) -> None:
    count = 100_000
    exchange = home / "exchange"
    exchange.mkdir()
    with (exchange / "rows.csv").open("w") as handle:
        handle.write("Website,E-Mail,Note,Tags,Status\n")
        for n in range(count):
            site = f"firm{n % 20_000}.example"
            handle.write(f"https://{site}/p/{n},p{n}@{site},met at fair {n % 9},fair,new\n")
    with closing(Tracker(KEY.decode(), home / "data")) as tracker:
        tracker.call("track_url_email", url="https://warm.example/", email="warm@warm.example")
        before = peak = tracker.rss()
        begun = time.perf_counter()
        job = tracker.call("start_import", path=str(exchange / "rows.csv"))["job"]
        seen: set[int] = set()
        lag: list[float] = []
        while True:
            asked = time.perf_counter()
            state = tracker.call("job_state", job=job)
            lag.append((time.perf_counter() - asked) * 1e3)
            seen.add(state["rows"])
            peak = max(peak, tracker.rss())
            if state["state"] != "running":
                break
            time.sleep(0.05)  # a page polls
        took = time.perf_counter() - begun
        assert state["state"] == "done", state
        figure("tracker: import of 100,000 CSV rows", took, "s", at_most=20)
        figure("tracker: memory growth during it", peak - before, "MB", at_most=50)
        figure("tracker: progress told", len(seen), "times", at_least=20, enforce=True)
        figure("tracker: an answer during the import, p95", p95(lag), "ms")
        figure(
            "tracker: rows stored",
            tracker.call("tracker_stats")["entries"] - 1,
            "rows",
            at_least=count,
            enforce=True,
        )


async def test_a_thousand_deaths(tmp_path: Path, figure: Figures) -> None:
    places = {name: tmp_path / name for name in ("writes", "imports", "resealing", "migrations")}
    for place in places.values():
        place.mkdir()
    count = await kill_writers(places["writes"], 400, seed=11)
    figure(
        "tracker: kill -9 during writes, 400 times: acknowledged, all there once", count, "writes"
    )
    await kill_imports(places["imports"], 200, seed=12)
    await kill_resealing(places["resealing"], 200, seed=13)
    await kill_migrations(places["migrations"], 200, seed=14)
    figure(
        "tracker: acknowledged entries lost or doubled in 1,000 kill -9",
        0,
        "entries",
        at_most=0,
        enforce=True,
    )


async def test_two_hundred_deaths_of_the_real_server(home: Path, figure: Figures) -> None:
    count, lost, doubled = await kill_servers(home / "data", 200, seed=21)
    figure("tracker: acknowledged across 200 kill -9 of the server", count, "writes")
    figure("tracker: of them lost", lost, "writes", at_most=0, enforce=True)
    figure("tracker: of them doubled", doubled, "writes", at_most=0, enforce=True)


@pytest.mark.skipif(not may_mount(), reason="a simulated power cut needs root and loop devices")
async def test_eighty_power_cuts(tmp_path: Path, figure: Figures) -> None:
    rng = random.Random(31)
    acknowledged: set[int] = set()
    with closing(Image(tmp_path)) as disk, Victims(31) as victims:
        for round_ in range(80):
            task = {
                "task": "write",
                "folder": str(disk.place),
                "keys": KEY.decode(),
                "from": round_ * 100_000,
            }
            with victims.stopped_during(task, first="ack", after_s=rng.uniform(0.02, 0.25)) as told:
                acknowledged |= {fact["ack"] for fact in told if "ack" in fact}
                with disk.cut() as place:
                    async with opened_service(place, KEY) as entry_service:
                        found = await emails(entry_service)
                    assert integrity(place) == "ok"
            stored = set(found)
            assert len(found) == len(stored)
            lost = [n for n in acknowledged if f"p{n}@site{n}.example" not in stored]
            assert not lost, f"cut {round_} lost {len(lost)} acknowledged writes"
    figure("tracker: 80 power cuts, acknowledged writes", len(acknowledged), "writes")
    figure("tracker: of them lost", 0, "writes", at_most=0, enforce=True)


async def test_two_thousand_operations_on_both_stores(
    tmp_path: Path, emulator: str, figure: Figures
) -> None:
    count = await compare(tmp_path, emulator, 2000, seed=42)
    figure("tracker: 2,000 operations of 8 clients, same end in both stores", count, "entries")


@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(FILES, st.sampled_from(["csv", "jsonl"]))
def test_five_thousand_files(data: bytes, kind: Any) -> None:
    no_bytes_crash(data, kind)


async def test_tracking_without_a_bridge_for_comparison(tmp_path: Path, figure: Figures) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    entry_service = make_entry_service(store)
    numbers = itertools.count()

    async def client(count: int) -> None:
        for _ in range(count):
            await entry_service.track([draft(next(numbers))], "bench")

    await client(100)
    begun = time.perf_counter()
    await client(300)
    figure(
        "tracker: one durable write, board alone, mean",
        (time.perf_counter() - begun) / 300 * 1e3,
        "ms",
    )
    begun = time.perf_counter()
    await asyncio.gather(*(client(100) for _ in range(64)))
    figure(
        "tracker: durable writes/s of 64 tasks, board alone",
        6400 / (time.perf_counter() - begun),
        "writes/s",
    )
    await _find_all(entry_service, next(numbers) - 1)
    await store.close()


async def _find_all(entry_service: EntryService, count: int) -> None:
    entries, _ = await entry_service.find(Search(email=f"person{count}@site{count}.example"))
    assert len(entries) == 1
