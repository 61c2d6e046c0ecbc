"""The search server's promises, through the real bridge and the real server process."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figures
from tests.host.clients import Lines, lines
from tests.host.supervised import ROOT, Supervised, supervised
from tests.search.zipf import best_hits, workload

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600), pytest.mark.anyio]

ANSWERS_IN_S = 0.1
CROWD = 1_000
BRIDGE = (sys.executable, "-I", "-S", "-E", str(ROOT / "servers/bridge/__main__.py"), "search")
OPENING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


class Upstream:
    """The provider that answers in a fixed time, in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._process = process
        self.port = int(process.stdout.readline())

    @property
    def answers(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def own_ms(self, rounds: int = 50) -> float:
        """How long it takes to answer somebody who asks over a bare socket."""
        took = []
        with closing(socket.create_connection(("127.0.0.1", self.port))) as link:
            for _ in range(rounds):
                began = time.perf_counter()
                link.sendall(b"GET /search HTTP/1.1\r\nHost: x\r\n\r\n")
                link.recv(1 << 20)
                took.append((time.perf_counter() - began) * 1e3)
        return statistics.median(took)


@contextmanager
def upstream(answers_in_s: float = ANSWERS_IN_S) -> Iterator[Upstream]:
    argv = (sys.executable, str(ROOT / "tests/bench/search_upstream.py"), str(answers_in_s))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Upstream(process)
        process.kill()


@asynccontextmanager
async def search_server(home: Path, provider: Upstream, **more: Any) -> AsyncIterator[Supervised]:
    """The search server, ready, with one provider."""
    async with supervised("-m", "servers", "search") as server:
        settings = {
            "chain": ["searxng"],
            "searxng": {
                "base_url": f"http://127.0.0.1:{provider.port}",
                "at_once": CROWD,
                "waiting": 5 * CROWD,
            },
            "folders": {"cache": str(home / "cache"), "data": str(home / "data")},
        }
        await server.ready(settings=settings | more)
        yield server


class Pipe:
    """One client session over a real bridge process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._into, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._rest = b""
        self.ask("initialize", OPENING)
        os.write(self._into, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    def ask(self, method: str, params: dict[str, Any]) -> bytes:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        os.write(self._into, json.dumps(message).encode() + b"\n")
        while b"\n" not in self._rest:
            assert select.select([self._out], [], [], 20)[0], "no answer"
            self._rest += os.read(self._out, 1 << 18)
        answer, _, self._rest = self._rest.partition(b"\n")
        return answer

    def search_ms(self, query: str, *, cached: bool) -> float:
        params = {"name": "web_search", "arguments": {"query": query}}
        began = time.perf_counter()
        answer = self.ask("tools/call", params)
        took = (time.perf_counter() - began) * 1e3
        found = json.loads(answer)["result"]["structuredContent"]
        assert found["results"]
        assert found["cached"] is cached
        return took


@contextmanager
def bridge() -> Iterator[Pipe]:
    with subprocess.Popen(BRIDGE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Pipe(process)
        assert process.stdin is not None
        process.stdin.close()


def p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


async def test_a_cached_search_through_the_bridge(home: Path, figure: Figures) -> None:
    def measure() -> list[float]:
        with bridge() as client:
            for number in range(20):
                client.search_ms(f"question {number}", cached=False)
            for _ in range(100):
                client.search_ms("question 1", cached=True)
            return [client.search_ms(f"question {n % 20}", cached=True) for n in range(2_000)]

    with upstream(0.001) as provider:
        async with search_server(home, provider):
            took = await asyncio.to_thread(measure)
    name = "search: cached web_search, client > bridge > server > back"
    figure(f"{name}, median", statistics.median(took), "ms", at_most=2)
    figure(f"{name}, p99", p99(took), "ms", at_most=10)


async def test_the_overhead_over_the_providers_own_time(home: Path, figure: Figures) -> None:
    def measure(own: float) -> list[float]:
        with bridge() as client:
            client.search_ms("first", cached=False)
            return [client.search_ms(f"fresh {n}", cached=False) - own for n in range(100)]

    with upstream() as provider:
        own = await asyncio.to_thread(provider.own_ms)
        async with search_server(home, provider):
            took = await asyncio.to_thread(measure, own)
    figure("search: the provider's own time", own, "ms")
    figure("search: overhead over it, p50", statistics.median(took), "ms", at_most=5)
    figure("search: overhead over it, p99", p99(took), "ms")


async def burst(client: Lines, queries: list[str]) -> None:
    """Searches at the same time, as a server in use has seen them: its pool is warm then."""
    for query in queries:
        client.send("tools/call", {"name": "web_search", "arguments": {"query": query}})
    for _ in queries:
        assert (await client.line())["result"]["structuredContent"]["results"]


async def test_a_thousand_clients_at_once(home: Path, figure: Figures) -> None:
    """One search of five is new, as in the workload below."""
    with upstream() as provider:
        async with search_server(home, provider) as server:
            async with lines(server.socket) as first:
                await first.initialize()
                await burst(
                    first, [f"known {n}" for n in range(50)] + [f"x {n}" for n in range(200)]
                )
            before = provider.answers
            told = await crowd(server.socket)
            fresh = provider.answers - before
            memory = high_water_mb(server.pid)
    opened, called = told["opened"], told["called"]
    name = f"search: {CROWD} clients at once, initialize + 5 searches"
    figure(f"{name}: answered", len(called) / (5 * CROWD) * 100, "%", at_least=100, enforce=True)
    figure(f"{name}: of them new", fresh, "searches")
    figure(f"{name}: initialize, median", statistics.median(opened), "ms")
    figure(f"{name}: a call, median", statistics.median(called), "ms")
    figure(f"{name}: a call, p99", p99(called), "ms", at_most=500)
    figure(f"{name}: the whole job", told["seconds"], "s")
    figure(f"{name}: server memory", memory, "MB", at_most=150)


async def crowd(path: str) -> dict[str, Any]:
    """What a crowd of clients in a process of its own tells."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    argv = (sys.executable, str(ROOT / "tests/bench/search_crowd.py"), path, str(CROWD))
    process = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE, limit=1 << 22)
    told, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(told)
    return found


async def test_the_zipf_workload_over_a_real_restart(home: Path, figure: Figures) -> None:
    searches = workload()
    hits = 0
    with upstream(0.001) as provider:
        for half in (searches[: len(searches) // 2], searches[len(searches) // 2 :]):
            async with search_server(home, provider) as server, lines(server.socket) as client:
                await client.initialize()
                for text in half:
                    params = {"name": "web_search", "arguments": {"query": text}}
                    answer = await client.ask("tools/call", params)
                    hits += answer["result"]["structuredContent"]["cached"]
                server.process.kill()
        assert provider.answers == len(searches) - hits
    ratio, best = hits / len(searches) * 100, best_hits(searches) / len(searches) * 100
    name = "search: Zipf workload over a killed server"
    figure(f"{name}, hit ratio", ratio, "%", at_least=85)
    figure(f"{name}, below the best possible", best - ratio, "points", at_most=0.5)


async def test_200_equal_searches_in_the_air(home: Path, figure: Figures) -> None:
    with upstream() as provider:
        async with search_server(home, provider) as server:
            params = {"name": "web_search", "arguments": {"query": "the same"}}
            clients = [lines(server.socket) for _ in range(200)]
            opened = [await client.__aenter__() for client in clients]
            for client in opened:
                await client.initialize()
            await asyncio.gather(*(client.ask("tools/call", params) for client in opened))
            asked = provider.answers
            for client in clients:
                await client.__aexit__(None, None, None)
    figure("search: upstream calls of 200 equal searches", asked, "", at_most=1, enforce=True)


async def test_the_first_call_after_the_start(home: Path, figure: Figures) -> None:
    took = []
    with upstream(0.001) as provider:
        for number in range(5):
            async with search_server(home, provider) as server, lines(server.socket) as client:
                await client.initialize()
                began = time.perf_counter()
                params = {"name": "web_search", "arguments": {"query": f"first {number}"}}
                await client.ask("tools/call", params)
                took.append((time.perf_counter() - began) * 1e3)
    figure("search: first call after the start, median", statistics.median(took), "ms", at_most=50)


def high_water_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
