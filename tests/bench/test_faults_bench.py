"""A server at an address has 200 faults in random order: it comes back from each by itself."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.app.faulty_address import STATES, FaultyAddress, caller, live_through
from tests.app.running import lou
from tests.conftest import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600), pytest.mark.anyio]

FAULTS = 200


async def test_it_comes_back_from_every_fault(figure: Figures) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    faults = random.Random(seed).choices([*STATES], k=FAULTS)
    address = FaultyAddress()
    await address.open()
    wrong_states = 0
    with lou() as running:
        running.start()
        await asyncio.to_thread(running.wait_for, "search", "ready")
        await asyncio.to_thread(running.run, "servers", "add", "web", "--url", address.url)
        await asyncio.to_thread(running.wait_for, "web", "ready")
        async with caller(running, "web") as client:
            for fault in faults:
                wrong_states += not await live_through(running, address, client, fault)
    await address.close()
    figure(f"relay: of {FAULTS} faults (seed {seed}), wrong states", wrong_states, at_most=0)
    figure("relay: calls answered wrongly", client.wrong, at_most=0, enforce=True)
