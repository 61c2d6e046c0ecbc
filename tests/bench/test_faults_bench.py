"""A server has 200 faults in random order: it comes back from each by itself."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque

import pytest

from tests.app.faulty_address import FaultyAddress, caller, live_through
from tests.app.faulty_command import FaultyCommand
from tests.app.running import lou
from tests.conftest import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600), pytest.mark.anyio]

FAULTS = 200
MOST_ENDS, WINDOW_S = 4, 61.0
"""A command that ends more often than this is a crash loop, which Lou gives up for a while."""


async def test_it_comes_back_from_every_fault(figure: Figures) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    faults = random.Random(seed).choices([*FaultyAddress.states], k=FAULTS)
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


async def test_a_command_comes_back_from_every_fault(figure: Figures) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    faults = random.Random(seed).choices([*FaultyCommand.states], k=FAULTS)
    ends: deque[float] = deque([0.0] * MOST_ENDS, maxlen=MOST_ENDS)
    wrong_states = 0
    with lou() as running:
        running.start()
        await asyncio.to_thread(running.wait_for, "search", "ready")
        server = FaultyCommand(running.home / "fault", running)
        await asyncio.to_thread(running.run, "servers", "add", "mine", "--", *server.words)
        async with caller(running, "mine") as client:
            for fault in faults:
                if fault in server.fatal:
                    await asyncio.sleep(max(0.0, ends[0] + WINDOW_S - time.monotonic()))
                    ends.append(time.monotonic())
                wrong_states += not await live_through(running, server, client, fault)
    name = f"relay: of {FAULTS} faults of a command (seed {seed}), wrong states"
    figure(name, wrong_states, at_most=0)
    figure("relay: calls answered wrongly", client.wrong, at_most=0, enforce=True)
