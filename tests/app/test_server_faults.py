"""A server has faults of every kind: the right state, no wrong answer, and back."""

from __future__ import annotations

import asyncio

import pytest

from tests.app.faulty_address import FaultyAddress, caller, live_through
from tests.app.faulty_command import FaultyCommand
from tests.app.running import lou

pytestmark = pytest.mark.anyio


async def test_a_server_at_an_address_comes_back_from_every_fault() -> None:
    address = FaultyAddress()
    await address.open()
    with lou() as running:
        running.start()
        await asyncio.to_thread(running.wait_for, "search", "ready")
        added = await asyncio.to_thread(running.run, "servers", "add", "web", "--url", address.url)
        assert added.returncode == 0, added.stderr
        await asyncio.to_thread(running.wait_for, "web", "ready")
        async with caller(running, "web") as client:
            for fault in address.states:
                assert await live_through(running, address, client, fault), fault
            assert client.wrong == 0
    await address.close()


async def test_a_command_comes_back_from_every_fault() -> None:
    with lou() as running:
        running.start()
        await asyncio.to_thread(running.wait_for, "search", "ready")
        server = FaultyCommand(running.home / "fault", running)
        added = await asyncio.to_thread(running.run, "servers", "add", "mine", "--", *server.words)
        assert added.returncode == 0, added.stderr
        async with caller(running, "mine") as client:
            for fault in server.states:
                assert await live_through(running, server, client, fault), fault
            assert client.wrong == 0
