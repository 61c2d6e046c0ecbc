"""The way to a provider: what it sends, how often, and what it remembers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from servers.outbound.breaker import Policy
from servers.outbound.channel import Channel
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpClient, HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from tests.outbound.conftest import answer, head

pytestmark = pytest.mark.anyio

Serving = Callable[..., Awaitable[int]]


class Provider:
    """Answers with each status in turn, the last for ever."""

    def __init__(self, *statuses: int | float, headers: tuple[str, ...] = ()) -> None:
        self.statuses = list(statuses)
        self.headers = headers
        self.asked = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        self.asked += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        writer.write(answer(b"{}", *self.headers, status=f"{status} X"))
        await writer.drain()


def read(reply: HttpReply) -> int:
    kinds = {503: Kind.UPSTREAM, 429: Kind.RATE_LIMITED, 401: Kind.AUTH, 402: Kind.QUOTA}
    if reply.status in kinds:
        wait = reply.headers.get("Retry-After")
        raise OutboundError(
            kinds[reply.status],
            f"it said {reply.status}",
            retry_after=float(wait) if wait else None,
            transient=reply.status in {503, 429},
        )
    return reply.status


class Way:
    """A channel to a provider, and what it told."""

    def __init__(self, http: HttpClient, port: int, **more: Any) -> None:
        self.told: list[str] = []
        more.setdefault("pace", Pace(at_once=64))
        self.channel = Channel(http, observe=lambda kind, _ms: self.told.append(kind), **more)
        self.request = HttpRequest("GET", f"http://127.0.0.1:{port}/")

    async def ask(self, seconds: float = 3.0) -> int | OutboundError:
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            return await self.channel.exchange(self.request, read, deadline)
        except OutboundError as failure:
            return failure


async def test_a_passing_failure_is_asked_again(http: HttpClient, serve: Serving) -> None:
    provider = Provider(503, 200)
    way = Way(http, await serve(provider))
    assert await way.ask() == 200
    assert way.told == ["upstream", "ok"]


@pytest.mark.parametrize("wrong", [TypeError, KeyError, AttributeError, UnicodeError])
async def test_an_answer_that_nobody_foresaw_is_a_failure_of_the_provider(
    http: HttpClient, serve: Serving, wrong: type[Exception]
) -> None:
    def read(_reply: HttpReply) -> None:
        raise wrong

    way = Way(http, await serve(Provider(200)))
    with pytest.raises(OutboundError) as caught:
        await way.channel.exchange(way.request, read, asyncio.get_running_loop().time() + 3)
    assert (caught.value.kind, way.told) == (Kind.UPSTREAM, ["upstream"])


async def test_retry_after_is_waited_for(http: HttpClient, serve: Serving) -> None:
    provider = Provider(429, 200, headers=("Retry-After: 0.4",))
    way = Way(http, await serve(provider))
    started = time.monotonic()
    assert await way.ask() == 200
    assert time.monotonic() - started >= 0.4


async def test_a_retry_after_past_the_deadline_fails_at_once_and_holds(
    http: HttpClient, serve: Serving
) -> None:
    provider = Provider(429, headers=("Retry-After: 120",))
    way = Way(http, await serve(provider))
    started = time.monotonic()
    for _ in range(5):
        failure = await way.ask()
        assert isinstance(failure, OutboundError)
        assert failure.kind is Kind.RATE_LIMITED
    assert time.monotonic() - started < 1
    assert provider.asked == 1


async def test_a_short_hold_is_waited_out_by_the_next_call(
    http: HttpClient, serve: Serving
) -> None:
    provider = Provider(429, 429, 429, 200, headers=("Retry-After: 0.3",))
    way = Way(http, await serve(provider))
    await way.ask(0.2)
    assert isinstance(await way.ask(0.2), OutboundError)
    assert provider.asked == 1


async def test_a_dead_provider_rests_after_five_failures(http: HttpClient) -> None:
    way = Way(http, 1)
    kinds = [(await way.ask()).kind for _ in range(30)]  # type: ignore[union-attr]
    assert kinds[-1] is Kind.RESTING
    assert way.told.count("unreachable") <= 6
    assert "took no connection" in (await way.ask()).message  # type: ignore[union-attr]


async def test_one_trial_after_the_rest_heals_it(http: HttpClient, serve: Serving) -> None:
    provider = Provider(503)
    way = Way(http, await serve(provider), policy=Policy(rest_s=0.2))
    for _ in range(10):
        await way.ask()
    asked = provider.asked
    provider.statuses = [200]
    await asyncio.sleep(0.25)
    answers = await asyncio.gather(*(way.ask() for _ in range(20)))
    assert provider.asked == asked + 1
    assert sum(one == 200 for one in answers) == 1
    assert await way.ask() == 200


async def test_a_trial_that_was_cancelled_leaves_room_for_another(
    http: HttpClient, serve: Serving
) -> None:
    provider = Provider(503)
    way = Way(http, await serve(provider), policy=Policy(rest_s=0.1))
    for _ in range(10):
        await way.ask()
    await asyncio.sleep(0.15)
    task = asyncio.create_task(way.ask())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    provider.statuses = [200]
    assert await way.ask() == 200


async def test_a_rejected_key_is_not_sent_again_until_it_changes(
    http: HttpClient, serve: Serving
) -> None:
    provider = Provider(401)
    way = Way(http, await serve(provider))
    for _ in range(10):
        assert (await way.ask()).kind is Kind.AUTH  # type: ignore[union-attr]
    assert provider.asked == 1
    provider.statuses = [200]
    way.channel.renew()
    assert await way.ask() == 200


async def test_a_spent_quota_is_not_asked_again(http: HttpClient, serve: Serving) -> None:
    provider = Provider(402)
    way = Way(http, await serve(provider))
    for _ in range(10):
        assert (await way.ask()).kind is Kind.QUOTA  # type: ignore[union-attr]
    assert provider.asked == 1


async def test_the_record_tells_calls_failures_and_latency(
    http: HttpClient, serve: Serving
) -> None:
    way = Way(http, await serve(Provider(200, 401)))
    await way.ask()
    await way.ask()
    record = way.channel.record
    assert (record.calls, record.failures, record.last_error) == (2, 1, "it said 401")
    assert record.latency_ms > 0
