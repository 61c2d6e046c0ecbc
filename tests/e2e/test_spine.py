"""The main job, as a client on a fresh machine meets it: real app, real servers, real bridge."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from tests.conftest import Figures
from tests.e2e.kills import kill_under_a_call
from tests.e2e.spine import BRIDGE, PAIR, WITHIN_S, Spine, client

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.usefixtures("ready")]
eras = pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])


@eras
async def test_the_main_job(spine: Spine, mode: str) -> None:
    async with client(spine, "tracker", mode) as tracker:
        names = {tool.name for tool in (await tracker.list_tools()).tools}
        assert {"track_url_email", "find_tracked", "get_entry"} <= names
        tracked = await tracker.call_tool("track_url_email", PAIR)
        assert not tracked.is_error, tracked
        found = await tracker.call_tool("find_tracked", {"url": PAIR["url"]})
        assert PAIR["email"] in str(found.structured_content)
    async with client(spine, "search", mode) as search:
        assert "web_search" in {tool.name for tool in (await search.list_tools()).tools}
        answer = await search.call_tool("web_search", {"query": "anything"})
        assert answer.is_error
        words = str(answer.content)
        assert "tavily" in words.lower()
        assert "wikipedia" in words.lower()


async def test_two_clients_that_start_a_server_twice_each_share_one_process(
    spine: Spine, figure: Figures
) -> None:
    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(client(spine, "tracker", mode))
            for mode in ("legacy", "auto", "legacy", "auto")
        ]
        for session in sessions:
            assert (await session.list_tools()).tools
        bridges = spine.count("-I", "-S", "-E", str(BRIDGE), "tracker")
        servers = spine.count("-I", "-m", "servers", "tracker")
        figure("two clients, each server twice: bridges", bridges, "", at_least=4, enforce=True)
        figure("two clients, each server twice: servers", servers, "", at_most=1, enforce=True)
        assert (bridges, servers) == (4, 1)
        spine.wait_for(lambda: spine.row("tracker")["clients"] == 4, "four clients are counted")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_session_outlives_its_server_again_and_again(
    spine: Spine, figure: Figures, mode: str
) -> None:
    kills = []
    async with client(spine, "tracker", mode) as session:
        await session.list_tools()
        for _ in range(5):
            kill = await kill_under_a_call(spine, session)
            assert "server stopped while it worked on the tool track_url_email" in kill.words
            kills.append(kill)
    slowest = max(kill.answered_after_s for kill in kills)
    figure(f"kill -9 under a session ({mode}): slowest answer of 5", slowest, "s", at_most=2.5)


@eras
async def test_a_switched_off_tool_is_refused_at_the_next_call(spine: Spine, mode: str) -> None:
    async with client(spine, "tracker", mode) as session:
        assert not (await session.call_tool("find_tracked", {})).is_error
        spine.ask("enable", server="tracker", tool="find_tracked", on=False)
        words = await refused(session, "find_tracked")
        assert "switched off" in words
        names = {tool.name for tool in (await session.list_tools(cache_mode="refresh")).tools}
        assert "find_tracked" not in names
        spine.ask("enable", server="tracker", tool="find_tracked", on=True)
        assert not (await session.call_tool("find_tracked", {})).is_error


async def refused(session: Client, tool: str, arguments: dict[str, Any] | None = None) -> str:
    try:
        answer = await asyncio.wait_for(session.call_tool(tool, arguments or {}), WITHIN_S)
    except MCPError as failed:
        return str(failed)
    assert answer.is_error
    return str(answer.content)


@eras
async def test_a_switched_off_server_says_so_and_comes_back(spine: Spine, mode: str) -> None:
    async with client(spine, "tracker", mode) as session:
        await session.list_tools()
        spine.ask("enable", server="tracker", on=False)
        began = time.monotonic()
        assert "switched off" in await refused(session, "find_tracked")
        assert time.monotonic() - began < 2
        assert (await session.list_tools(cache_mode="refresh")).tools
        spine.ask("enable", server="tracker", on=True)
        assert not (await session.call_tool("find_tracked", {})).is_error


@eras
async def test_a_client_that_comes_while_the_server_is_off_is_greeted(
    spine: Spine, mode: str
) -> None:
    spine.ask("enable", server="tracker", on=False)
    async with client(spine, "tracker", mode) as session:
        assert (await session.list_tools()).tools
        assert "switched off" in await refused(session, "find_tracked")
        spine.ask("enable", server="tracker", on=True)
        assert not (await session.call_tool("find_tracked", {})).is_error


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_server_nobody_knows_is_a_clear_error(spine: Spine, mode: str) -> None:
    with pytest.raises(BaseExceptionGroup) as group:
        async with client(spine, "nonesuch", mode):
            pytest.fail("it connected")
    assert "no server called nonesuch" in repr(group.value)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_app_that_was_killed_is_started_by_the_next_call(spine: Spine, mode: str) -> None:
    async with client(spine, "tracker", mode) as session:
        assert not (await session.call_tool("track_url_email", PAIR)).is_error
        assert spine.process
        spine.process.kill()
        spine.process.wait()
        found = await asyncio.wait_for(session.call_tool("find_tracked", {}), WITHIN_S)
        assert PAIR["email"] in str(found.structured_content)
        spine.wait_ready("search", "tracker")
        assert spine.ask("status")["app"]["pid"] != spine.process.pid
        assert spine.count("-I", "-m", "app", "serve") == 1
