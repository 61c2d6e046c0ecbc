"""The promises of the relay: what a server of the user's own costs and loses behind Lou."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.bench.test_host_bench import Client, _over_socket
from tests.conftest import Figures
from tests.host.clients import lines
from tests.host.supervised import ROOT, supervised
from tests.relay.test_wire import WIRE, entry, greet, put, relay, seen

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_200), pytest.mark.anyio]

UPSTREAM = str(ROOT / "tests/relay/upstream_server.py")
ADD = {"name": "add", "arguments": {"a": 1}}
BRIDGE = (sys.executable, "-I", "-S", "-E", str(ROOT / "servers/bridge/__main__.py"), "mine")
SERVERS = 10
ODD = 100


def _figures_of(client: Client) -> tuple[float, float]:
    return statistics.median(client.call_ms(1_000, ADD)), client.calls_per_second(64, 3_000, ADD)


def _of_process(command: tuple[str, ...]) -> tuple[float, float]:
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-3) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        found = _figures_of(Client(process.stdin.fileno(), process.stdout.fileno()))
        process.stdin.close()
    return found


def _of_socket(path: str) -> tuple[float, float]:
    with _over_socket(path) as client:
        return _figures_of(client)


async def test_what_a_call_costs(home: Path, figure: Figures) -> None:
    alone = await asyncio.to_thread(_of_process, (sys.executable, UPSTREAM))
    settings = {"upstream": {"command": sys.executable, "args": [UPSTREAM]}}
    async with supervised("-m", "servers", "relay", "mine") as server:
        await server.ready(settings=settings)
        relayed = await asyncio.to_thread(_of_socket, server.socket)
        bridged = await asyncio.to_thread(_of_process, BRIDGE)
    for name, (took, rate) in {"relay": relayed, "bridge and relay": bridged}.items():
        figure(f"relay: added to a call by {name}", took - alone[0], "ms", at_most=0.12)
        figure(f"relay: 64 in flight through {name}", rate / alone[1], "of direct", at_least=0.9)


def _pss_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.split("\nPss:")[1].split()[0]) / 1024


async def test_what_a_further_server_costs(home: Path, figure: Figures) -> None:
    async with AsyncExitStack() as stack:
        relays = []
        for number in range(SERVERS):
            words = ("-I", "-m", "servers", "relay", f"mine{number}")
            server = await stack.enter_async_context(supervised(*words))
            await server.ready(settings=entry())
            relays.append(server.pid)
        figure(
            f"relay: memory of one, of {SERVERS}, without its guard",
            statistics.mean(map(_pss_mb, relays)), "MB", at_most=8,
        )  # fmt: skip


async def test_how_soon_it_is_ready(home: Path, figure: Figures) -> None:
    late = []
    for _ in range(7):
        began = time.perf_counter()
        with subprocess.Popen((sys.executable, WIRE), stdin=-1, stdout=-1) as direct:
            assert direct.stdin is not None
            assert direct.stdout is not None
            Client(direct.stdin.fileno(), direct.stdout.fileno())
            alone = time.perf_counter() - began
            direct.stdin.close()
        began = time.perf_counter()
        async with relay():
            late.append(time.perf_counter() - began - alone)
    figure(
        "relay: ready after the server could be, median", statistics.median(late), "s", at_most=0.1
    )


async def test_no_question_reaches_another_client(home: Path, figure: Figures) -> None:
    crossed = 0

    async def one(number: int) -> None:
        nonlocal crossed
        async with lines(server.socket) as client:
            await greet(client, {"sampling": {}})
            for turn in range(1_000):
                mark = {"mark": f"{number}/{turn}"}
                asked = {"method": "sampling/createMessage", "params": mark}
                call = client.send("tools/call", {"name": "ask", "arguments": asked})
                question = await client.line()
                put(client, {"id": question["id"], "result": mark})
                answer = await client.line()
                told = answer["result"]["structuredContent"].get("result")
                crossed += question["params"] != mark or answer["id"] != call or told != mark

    async with relay() as server:
        await asyncio.gather(*map(one, range(8)))
    figure("relay: crossed of 8 x 1,000 calls with a question", crossed, at_most=0, enforce=True)


GOOD = {"name": "seen", "inputSchema": {"type": "object"}}
SCHEMAS: list[Any] = [
    {}, None, [], "object", {"type": "string"}, {"type": ["object", "null"]}, {"anyOf": []},
    {"type": "object", "properties": []}, {"type": "object", "properties": {"a": None}},
    {"type": "object", "required": "a"}, {"$schema": "http://json-schema.org/draft-07/schema#"},
]  # fmt: skip
GREETINGS: list[Any] = [
    {}, {"protocolVersion": "2024-10-07"}, {"protocolVersion": None}, {"protocolVersion": 5},
    {"serverInfo": None}, {"capabilities": {"tools": True}}, {"instructions": 7}, {"extra": [1]},
]  # fmt: skip


def _odd(draw: random.Random) -> dict[str, Any]:
    """A server of the user's own with some oddities, and one good tool."""
    bad: list[Any] = [
        {"name": f"odd{number}", draw.choice(("inputSchema", "outputSchema", "input_schema")): each}
        for number, each in enumerate(draw.sample(SCHEMAS, 4))
    ]
    tools = [*bad, draw.choice((None, 7, "text", {}, {"name": 5})), GOOD]
    draw.shuffle(tools)
    greeting = {
        "protocolVersion": draw.choice(("2024-11-05", "2025-06-18", "2025-11-25")),
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "odd", "version": "1"},
        **draw.choice(GREETINGS),
    }
    return {
        "tools": json.dumps(tools),
        "greeting": greeting,
        **draw.choice(({}, {"id": "float"}, {"id": "text"})),
        "before": draw.choice(("", "\ufeff", "  ", "warming up\n", "\x1b[32mok\x1b[0m\n", "{\n")),
    }


async def test_odd_servers_are_served(home: Path, figure: Figures) -> None:
    served = 0
    for number in range(ODD):
        given = _odd(random.Random(number))
        async with relay(given) as server, lines(server.socket) as client:
            capabilities = {} if number % 2 else {"roots": {}}
            assert "result" in await greet(client, capabilities), given
            listed = (await client.ask("tools/list"))["result"]["tools"]
            is_listed = "seen" in {tool["name"] for tool in listed}
            served += is_listed and bool((await seen(client))["pid"]) and not server.all("bye")
    figure(f"relay: of {ODD} odd servers, served", served, at_least=ODD, enforce=True)
