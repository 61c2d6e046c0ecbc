"""Figures: right, merged, and still there after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.metrics import cells, reports
from app.metrics.cells import MetricsCell
from app.metrics.collector import Metrics
from app.metrics.reports import TimeWindow
from app.metrics.store import MetricsStore
from app.system import heartbeat
from app.views import CallRecord
from servers.contract import ping_timer
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def metrics(home: Path, clock: Clock) -> AsyncIterator[Metrics]:
    found = Metrics(home / "metrics.sqlite", clock=clock)
    await found.start()
    yield found
    await found.stop()


def call(ms: float, outcome: str = "ok", tool: str = "web_search", **more: str) -> CallRecord:
    return CallRecord("search", tool, ms, outcome, **more)


async def test_percentiles_are_right_to_five_percent(metrics: Metrics) -> None:
    rng = random.Random(7)
    times = [rng.lognormvariate(4, 1.2) for _ in range(5_000)]
    for ms in times:
        metrics.call(call(ms))
    total = (await metrics.report()).total
    times.sort()
    for part, found in ((0.5, total.p50), (0.95, total.p95), (0.99, total.p99)):
        exact = times[int(part * len(times)) - 1]
        assert found == pytest.approx(exact, rel=0.05)


async def test_what_servers_weigh_is_saved_after_minutes_and_what_they_do_at_the_next_beat(
    home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_SLOW_S", 0.01)
    monkeypatch.setattr(ping_timer, "EARLY_S", 0.0)
    path = home / "metrics.sqlite"
    metrics = Metrics(path, clock=clock)
    await metrics.start()

    def saved() -> int:
        with contextlib.closing(sqlite3.connect(path)) as file:
            return file.execute("SELECT count(*) FROM minutes").fetchone()[0]

    async def is_saved(rows: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while saved() < rows:
                await heartbeat.slow_beat()

    for _ in range(2):
        metrics.process("search", 100, 1.0)
        for _ in range(5):
            await heartbeat.slow_beat()
        assert saved() == 0
        clock.now += 240
    await is_saved(2)
    metrics.call(call(1))
    await is_saved(3)
    await metrics.stop()


async def test_errors_are_counted_by_kind(metrics: Metrics) -> None:
    metrics.call(call(1))
    metrics.call(call(1, "error", error="quota"))
    metrics.call(call(1, "error", error="quota"))
    metrics.call(call(1, "timeout"))
    total = (await metrics.report()).total
    assert (total.calls, total.errors, total.error_rate) == (4, 3, 0.75)
    assert total.kinds == {"quota": 2, "timeout": 1}
    assert metrics.today("search") == (4, 3)


async def test_usage_counts_caches_and_apis(metrics: Metrics) -> None:
    for hit in (True, False, True):
        metrics.usage("search", {"cache": "search", "hit": hit})
    metrics.usage("search", {"api": "tavily", "ms": 3.0, "outcome": "ok"})
    metrics.usage("search", {"api": "tavily", "ms": 3.0, "outcome": "quota"})
    (server,) = (await metrics.report()).servers
    assert server.cache_hit_ratio == pytest.approx(2 / 3)
    assert server.apis["tavily"] == reports.ApiUse(2, 1)


async def test_each_tool_has_its_own_figures(metrics: Metrics) -> None:
    metrics.call(call(10, tool="web_search"))
    metrics.call(call(1000, tool="fetch_page"))
    report = await metrics.report()
    medians = {tool.tool: tool.p50 for tool in report.tools}
    assert medians == {
        "web_search": pytest.approx(10, rel=0.05),
        "fetch_page": pytest.approx(1000, rel=0.05),
    }
    one = await metrics.report(TimeWindow.HOUR, "search", "fetch_page")
    assert one.total.calls == 1


async def test_figures_survive_a_restart_within_the_same_minute(home: Path, clock: Clock) -> None:
    for _ in range(3):
        metrics = Metrics(home / "m.sqlite", clock=clock)
        await metrics.start()
        metrics.call(call(5, "error", error="quota"))
        await metrics.stop()
    later = Metrics(home / "m.sqlite", clock=clock)
    await later.start()
    for window in TimeWindow:
        assert (await later.report(window)).total.kinds == {"quota": 3}
    assert later.today("search") == (3, 3)
    await later.stop()


async def test_points_have_no_gaps_and_old_ones_leave_the_window(
    metrics: Metrics, clock: Clock
) -> None:
    metrics.call(call(5))
    await metrics.save()
    clock.now += 600
    metrics.call(call(7))
    hour = await metrics.report(TimeWindow.HOUR)
    assert len(hour.points) == 60
    assert [point.calls for point in hour.points if point.calls] == [1, 1]
    steps = {b.at - a.at for a, b in zip(hour.points, hour.points[1:], strict=False)}
    assert steps == {60}
    clock.now += 3600
    assert (await metrics.report(TimeWindow.HOUR)).total.calls == 0
    assert (await metrics.report(TimeWindow.DAY)).total.calls == 2
    assert (await metrics.report(TimeWindow.MONTH)).total.calls == 2


async def test_what_is_too_old_is_forgotten(home: Path) -> None:
    store = MetricsStore(home / "m.sqlite")
    for day in range(40):
        store.add({day * 86_400: {("search", "x"): MetricsCell(calls=1)}})
    store.forget(10 * 86_400)
    assert sum(cell.calls for _, _, cell in store.read("minutes", 0, "", "")) == 30
    store.close()


async def test_memory_and_cpu_of_all_servers_add_up(metrics: Metrics) -> None:
    metrics.process("search", 100, 2.0)
    metrics.process("search", 200, 4.0)
    metrics.process("tracker", 50, 1.0)
    total = (await metrics.report()).total
    assert (total.rss_bytes, total.cpu_percent) == (250, 4.0)


async def test_a_broken_history_is_kept_aside(home: Path, clock: Clock) -> None:
    (home / "m.sqlite").write_bytes(b"this is no database" * 100)
    metrics = Metrics(home / "m.sqlite", clock=clock)
    await metrics.start()
    metrics.call(call(5))
    assert (await metrics.report()).total.calls == 1
    await metrics.stop()
    assert list(home.glob("m.sqlite.broken-*"))


async def test_figures_wait_while_the_store_cannot_be_written(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    metrics.call(call(5))
    with monkeypatch.context() as patch:
        patch.setattr(metrics._store, "add", full)
        await metrics.save()
    metrics.call(call(5))
    assert (await metrics.report()).total.calls == 2
    await metrics.save()
    assert (await metrics.report()).total.calls == 2


async def test_live_counts_are_by_second(metrics: Metrics, clock: Clock) -> None:
    metrics.call(call(5))
    clock.now += 2
    metrics.call(call(5))
    metrics.call(call(5))
    assert metrics.live("search", 4) == [0, 1, 0, 2]


async def test_rows_for_a_table_have_a_header_and_every_step(metrics: Metrics) -> None:
    metrics.call(call(5))
    rows = list(reports.csv_rows(await metrics.report()))
    assert rows[0][:3] == ("time", "calls", "errors")
    assert len(rows) == 61
    assert rows[-1][1] == 1


def test_cells_merge_as_if_counted_together() -> None:
    rng = random.Random(3)
    parts = [MetricsCell() for _ in range(4)]
    whole = MetricsCell()
    for _ in range(400):
        record = call(rng.expovariate(0.01), rng.choice(["ok", "error"]), error="x")
        whole.call(record)
        rng.choice(parts).call(record)
    merged = MetricsCell()
    for each in parts:
        merged.add(cells.from_row(cells.to_row(each)))
    assert merged == whole
    assert merged.percentiles(0.5, 0.99) == whole.percentiles(0.5, 0.99)


async def test_thirty_days_are_reported_quickly(home: Path, clock: Clock, figure) -> None:
    path = home / "m.sqlite"
    store = MetricsStore(path)
    cell = MetricsCell()
    for ms in range(1, 60):
        cell.call(call(ms * 7.3))
    first = int(clock.now) // 3600 * 3600 - 719 * 3600
    connection = store._connection()
    rows = [
        (first + hour * 3600, "search", f"tool{tool}", *cells.to_row(cell))
        for hour in range(720)
        for tool in range(6)
    ]
    marks = ", ".join("?" * len(rows[0]))
    with connection:
        connection.executemany(f"INSERT INTO hours VALUES ({marks})", rows)
    store.close()
    metrics = Metrics(path, clock=clock)
    began = time.monotonic()
    report = await metrics.report(TimeWindow.MONTH)
    figure(
        "metrics: 30 days, 6 tools, 720 points",
        (time.monotonic() - began) * 1000,
        "ms",
        at_most=300,
    )
    assert report.total.calls == 720 * 6 * 59
    await metrics.stop()
