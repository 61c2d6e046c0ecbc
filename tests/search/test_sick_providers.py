"""Eight ways to be sick, 200 calls each: nobody waits too long, nobody is lied to, nobody else suffers."""  # noqa: E501

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from servers.host.tools.service import ToolError
from servers.outbound.failure import Kind
from tests.search.conftest import Running, Start
from tests.search.standins.faults import TRUTHS, sick
from tests.search.standins.world import KEYS

pytestmark = pytest.mark.anyio

CALLS = 200
AT_ONCE = 20
DEADLINE_S = 1.0
BUSY_MACHINE_S = 8.0
"""What a busy machine may add; without a deadline a silent provider takes longer still."""
_ALWAYS_TRUE = {Kind.RESTING, Kind.BUSY}
"""What may be said once the breaker has opened or the queue is full."""


@dataclass
class Outcome:
    """How the calls to one provider went."""

    ok: int = 0
    seconds: list[float] = field(default_factory=list)
    said: list[ToolError] = field(default_factory=list)


async def many(running: Running, provider: str, calls: int, at_once: int) -> Outcome:
    outcome = Outcome()
    places = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with places:
            started = time.monotonic()
            try:
                answer = await running.tools.web_search(f"{provider} {number}", provider=provider)
                assert answer.results
                outcome.ok += 1
            except ToolError as failure:
                outcome.said.append(failure)
            outcome.seconds.append(time.monotonic() - started)

    await asyncio.gather(*(one(number) for number in range(calls)))
    return outcome


@pytest.mark.parametrize("kind", TRUTHS)
async def test_a_sick_provider_hurts_nobody(start: Start, kind: str, figure) -> None:
    async with sick(kind) as provider:
        running = await start(KEYS, searxng={"base_url": provider.base_url}, deadline_s=DEADLINE_S)
        alone = await many(running, "tavily", 40, 4)
        ill, well = await asyncio.gather(
            many(running, "searxng", CALLS, AT_ONCE), many(running, "exa", 100, 4)
        )
    longest = max(ill.seconds)
    figure(f"search: {kind} provider, longest call", longest, "s", at_most=DEADLINE_S + 0.5)
    figure(
        f"search: {kind} provider, load per call",
        max(provider.asked, running.tools.parts.lines["searxng"].channel.record.calls) / CALLS,
        "",
        at_most=1.1,
        enforce=True,
    )
    assert longest <= DEADLINE_S + BUSY_MACHINE_S
    if kind not in {"flapping", "limited"}:
        assert provider.asked <= CALLS * 0.3, "the breaker opens"
    for failure in ill.said:
        outcome = Kind(failure.data["tried"][0]["outcome"])
        assert outcome in TRUTHS[kind] | _ALWAYS_TRUE, failure.message
        assert "searxng" in failure.message
    assert ill.ok + len(ill.said) == CALLS
    assert ill.ok == 0 or kind == "flapping"
    assert well.ok == 100
    ratio = sorted(well.seconds)[50] / sorted(alone.seconds)[20]
    figure(f"search: {kind} provider, healthy one's median against alone", ratio, "x", at_most=3)


async def test_auto_gets_an_answer_past_two_sick_providers(start: Start) -> None:
    async with sick("silent") as silent, sick("lying") as lying:
        running = await start(
            KEYS,
            chain=["brave", "exa", "tavily"],
            brave={"base_url": silent.base_url},
            exa={"base_url": lying.base_url},
            deadline_s=2.0,
        )
        started = time.monotonic()
        answer = await running.tools.web_search("x")
        assert time.monotonic() - started < 2.0 + BUSY_MACHINE_S
        assert [(one.provider, one.outcome) for one in answer.tried] == [
            ("brave", "timeout"),
            ("exa", "upstream"),
            ("tavily", "ok"),
        ]
