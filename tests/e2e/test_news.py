"""Clients hear that tools changed, whatever happened to the server that should have told them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp.client import Client

from tests.e2e.spine import PAIR, WITHIN_S, Spine, client

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.usefixtures("ready")]
eras = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])

Change = Callable[[Spine], None]


def switch_a_tool(spine: Spine) -> None:
    for on in (False, True):
        spine.ask("enable", server="tracker", tool="get_entry", on=on)


def restart(spine: Spine) -> None:
    spine.ask("restart", server="tracker")


def kill(spine: Spine) -> None:
    os.kill(spine.pid("tracker"), signal.SIGKILL)


def switch_off_and_on(spine: Spine) -> None:
    for on in (False, True):
        spine.ask("enable", server="tracker", on=on)


@asynccontextmanager
async def listening(spine: Spine, mode: str) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """A session, and an event that is set at each change of tools it hears of."""
    heard = asyncio.Event()

    async def hear(message: Any) -> None:
        if "ToolListChanged" in type(getattr(message, "root", message)).__name__:
            heard.set()

    async with client(spine, "tracker", mode, message_handler=hear) as session:
        if mode == "legacy":
            yield session, heard
            return
        async with session.listen(tools_list_changed=True) as subscription:

            async def follow() -> None:
                async for _ in subscription:
                    heard.set()

            follower = asyncio.create_task(follow())
            yield session, heard
            assert not follower.done(), "the subscription ended"
            follower.cancel()


@eras
@pytest.mark.parametrize(
    "change", [switch_a_tool, restart, kill, switch_off_and_on], ids=lambda change: change.__name__
)
async def test_every_change_is_heard_and_the_next_one_too(
    spine: Spine, mode: str, change: Change
) -> None:
    async with listening(spine, mode) as (session, heard):
        for _ in range(2):
            heard.clear()
            await asyncio.to_thread(change, spine)
            await asyncio.wait_for(heard.wait(), WITHIN_S)
            tools = await asyncio.wait_for(session.list_tools(cache_mode="refresh"), WITHIN_S)
            assert "get_entry" in {tool.name for tool in tools.tools}
            found = await asyncio.wait_for(session.call_tool("find_tracked", {}), WITHIN_S)
            assert not found.is_error


@eras
async def test_a_session_begun_while_the_server_was_off_hears_when_it_comes(
    spine: Spine, mode: str
) -> None:
    spine.ask("enable", server="tracker", on=False)
    async with listening(spine, mode) as (session, heard):
        assert (await session.list_tools()).tools
        await asyncio.to_thread(spine.ask, "enable", server="tracker", on=True)
        await asyncio.wait_for(heard.wait(), WITHIN_S)
        assert not (await session.call_tool("track_url_email", PAIR)).is_error
