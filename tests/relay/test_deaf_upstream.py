"""A user's own server that reads nothing fills no memory, and hurts nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.host.clients import Lines, lines
from tests.host.supervised import Supervised
from tests.patience import PATIENCE_S, eventually
from tests.relay.test_wire import ASKABLE, entry, greet, put, relay, seen

pytestmark = pytest.mark.anyio

MB = "x" * 1_000_000
UNREAD = "does not read what it is sent"


@asynccontextmanager
async def deaf(home: Path) -> AsyncIterator[tuple[Supervised, Lines, Path]]:
    """A relay, a client whose server reads nothing, and the file that makes it read again."""
    until = home / "read"
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        client.send("tools/call", {"name": "read_no_more", "arguments": {"until": str(until)}})
        yield server, client, until


async def fill(client: Lines) -> list[int]:
    """Send large requests until one is refused; returns the ids of the others."""
    sent = [client.send("vendor/large", {"text": MB}) for _ in range(40)]
    refused = [await client.line() for _ in range(6)]
    assert all(UNREAD in each["error"]["message"] for each in refused)
    return sorted({*sent} - {each["id"] for each in refused})


async def test_requests_that_find_no_room_are_refused_in_words(home: Path) -> None:
    async with deaf(home) as (server, client, until):
        waiting = await fill(client)
        call = server.send("call_tool", name="seen", arguments={"text": MB})
        refused = await server.answer(call)
        assert UNREAD in refused["error"]["message"]
        until.touch()
        answered = {(await client.line())["id"] for _ in waiting}
        assert len(answered) == len(waiting)
        assert (await seen(client))["pid"]


async def test_switches_other_clients_and_cancellation_go_on(home: Path) -> None:
    async with deaf(home) as (server, client, until):
        waiting = await fill(client)
        put(client, {"method": "notifications/cancelled", "params": {"requestId": waiting[0]}})
        await server.request("configure", settings=entry(), disabled_tools=["say"])
        assert (await client.line())["method"] == "notifications/tools/list_changed"
        told = (await client.ask("tools/call", {"name": "say"}))["result"]
        assert "switched off" in told["content"][0]["text"]
        async with lines(server.socket) as other:
            await greet(other, ASKABLE)
            assert (await seen(other))["pid"]
        until.touch()
        told = (await seen(client))["seen"]
        assert "notifications/cancelled" in {each["method"] for each in told}


async def test_what_cannot_be_refused_waits_in_the_client(home: Path) -> None:
    async with deaf(home) as (server, client, until):
        note: dict[str, Any] = {"method": "notifications/vendor", "params": {"text": MB}}
        line = json.dumps({"jsonrpc": "2.0", **note}).encode() + b"\n"
        client.writer.write(line * 200)

        def taken() -> int:
            return 200 * len(line) - client.writer.transport.get_write_buffer_size()

        await eventually(lambda: taken() > 66_000_000)
        async with lines(server.socket) as other:
            await greet(other, ASKABLE)
            assert (await seen(other))["pid"]
        assert taken() < 80_000_000
        until.touch()
        assert (await client.line())["result"] == {"content": []}
        arguments = {"method": note["method"]}
        counted: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE_S):
            while "result" not in counted:  # refused while much still waits for the server
                counted = await client.ask("tools/call", {"name": "count", "arguments": arguments})
        assert counted["result"]["structuredContent"]["count"] == 200, "none is lost"
