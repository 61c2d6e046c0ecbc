"""What a server of the user does late, or in an order of its own, costs no client anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.host.clients import lines
from tests.host.supervised import supervised
from tests.relay.test_wire import LIST_CHANGED, entry, greet

pytestmark = pytest.mark.anyio


async def test_a_server_that_is_slow_with_its_tools_is_served_without_until_it_lists_them(
    home: Path,
) -> None:
    soon = "import servers.relay.server as it; it._LISTED_WITHIN_S = 0.1"
    program = f"{soon}; from servers.__main__ import main; main()"
    async with supervised("-c", program, "relay", "mine") as server:
        assert (await server.ready(settings=entry({"late": "tools/list"})))["tools"] == 0
        warned = await server.event("log", level="WARNING")
        assert "has not listed its tools within 0.1 s" in warned["message"]
        async with lines(server.socket) as client:
            await greet(client, {})
            call = client.send("tools/call", {"name": "seen", "arguments": {}})
            told = [await client.line(), await client.line()]
            assert json.loads(LIST_CHANGED) in told
            assert call in {each.get("id") for each in told}
        assert len((await server.request("list_tools"))["tools"]) == 4
