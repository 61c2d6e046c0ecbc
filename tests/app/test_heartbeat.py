"""What recurs shares its wake-ups: everything sleeps until the same beats, every 2 s."""

from __future__ import annotations

import asyncio

import pytest

from app.system import heartbeat


@pytest.mark.parametrize(
    ("now", "beats", "ends"), [(10.0, 1, 12), (11.3, 1, 12), (11.3, 5, 20), (11.95, 1, 14)]
)
def test_sleeps_that_begin_at_any_time_end_at_a_beat(now: float, beats: int, ends: float) -> None:
    assert now + heartbeat.seconds_to_beat(now, beats) == pytest.approx(ends)


def test_one_check_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_EVERY_S", 0.01)
    monkeypatch.setattr(heartbeat, "_EARLY_S", 0.0)

    def broken() -> None:
        raise OSError("no disk")

    async def beat() -> None:
        heart, done = heartbeat.Heartbeat(), asyncio.Event()

        async def whole() -> None:
            done.set()

        heart.every(1, broken)
        heart.every(2, whole)
        heart.start()
        await asyncio.wait_for(done.wait(), 60)
        await heart.stop()

    asyncio.run(beat())
