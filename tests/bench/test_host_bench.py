"""The host's promises: what a call costs, what a crowd costs, how soon a server is ready."""

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
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figures
from tests.host.clients import lines
from tests.host.supervised import ECHO, ROOT, Supervised, supervised

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600), pytest.mark.anyio]

OPENING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
CALL = {"name": "echo", "arguments": {"text": "hello", "times": 2}}
BRIDGE = (sys.executable, "-I", "-S", "-E", str(ROOT / "servers/bridge/__main__.py"), "echo")
KEYS = {"search": {}, "tracker": {"ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}}


def _request(number: int, method: str, params: dict[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode() + b"\n"


class Client:
    """One session on two descriptors, with nothing in the way."""

    def __init__(self, into: int, out: int) -> None:
        self._into, self._out = into, out
        self._rest = b""
        self.ask(_request(0, "initialize", OPENING))
        os.write(into, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    def ask(self, line: bytes) -> bytes:
        os.write(self._into, line)
        while b"\n" not in self._rest:
            self._rest += self._read()
        answer, _, self._rest = self._rest.partition(b"\n")
        return answer

    def call_ms(self, rounds: int = 3_000, call: dict[str, Any] = CALL) -> list[float]:
        """How long single calls take, one after the other."""
        line, took = _request(1, "tools/call", call), []
        for _ in range(rounds):
            began = time.perf_counter()
            answer = self.ask(line)
            took.append((time.perf_counter() - began) * 1e3)
        assert b"structuredContent" in answer
        return sorted(took)

    def calls_per_second(
        self, in_flight: int, total: int = 20_000, call: dict[str, Any] = CALL
    ) -> float:
        line = _request(1, "tools/call", call)
        began = time.perf_counter()
        os.write(self._into, line * in_flight)
        sent, answered = in_flight, 0
        while answered < total:
            arrived = self._read().count(b"\n")
            answered += arrived
            again = min(arrived, total - sent)
            if again > 0:
                os.write(self._into, line * again)
                sent += again
        return total / (time.perf_counter() - began)

    def _read(self) -> bytes:
        assert select.select([self._out], [], [], 20)[0], "no answer"
        return os.read(self._out, 1 << 18)


@contextmanager
def _over_socket(path: str) -> Iterator[Client]:
    with closing(socket.socket(socket.AF_UNIX)) as link:
        link.connect(path)
        yield Client(link.fileno(), link.fileno())


@contextmanager
def _through_bridge() -> Iterator[Client]:
    with subprocess.Popen(BRIDGE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        yield Client(bridge.stdin.fileno(), bridge.stdout.fileno())
        bridge.stdin.close()


@contextmanager
def _ours(environ: dict[str, str]) -> Iterator[str]:
    """The echo server under nobody's eyes but its own messages' reader; yields its socket."""
    argv = (sys.executable, *ECHO, "--lou-instance=bench")
    with subprocess.Popen(argv, stdin=-1, stdout=-1, env=environ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b'{"type":"request","id":"1","method":"configure","params":{}}\n')
        server.stdin.flush()
        for line in server.stdout:
            if json.loads(line).get("event") == "ready":
                break
        # Somebody must read the events, as the app does.
        with subprocess.Popen(("cat",), stdin=server.stdout, stdout=subprocess.DEVNULL):
            yield json.loads(line)["data"]["endpoint"]
            server.stdin.close()


@contextmanager
def _sdk(kind: str, folder: Path) -> Iterator[str]:
    path = str(folder / f"{kind}.sock")
    argv = (sys.executable, str(ROOT / "tests/bench/sdk_servers.py"), kind, path)
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield path
        server.kill()


def test_a_call_against_the_sdks_own_servers(home: Path, figure: Figures) -> None:
    environ = dict(os.environ)
    with _ours(environ) as ours, _sdk("high", home) as high, _sdk("low", home) as low:
        paths = {"host": ours, "SDK MCPServer": high, "SDK low-level Server": low}
        took: dict[str, list[float]] = {name: [] for name in paths}
        rates: dict[str, list[float]] = {name: [] for name in paths}
        for _ in range(3):
            for name, path in paths.items():
                with _over_socket(path) as client:
                    took[name] += client.call_ms(1_000)
                    rates[name].append(client.calls_per_second(64, 5_000))
    for name in paths:
        median = statistics.median(took[name])
        figure(f"{name}: one call over the socket, median", median, "ms")
        figure(f"{name}: 64 in flight", statistics.median(rates[name]), "calls/s")


def test_a_call_through_the_bridge(home: Path, figure: Figures) -> None:
    with _ours(dict(os.environ)), _through_bridge() as client:
        client.call_ms(200)
        took = client.call_ms()
        rate = client.calls_per_second(64)
    name = "client > bridge > server > back"
    figure(f"{name}: one call, median", statistics.median(took), "ms", at_most=0.35)
    figure(f"{name}: one call, p99", took[int(len(took) * 0.99)], "ms")
    figure(f"{name}: 64 in flight", rate, "calls/s", at_least=5_000)


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def _visit(server: Supervised, opened: list[float], called: list[float]) -> Any:
    """One client of the crowd; it stays connected."""
    link = lines(server.socket)
    client = await link.__aenter__()
    clock = time.perf_counter
    began = clock()
    assert "result" in await client.initialize()
    opened.append((clock() - began) * 1e3)
    for _ in range(5):
        began = clock()
        answer = await client.ask("tools/call", CALL)
        called.append((clock() - began) * 1e3)
        assert answer["result"]["structuredContent"]["text"] == "hellohello"
    return link


async def test_a_thousand_clients_at_once(home: Path, figure: Figures) -> None:
    crowd = 1_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4_096)), hard))
    opened: list[float] = []
    called: list[float] = []
    async with supervised() as server:
        await server.ready()
        before = _rss_mb(server.pid)
        began = time.perf_counter()
        visits = [_visit(server, opened, called) for _ in range(crowd)]
        links = await asyncio.gather(*visits)
        took = time.perf_counter() - began
        memory = _rss_mb(server.pid)
        for link in links:
            await link.__aexit__(None, None, None)
    called.sort()
    name = f"{crowd} clients at once, initialize + 5 calls each"
    figure(f"{name}: all served", len(called), "calls", at_least=5 * crowd, enforce=True)
    figure(f"{name}: whole job", took, "s")
    figure(f"{name}: initialize, median", statistics.median(opened), "ms")
    figure(f"{name}: call, median", statistics.median(called), "ms")
    figure(f"{name}: call, p99", called[int(len(called) * 0.99)], "ms", at_most=500)
    figure(f"{name}: server memory at its peak", memory, "MB", at_most=150)
    figure(f"{name}: memory before", before, "MB")


@pytest.mark.parametrize("name", ["echo", "tracker", "search"])
async def test_spawn_to_ready(home: Path, figure: Figures, name: str) -> None:
    argv = ECHO if name == "echo" else ("-m", "servers", name)
    folders = {"data": str(home / "data"), "cache": str(home / "cache")}
    took, worked = [], []
    for _ in range(11):
        began = time.perf_counter()
        async with supervised(*argv) as server:
            await server.ready(keys=KEYS.get(name, {}), settings={"folders": folders})
            took.append(time.perf_counter() - began)
            worked.append(_cpu_s(server.pid))
            await server.ended()
    figure(f"{name}: spawn to ready, median of 11", statistics.median(took), "s", at_most=1.0)
    figure(f"{name}: of which on a processor", statistics.median(worked), "s")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
