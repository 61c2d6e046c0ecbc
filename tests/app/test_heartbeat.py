"""What recurs shares its wake-ups: everything sleeps until the same beats, which are rare."""

from __future__ import annotations

import asyncio

import pytest

from app.system import heartbeat
from servers.contract import ping_timer

FAST, SLOW = 2.0, 8.0


@pytest.mark.parametrize(
    ("now", "every_s", "ends"),
    [(10.0, FAST, 12), (11.3, FAST, 12), (11.3, SLOW, 16), (11.95, FAST, 14), (15.6, SLOW, 24)],
)
def test_sleeps_that_begin_at_any_time_end_at_a_beat(
    now: float, every_s: float, ends: float
) -> None:
    assert now + ping_timer.seconds_to_beat(now, every_s) == pytest.approx(ends)


def test_one_check_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_SLOW_S", 0.01)
    monkeypatch.setattr(ping_timer, "EARLY_S", 0.0)

    def broken() -> None:
        raise OSError("no disk")

    async def beat() -> None:
        heart, done = heartbeat.Heartbeat(), asyncio.Event()
        heart.every(0.01, broken)
        heart.every(0.02, _setting(done))
        heart.start()
        await asyncio.wait_for(done.wait(), 60)
        await heart.stop()

    asyncio.run(beat())


def test_a_look_is_answered_at_once_and_keeps_the_beats_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "_SLOW_S", 1e6)
    monkeypatch.setattr(heartbeat, "_FAST_S", 0.01)
    monkeypatch.setattr(ping_timer, "EARLY_S", 0.0)

    async def beat() -> None:
        heart, beats = heartbeat.Heartbeat(), asyncio.Queue[None](3)
        heart.every(0.01, lambda: beats.put(None))
        heart.start()
        await asyncio.sleep(0)
        assert beats.empty()
        assert heart.pace_s == 1e6
        heart.look()
        assert heart.pace_s == 0.01
        for _ in range(10):
            await asyncio.wait_for(beats.get(), 60)
        await heart.stop()

    asyncio.run(beat())


def _setting(done: asyncio.Event):
    async def work() -> None:
        done.set()

    return work
