"""The promises of the relay: what a server of the user's own costs and loses behind Lou."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.bench.test_host_bench import OPENING, Client, _over_socket
from tests.conftest import Figures
from tests.host.clients import lines
from tests.host.supervised import ROOT, supervised
from tests.patience import wait_until
from tests.relay.test_relay_http import HEADERS, KEYS
from tests.relay.test_wire import greet, put, relay, seen

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_200), pytest.mark.anyio]

HOP = str(ROOT / "tests/bench/byte_hop.py")
UPSTREAM = str(ROOT / "tests/relay/upstream_server.py")
ADD = {"name": "add", "arguments": {"a": 1}}
BRIDGE = (sys.executable, "-I", "-S", "-E", str(ROOT / "servers/bridge/__main__.py"), "mine")
ODD = 100
FLOORS = {"a process that copies bytes": 1, "two processes that copy bytes": 2}
"""The floors of this machine for the relay alone, and for bridge and relay."""
ROUNDS = 9


@contextmanager
def _of_process(command: tuple[str, ...]) -> Iterator[Client]:
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-3) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Client(process.stdin.fileno(), process.stdout.fileno())
        process.stdin.close()


@contextmanager
def _through_copies(count: int) -> Iterator[Client]:
    """Through processes that only copy bytes: one for the relay, two for bridge and relay."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = f"{folder}/hop"
        hop = (sys.executable, "-I", "-S", HOP, path)
        with subprocess.Popen((*hop, sys.executable, UPSTREAM), stderr=-3) as process:
            wait_until(lambda: Path(path).exists())
            with _over_socket(path) if count == 1 else _of_process(hop) as client:
                yield client
            process.kill()


def _processor_ms(pid: int) -> float:
    """What the first thread of a process has used, which a busy machine lengthens least."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def _side_by_side(socket: str, pid: int) -> tuple[dict[str, float], dict[str, float], float]:
    """By way: what it adds to a call in milliseconds, and its calls a second beside direct ones.

    The number is the processor time of a call in the relay, whose process is `pid`. The ways take
    turns, so that what else the machine does meets all of them.
    """
    with (
        _of_process((sys.executable, UPSTREAM)) as direct,
        _over_socket(socket) as relayed,
        _of_process(BRIDGE) as bridged,
        ExitStack() as floors,
    ):
        ways = {"relay": relayed, "bridge and relay": bridged}
        for name, count in FLOORS.items():
            ways[name] = floors.enter_context(_through_copies(count))
        added: dict[str, list[float]] = {name: [] for name in ways}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        used: list[float] = []
        for _ in range(ROUNDS):
            alone = statistics.median(direct.call_ms(150, ADD))
            rate = direct.calls_per_second(64, 600, ADD)
            for name, client in ways.items():
                before = _processor_ms(pid)
                added[name].append(statistics.median(client.call_ms(150, ADD)) - alone)
                if client is relayed:
                    used.append((_processor_ms(pid) - before) / 150)
                rates[name].append(client.calls_per_second(64, 600, ADD) / rate)
    of_ways, of_rates = (
        {name: statistics.median(each) for name, each in found.items()} for found in (added, rates)
    )
    return of_ways, of_rates, statistics.median(used)


def test_what_a_call_costs(home: Path, figure: Figures) -> None:
    """Beside processes that only copy bytes, which are the floor for Python on this machine."""
    entry = {"command": sys.executable, "args": [UPSTREAM]}
    configure = {"type": "request", "id": "1", "method": "configure"}
    argv = (sys.executable, "-m", "servers", "relay", "mine", "--lou-instance=bench")
    with subprocess.Popen(argv, stdin=-1, stdout=-1, cwd=ROOT) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        asked = {**configure, "params": {"settings": {"upstream": entry}}}
        server.stdin.write(json.dumps(asked).encode() + b"\n")
        server.stdin.flush()
        ready = next(
            each for each in map(json.loads, server.stdout) if each.get("event") == "ready"
        )
        # Another process reads the events, as the app does.
        with subprocess.Popen(("cat",), stdin=server.stdout, stdout=subprocess.DEVNULL):
            added, rates, used = _side_by_side(ready["data"]["endpoint"], server.pid)
            server.stdin.close()
    for name, took in added.items():
        most = None if name in FLOORS else 0.12
        figure(f"relay: added to a call by {name}", took, "ms", at_most=most)
    figure("relay: its processor time for a call", used, "ms")
    for name, rate in rates.items():
        least = None if name in FLOORS else 0.9
        figure(f"relay: 64 in flight through {name}", rate, "of direct", at_least=least)


LARGE = 64 << 20
LARGE_SERVER = """
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    r = {"initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                        "serverInfo": {"name": "large", "version": "1"}},
         "tools/list": {"tools": [{"name": "film", "inputSchema": {"type": "object"}}]},
         "tools/call": {"content": [{"type": "text", "text": "x" * (64 << 20)}]}}[m["method"]]
    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
"""
FILM = {"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "film"}}


def _highest_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def _film_through_bridge() -> tuple[int, float]:
    """The characters that arrived, and the most memory of the bridge in MB."""
    with subprocess.Popen(BRIDGE, stdin=-1, stdout=-1) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        Client(bridge.stdin.fileno(), bridge.stdout.fileno())
        bridge.stdin.write(json.dumps(FILM).encode() + b"\n")
        bridge.stdin.flush()
        answer = json.loads(bridge.stdout.readline())
        memory = _highest_mb(bridge.pid)
        bridge.stdin.close()
    return len(answer["result"]["content"][0]["text"]), memory


async def _film_over_http(url: str) -> int:
    async with aiohttp.ClientSession(headers=HEADERS, trust_env=False) as http:
        hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": OPENING}
        async with http.post(url, json=hello) as greeting:
            session = {"mcp-session-id": greeting.headers["mcp-session-id"]}
        async with http.post(url, json=FILM, headers=session) as response:
            answer = json.loads(await response.read())
    return len(answer["result"]["content"][0]["text"])


async def test_a_result_of_64_mb_passes_whole(home: Path, figure: Figures) -> None:
    upstream = {"command": sys.executable, "args": ["-c", LARGE_SERVER]}
    async with supervised("-m", "servers", "relay", "mine") as server:
        ready = await server.ready(keys=KEYS, settings={"upstream": upstream, "http": {"port": 0}})
        arrived, memory = await asyncio.to_thread(_film_through_bridge)
        figure("relay: a result of 64 MB through the bridge, missing", LARGE - arrived, at_most=0)
        figure("relay: most memory of the bridge for it", memory, "MB", at_most=256)
        missing = LARGE - await _film_over_http(ready["http"])
        figure("relay: a result of 64 MB over HTTP, missing", missing, at_most=0)
        figure(
            "relay: most memory of the relay for both", _highest_mb(server.pid), "MB", at_most=512
        )
    assert (arrived, missing) == (LARGE, 0)


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


EARLY: list[str] = [
    '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":null}}',
    '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    '{"jsonrpc":"2.0","id":0,"method":"ping"}',
    '{"jsonrpc":"2.0","id":"r","method":"roots/list"}',
    '{"jsonrpc":"2.0","id":7,"method":"vendor/ask","params":[]}',
    '{"jsonrpc":"2.0","id":999,"result":{}}',
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":[]}}',
    '[{"jsonrpc":"2.0","method":"notifications/cancelled"},7]',
]
ENTRIES: list[Any] = [
    None, 7, {}, {"uri": 5, "name": "n"}, {"uri": "note://b"}, {"name": "p", "arguments": {}},
    {"uri": "note://c", "name": "c", "size": "big"}, {"name": "q", "arguments": [{"name": None}]},
]  # fmt: skip
GOOD_ENTRIES = {
    "resources/list": ("resources", {"uri": "note://good", "name": "good"}),
    "resources/templates/list": ("resourceTemplates", {"uriTemplate": "a:{b}", "name": "good"}),
    "prompts/list": ("prompts", {"name": "good"}),
}
"""By method: the member of its result, and an entry that every client takes."""


def _odd(draw: random.Random) -> dict[str, Any]:
    """A server of the user's own with some oddities, and one good tool."""
    bad: list[Any] = [
        {"name": f"odd{number}", draw.choice(("inputSchema", "outputSchema", "input_schema")): each}
        for number, each in enumerate(draw.sample(SCHEMAS, 4))
    ]
    tools = [*bad, draw.choice((None, 7, "text", {}, {"name": 5})), GOOD]
    draw.shuffle(tools)
    lists = {}
    for method, (member, good) in GOOD_ENTRIES.items():
        listed = [*draw.sample(ENTRIES, 3), good]
        draw.shuffle(listed)
        text = json.dumps({member: listed, **draw.choice(({}, {"nextCursor": None}))})
        lists[method] = draw.choice((text, text.replace(": 5", ": NaN")))
    greeting = {
        "protocolVersion": draw.choice(("2024-11-05", "2025-06-18", "2025-11-25")),
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "odd", "version": "1"},
        **draw.choice(GREETINGS),
    }
    return {
        "tools": json.dumps(tools),
        "greeting": greeting,
        "lists": lists,
        "early": draw.sample(EARLY, 3),
        "after": draw.choice(("", "\r", "  ", "\n\n")),
        "twice": draw.random() < 0.2,
        "errors": draw.choice(("", "ERROR: all is well", "x" * 100_000)),
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
            is_whole = "seen" in {tool["name"] for tool in listed}
            for method, (member, good) in GOOD_ENTRIES.items():
                is_whole &= good in (await client.ask(method))["result"][member]
            served += is_whole and bool((await seen(client))["pid"]) and not server.all("bye")
    figure(f"relay: of {ODD} odd servers, served", served, at_least=ODD, enforce=True)
