"""Cached answers: shared, kept, expired, and begun anew when their file is broken."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.outbound import cache as caches
from servers.outbound.cache import Cache, Made

pytestmark = pytest.mark.anyio


class Upstream:
    """Makes answers and counts how often."""

    def __init__(self, value: bytes = b"answer", ttl: float = 60.0) -> None:
        self.value, self.ttl = value, ttl
        self.made = 0
        self.broken: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Made:
        self.made += 1
        await self.go.wait()
        if self.broken:
            raise self.broken
        return Made(self.value, self.ttl)


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[Cache]:
    opened = await open_cache(tmp_path)
    yield opened
    await opened.close()


async def open_cache(folder: Path, most: int = 1 << 20) -> Cache:
    cache = Cache(folder / "c.sqlite", max_bytes=most, observe=lambda _kind, _hit: None)
    await cache.open()
    return cache


async def test_the_second_question_costs_nothing(cache: Cache) -> None:
    upstream = Upstream()
    first = await cache.through("search", "k", upstream)
    second = await cache.through("search", "k", upstream)
    assert (first.cached, second.cached, second.value) == (False, True, b"answer")
    assert (upstream.made, cache.hits, cache.misses) == (1, 1, 1)


async def test_kinds_do_not_mix(cache: Cache) -> None:
    await cache.through("search", "k", Upstream(b"a"))
    assert (await cache.through("page", "k", Upstream(b"b"))).value == b"b"


async def test_200_equal_questions_in_the_air_are_one(cache: Cache) -> None:
    upstream = Upstream()
    upstream.go.clear()
    asking = [asyncio.create_task(cache.through("search", "k", upstream)) for _ in range(200)]
    while not upstream.made:
        await asyncio.sleep(0)
    upstream.go.set()
    hits = await asyncio.gather(*asking)
    assert upstream.made == 1
    assert {hit.value for hit in hits} == {b"answer"}


async def test_a_failure_is_shared_and_not_kept(cache: Cache) -> None:
    upstream = Upstream()
    upstream.broken = OSError("down")
    both = await asyncio.gather(
        *(cache.through("s", "k", upstream) for _ in range(2)), return_exceptions=True
    )
    assert [type(one) for one in both] == [OSError, OSError]
    upstream.broken = None
    assert (await cache.through("s", "k", upstream)).value == b"answer"


async def test_one_who_leaves_does_not_end_it_for_the_others(cache: Cache) -> None:
    upstream = Upstream()
    upstream.go.clear()
    leaving = asyncio.create_task(cache.through("s", "k", upstream))
    staying = asyncio.create_task(cache.through("s", "k", upstream))
    while not upstream.made:
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    upstream.go.set()
    assert (await staying).value == b"answer"
    assert upstream.made == 1, "and what was begun is not paid twice"


async def test_when_all_leave_the_asking_ends(cache: Cache) -> None:
    upstream = Upstream()
    upstream.go.clear()
    task = asyncio.create_task(cache.through("s", "k", upstream))
    while not upstream.made:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)
    upstream.go.set()
    assert not (await cache.through("s", "k", upstream)).cached


async def test_asking_again_right_after_all_left_asks_anew(cache: Cache) -> None:
    task = asyncio.create_task(cache.through("s", "k", Upstream()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await cache.through("s", "k", Upstream())).value == b"answer"


async def test_a_stale_answer_stands_in_for_an_error_and_says_so(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = Upstream(ttl=10)
    await cache.through("s", "k", upstream, stale_for=(OSError,))
    upstream.broken = OSError("down")
    real = time.time
    monkeypatch.setattr(caches.time, "time", lambda: real() + 100)
    hit = await cache.through("s", "k", upstream, stale_for=(OSError,))
    assert (hit.value, hit.cached, str(hit.error)) == (b"answer", True, "down")
    assert 99 < hit.age_s < 102
    with pytest.raises(OSError, match="down"):
        await cache.through("s", "k", upstream)
    monkeypatch.setattr(caches.time, "time", lambda: real() + caches.STALE_S + 100)
    with pytest.raises(OSError, match="down"):
        await cache.through("s", "k", upstream, stale_for=(OSError,))


async def test_a_clock_set_back_does_not_keep_an_answer_for_ever(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = Upstream()
    await cache.through("s", "k", upstream)
    real = time.time
    monkeypatch.setattr(caches.time, "time", lambda: real() - 86_400)
    assert not (await cache.through("s", "k", upstream)).cached


async def test_answers_survive_a_restart_and_are_the_users_alone(tmp_path: Path) -> None:
    upstream = Upstream()
    first = await open_cache(tmp_path)
    await first.through("s", "k", upstream)
    await first.close()
    second = await open_cache(tmp_path)
    hit = await second.through("s", "k", upstream)
    await second.close()
    assert (hit.cached, upstream.made) == (True, 1)
    assert stat.S_IMODE((tmp_path / "c.sqlite").stat().st_mode) == 0o600


async def test_answers_survive_a_server_that_was_killed(tmp_path: Path) -> None:
    cache = await open_cache(tmp_path)
    await cache.through("s", "k", Upstream())
    await cache.count()
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("c.sqlite*"):
        (copy / file.name).write_bytes(file.read_bytes())
    await cache.close()
    revived = await open_cache(copy)
    assert (await revived.through("s", "k", Upstream())).cached
    await revived.close()


async def test_the_file_stays_within_its_bound_and_keeps_what_is_used(tmp_path: Path) -> None:
    cache = await open_cache(tmp_path, most=200_000)
    used = Upstream(b"u" * 1000)
    for number in range(1000):
        await cache.through("s", f"k{number}", Upstream(b"x" * 1000))
        await cache.through("s", "used", used)
    kept = await cache.count()
    await cache.close()
    assert 100 <= kept <= 210
    assert used.made == 1
    rows = sqlite3.connect(tmp_path / "c.sqlite").execute("SELECT sum(length(value)) FROM entry")
    assert rows.fetchone()[0] <= 215_000


@pytest.mark.parametrize(
    "damage", [b"", b"not a database at all" * 100, b"SQLite format 3\x00" * 90]
)
async def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "c.sqlite").write_bytes(damage)
    cache = await open_cache(tmp_path)
    await cache.through("s", "k", Upstream())
    assert await cache.count() == 1
    await cache.close()


async def test_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite") as other:
        other.execute("CREATE TABLE entry (key BLOB, answer TEXT)")
    cache = await open_cache(tmp_path)
    await cache.through("s", "k", Upstream())
    await cache.close()
    again = await open_cache(tmp_path)
    assert (await again.through("s", "k", Upstream())).cached
    await again.close()


async def test_a_folder_in_the_place_of_the_file_can_be_cleared_past(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").mkdir()
    cache = await open_cache(tmp_path)
    await cache.through("s", "k", Upstream())
    assert await cache.clear() == 1
    assert not (await cache.through("s", "k", Upstream())).cached
    await cache.close()


async def test_without_a_usable_folder_it_works_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = await open_cache(tmp_path / "file")
    assert (await cache.through("s", "k", Upstream())).value == b"answer"
    assert (await cache.through("s", "k", Upstream())).cached
    await cache.close()


async def test_a_full_disk_costs_the_entry_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = await open_cache(tmp_path)
    await cache._database.run(lambda connection: connection.execute("PRAGMA max_page_count=1"))
    for number in range(20):
        upstream = Upstream(b"x" * 20_000)
        assert (await cache.through("s", f"k{number}", upstream)).value == upstream.value
        await cache.count()
    assert (await cache.through("s", "k1", Upstream())).cached, "from memory"
    await cache.close()
    warnings = [record for record in caplog.records if "cannot be written" in record.message]
    assert len(warnings) == 1


async def test_clearing_forgets_everything(cache: Cache) -> None:
    await cache.through("s", "k", Upstream())
    assert await cache.clear() == 1
    assert not (await cache.through("s", "k", Upstream())).cached


async def test_what_was_asked_cannot_be_read_in_the_file(tmp_path: Path) -> None:
    cache = await open_cache(tmp_path)
    await cache.through("s", "a very private question", Upstream())
    await cache.close()
    whole = b"".join(file.read_bytes() for file in tmp_path.glob("c.sqlite*"))
    assert b"private question" not in whole


async def test_a_hit_takes_under_a_tenth_of_a_millisecond(cache: Cache, figure) -> None:
    upstream = Upstream(b"x" * 5000)
    await cache.through("s", "k", upstream)
    times = []
    for _ in range(2000):
        started = time.perf_counter()
        await cache.through("s", "k", upstream)
        times.append(time.perf_counter() - started)
    figure("search: cache hit in memory, median", sorted(times)[1000] * 1000, "ms", at_most=0.1)
