"""The pace of the calls to one provider, and who waits for a turn."""

from __future__ import annotations

import asyncio

import pytest

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.limiter import Limiter, Pace

pytestmark = pytest.mark.anyio


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_no_more_than_the_pace_allows_are_in_flight() -> None:
    limiter = Limiter(Pace(at_once=3))
    inside, most = 0, 0

    async def call() -> None:
        nonlocal inside, most
        async with limiter.place(now() + 5):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(call() for _ in range(30)))
    assert most == 3


async def test_starts_are_spaced_at_the_pace() -> None:
    limiter = Limiter(Pace(per_second=50))
    starts = []
    for _ in range(4):
        async with limiter.place(now() + 5):
            starts.append(now())
    # One start may be late and the next on time, but none is ever before its turn.
    assert all(start - starts[0] > 0.019 * turn for turn, start in enumerate(starts[1:], 1))


async def test_a_turn_that_comes_too_late_is_refused_at_once() -> None:
    limiter = Limiter(Pace(per_second=0.1))
    async with limiter.place(now() + 5):
        pass
    started = now()
    with pytest.raises(OutboundError) as caught:
        async with limiter.place(now() + 5):
            pass
    assert caught.value.kind is Kind.BUSY
    assert now() - started < 0.1


async def test_a_full_queue_refuses_in_words() -> None:
    limiter = Limiter(Pace(at_once=1, waiting=2))
    release = asyncio.Event()

    async def hold() -> None:
        async with limiter.place(now() + 5):
            await release.wait()

    held = [asyncio.create_task(hold()) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OutboundError, match="2 calls already wait"):
        async with limiter.place(now() + 5):
            pass
    release.set()
    await asyncio.gather(*held)


async def test_a_place_is_given_back_by_a_call_that_was_cancelled() -> None:
    limiter = Limiter(Pace(at_once=1))

    async def hold() -> None:
        async with limiter.place(now() + 5):
            await asyncio.sleep(60)

    task = asyncio.create_task(hold())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with limiter.place(now() + 0.5):
        pass
