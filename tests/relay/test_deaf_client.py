"""A client that reads nothing fills no memory, loses nothing, and holds up nobody for long."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.host.clients import lines
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S, eventually
from tests.relay.test_wire import ASKABLE, greet

pytestmark = pytest.mark.anyio

COUNT = 200
FLOOD = f"""
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    if m["method"] == "tools/call" and m["params"]["name"] == "flood":
        for number in range({COUNT}):
            note = {{"level": "info", "data": "x" * 1_000_000, "number": number}}
            said = {{"jsonrpc": "2.0", "method": "notifications/message", "params": note}}
            print(json.dumps(said), flush=True)
            with open(sys.argv[1], "a") as said_file: said_file.write("x")
    r = {{"initialize": {{"protocolVersion": "2025-06-18", "capabilities": {{"tools": {{}}}},
                        "serverInfo": {{"name": "flood", "version": "1"}}}},
         "tools/list": {{"tools": [{{"name": "flood", "inputSchema": {{"type": "object"}}}}]}},
         }}.get(m["method"], {{"content": []}})
    print(json.dumps({{"jsonrpc": "2.0", "id": m["id"], "result": r}}), flush=True)
"""


@asynccontextmanager
async def flooding(home: Path) -> AsyncIterator[tuple[Supervised, Path]]:
    """A relay of a server that can say 200 MB, and a file of a byte for each."""
    said = home / "said"
    upstream = {"command": sys.executable, "args": ["-c", FLOOD, str(said)]}
    async with supervised("-m", "servers", "relay", "mine") as server:
        await server.ready(settings={"upstream": upstream})
        yield server, said


def most_memory_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_what_a_client_does_not_read_waits_in_the_server(home: Path) -> None:
    async with flooding(home) as (server, said), lines(server.socket) as client:
        await greet(client, ASKABLE)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        call = client.send("tools/call", {"name": "flood", "arguments": {}})
        await eventually(lambda: said.exists() and said.stat().st_size > 5)
        async with lines(server.socket) as other:
            await greet(other, ASKABLE)
            for _ in range(500):
                await other.ask("tools/call", {"name": "nothing"})
        assert said.stat().st_size < 60, "it waits"
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        got = [(await client.line())["params"]["number"] for _ in range(COUNT)]
        assert got == [*range(COUNT)]
        assert (await client.line())["id"] == call
        assert most_memory_mb(server.pid) < 120


async def test_a_client_that_reads_nothing_does_not_hold_up_another(home: Path) -> None:
    async with flooding(home) as (server, said), lines(server.socket) as client:
        async with lines(server.socket) as other:
            for each in (client, other):
                await greet(each)
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            client.send("tools/call", {"name": "flood", "arguments": {}})
            await eventually(lambda: said.exists() and said.stat().st_size > 5)
            async with asyncio.timeout(PATIENCE_S):
                assert "result" in await other.ask("tools/call", {"name": "nothing"})
        assert any("it was disconnected" in log["message"] for log in server.all("log"))
