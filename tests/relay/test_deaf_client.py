"""A client that reads nothing fills no memory, loses nothing, and holds up nobody for long."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from servers.relay.http_streams import EventStream, Exchange, resume
from tests.host.clients import lines
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S, eventually
from tests.relay.test_relay_http import HEADERS, KEYS
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
async def flooding(home: Path) -> AsyncIterator[tuple[Supervised, Path, str]]:
    """A relay of a server that can say 200 MB, a file of a byte for each, and the address."""
    said = home / "said"
    upstream = {"command": sys.executable, "args": ["-c", FLOOD, str(said)]}
    async with supervised("-m", "servers", "relay", "mine") as server:
        settings = {"upstream": upstream, "http": {"port": 0}}
        ready = await server.ready(keys=KEYS, settings=settings)
        yield server, said, ready["http"]


def was_disconnected(server: Supervised) -> bool:
    return any("it was disconnected" in log["message"] for log in server.all("log"))


def most_memory_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_what_a_client_does_not_read_waits_in_the_server(home: Path) -> None:
    async with flooding(home) as (server, said, _), lines(server.socket) as client:
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
    async with flooding(home) as (server, said, _), lines(server.socket) as client:
        async with lines(server.socket) as other:
            for each in (client, other):
                await greet(each)
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            client.send("tools/call", {"name": "flood", "arguments": {}})
            await eventually(lambda: said.exists() and said.stat().st_size > 5)
            async with asyncio.timeout(PATIENCE_S):
                assert "result" in await other.ask("tools/call", {"name": "nothing"})
        await eventually(lambda: was_disconnected(server))


class HttpSession:
    """One session on the HTTP side; what it asks for is read only where a test reads it."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self._http, self._url = http, url
        self._headers: dict[str, str] = {}

    def stream(self, method: str, params: dict[str, Any]) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self._http.stream("POST", self._url, json=message, headers=self._headers)

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S), self.stream(method, params) as response:
            self._headers |= {"mcp-session-id": response.headers["mcp-session-id"]}
            *_, last = [line async for line in response.aiter_lines() if line]
            return json.loads(last.removeprefix("data: "))

    async def greet(self, capabilities: dict[str, Any]) -> None:
        info = {"name": "t", "version": "1"}
        opening = {"protocolVersion": "2025-06-18", "clientInfo": info}
        assert "result" in await self.ask("initialize", {**opening, "capabilities": capabilities})


@asynccontextmanager
async def http_sessions(
    url: str, capabilities: dict[str, Any]
) -> AsyncIterator[tuple[HttpSession, HttpSession]]:
    async with httpx2.AsyncClient(headers=HEADERS, trust_env=False, timeout=PATIENCE_S) as http:
        both = HttpSession(http, url), HttpSession(http, url)
        for each in both:
            await each.greet(capabilities)
        yield both


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_what_an_http_client_does_not_read_waits_in_the_server(home: Path) -> None:
    async with flooding(home) as (server, said, url), http_sessions(url, ASKABLE) as (deaf, other):
        async with deaf.stream("tools/call", {"name": "flood"}) as response:
            await eventually(lambda: said.exists() and said.stat().st_size > 5)
            for _ in range(100):
                await other.ask("tools/call", {"name": "nothing"})
            assert said.stat().st_size < 60, "it waits"
            texts = [line[6:] async for line in response.aiter_lines() if line[:6] == "data: "]
        told = [json.loads(text) for text in texts]
        assert [each["params"]["number"] for each in told[:-1]] == [*range(COUNT)]
        assert told[-1]["id"] == 1
        assert most_memory_mb(server.pid) < 160


async def test_an_http_client_that_reads_nothing_does_not_hold_up_another(home: Path) -> None:
    async with flooding(home) as (server, said, url), http_sessions(url, {}) as (deaf, other):
        async with deaf.stream("tools/call", {"name": "flood"}):
            await eventually(lambda: said.exists() and said.stat().st_size > 5)
            assert "result" in await other.ask("tools/call", {"name": "nothing"})
        await eventually(lambda: was_disconnected(server))


async def test_each_part_that_a_slow_http_client_reads_counts_as_read() -> None:
    numbers: list[int] = []
    stream = EventStream(set(), lambda _: numbers.append(stream.written))
    for _ in range(6):
        stream.put(b"x" * 1_000_000)
    stream.end()
    sizes: list[int] = []

    async def send(message: Any) -> None:
        sizes.append(len(message.get("body", b"")))

    async def receive() -> Any:
        await asyncio.Event().wait()

    await resume(stream, Exchange({}, receive, send), 0)
    assert max(sizes) < 2_000_000
    assert set(numbers) >= {4, 5, 6}, "older ones are kept for nobody"
