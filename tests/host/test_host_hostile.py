"""Clients that send nonsense, too much, or nothing: the server stays, small and quiet."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import resource
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.host.clients import lines
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio

OPENING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "deaf", "version": "1"},
}
DEEP = b"[" * 100_000 + b"]" * 100_000
KINDS = (
    b"nonsense",
    b"\xff\xfe\x00",
    b"{}",
    b"[]",
    b"7",
    b"null",
    b'{"jsonrpc":"2.0"}',
    b'{"jsonrpc":"2.0","id":1}',
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":true,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":7}',
    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":[]}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":7}}',
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":7}}',
    b'{"jsonrpc":"2.0","id":1,"method":"\\ud800","params":{}}',
    b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}',
    b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":NaN}}',
    b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}',
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"\x00" * 100,
    b"",
)


def _memory(pid: int, field: str) -> float:
    """MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


async def _is_well(server: Supervised) -> None:
    async with lines(server.socket) as client:
        await client.initialize()
        answer = await client.ask("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        assert answer["result"]["structuredContent"] == {"text": "x", "times": 1}


async def _lets_in(server: Supervised) -> bool:
    """Whether a new connection is served: those that waited unseen are hung up on first."""
    with contextlib.suppress(ConnectionError, AssertionError):
        async with lines(server.socket) as client:
            return "result" in await client.initialize()
    return False


@pytest.mark.parametrize("kind", KINDS, ids=range(len(KINDS)))
async def test_no_line_hurts_the_session_that_sent_it(echo: Supervised, kind: bytes) -> None:
    async with lines(echo.socket) as client:
        await client.initialize()
        client.writer.write(kind + b"\n")
        answer = await client.ask("ping")
        assert answer["result"] == {}


async def test_ten_thousand_malformed_lines_cost_nothing(own_echo: Supervised, figure: Any) -> None:
    await _is_well(own_echo)
    before = _memory(own_echo.pid, "VmRSS")
    rng = random.Random(7)
    good = b'{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo"}}'
    async with lines(own_echo.socket) as client:
        await client.initialize()

        async def read() -> None:
            while await client.reader.read(1 << 20):
                continue

        reading = asyncio.create_task(read())
        for _ in range(10_000):
            line = bytearray(good if rng.random() < 0.5 else rng.choice(KINDS))
            for _ in range(rng.randrange(4) if line else 0):
                line[rng.randrange(len(line))] = rng.choice(b'{}[]":,x0\\\x80')
            client.writer.write(bytes(line).replace(b"\n", b" ") + b"\n")
            await client.writer.drain()
        client.writer.write_eof()
        await asyncio.wait_for(reading, PATIENCE_S)
    await _is_well(own_echo)
    log_bytes = sum(len(line) for line in own_echo.raw if b'"event":"log"' in line)
    grown = _memory(own_echo.pid, "VmHWM") - before
    name = "host: 10,000 malformed lines"
    figure(f"{name}, memory growth", grown, "MB", at_most=32, enforce=True)
    figure(f"{name}, log growth", log_bytes / 1e6, "MB", at_most=1, enforce=True)
    assert not own_echo.errors


async def test_a_line_of_300_mb_is_refused_cheaply(own_echo: Supervised, figure: Any) -> None:
    await _is_well(own_echo)
    before = _memory(own_echo.pid, "VmRSS")
    chunk = b"x" * (1 << 20)
    async with lines(own_echo.socket) as client:
        await client.initialize()
        for _ in range(300):
            client.writer.write(chunk)
            await client.writer.drain()
        refusal = await client.line()
        assert refusal["error"]["code"] == -32600
        assert "16777216" in refusal["error"]["message"]
        client.writer.write(b"\n")
        assert (await client.ask("ping"))["result"] == {}
    grown = _memory(own_echo.pid, "VmHWM") - before
    figure("host: one line of 300 MB, memory growth", grown, "MB", at_most=32, enforce=True)


async def test_deep_json_is_refused(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        client.writer.write(DEEP + b"\n")
        assert (await client.line())["error"]["code"] == -32700


async def test_a_client_that_does_not_read_is_not_read_either(
    own_echo: Supervised, figure: Any
) -> None:
    await _is_well(own_echo)
    before = _memory(own_echo.pid, "VmRSS")
    call = {"name": "large", "arguments": {"size": 100_000}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    line = json.dumps(request).encode() + b"\n"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, own_echo.socket)
        opening = json.dumps({"id": 0, "method": "initialize", "params": OPENING}).encode() + b"\n"
        stuck = False
        try:
            async with asyncio.timeout(5):
                for data in (opening, *[line * 100] * 500):
                    await asyncio.get_running_loop().sock_sendall(deaf, data)
        except TimeoutError:
            stuck = True
        await _is_well(own_echo)
    assert stuck, "the server took 50,000 requests of a client that reads no answer"
    grown = _memory(own_echo.pid, "VmHWM") - before
    figure("host: a client that never reads, memory growth", grown, "MB", at_most=128, enforce=True)


async def test_a_client_that_asks_too_much_at_once_waits(own_echo: Supervised) -> None:
    async with lines(own_echo.socket) as greedy:
        await greedy.initialize()
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(2_000):
            greedy.send("tools/call", {"name": "wait", "arguments": {"seconds": 0.2}})
        await _is_well(own_echo)
        answered = [await greedy.line() for _ in range(2_000)]
        took = loop.time() - started
    assert len({answer["id"] for answer in answered}) == 2_000
    assert took > 0.2 * 2_000 / 256 * 0.9, "they were all worked on at once"


async def test_an_app_that_does_not_read_loses_events_and_nothing_else(
    own_echo: Supervised, figure: Any
) -> None:
    await _is_well(own_echo)
    before = _memory(own_echo.pid, "VmRSS")
    stdout = own_echo.process.stdout
    assert stdout is not None
    stdout._transport.pause_reading()  # type: ignore[attr-defined]
    async with lines(own_echo.socket) as client:
        await client.initialize()
        for _ in range(120):
            for _ in range(250):
                client.send("tools/call", {"name": "echo", "arguments": {"text": "x"}})
            for _ in range(250):
                assert (await client.line())["result"]["isError"] is False
    grown = _memory(own_echo.pid, "VmHWM") - before
    stdout._transport.resume_reading()  # type: ignore[attr-defined]
    figure("host: 30,000 calls while the app reads nothing, memory", grown, "MB", at_most=32)
    await own_echo.request("ping")
    await _is_well(own_echo)
    dropped = await own_echo.event("log", level="WARNING")
    assert "events were dropped while the app did not read" in dropped["message"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
async def test_another_user_is_refused_even_where_the_folder_lets_him(
    own_echo: Supervised, home: Path
) -> None:
    for folder in (home, home / "lou", Path(own_echo.socket).parent):
        folder.chmod(0o755)
    Path(own_echo.socket).chmod(0o666)
    code = f"""
import os, socket
os.setuid(65534)
link = socket.socket(socket.AF_UNIX)
link.connect({own_echo.socket!r})
try:
    link.sendall(b'{{"jsonrpc":"2.0","id":1,"method":"ping"}}\\n')
    print(link.recv(100))
except OSError:
    print(b"")
"""
    stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=-1)
    said, _ = await asyncio.wait_for(stranger.communicate(), PATIENCE_S)
    assert said.strip() == b"b''"
    assert "65534" in (await own_echo.event("log", level="WARNING"))["message"]
    await _is_well(own_echo)


async def test_out_of_descriptors_it_stays_quiet_and_recovers(home: Path) -> None:
    def few_descriptors() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    async with supervised(preexec=few_descriptors) as server:
        await server.ready()
        held = []
        for _ in range(200):
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            held.append(one)
            one.connect_ex(server.socket)
        assert "at" in await server.request("ping")
        for one in held:
            one.close()
        async with asyncio.timeout(PATIENCE_S):
            while not await _lets_in(server):
                continue
        await _is_well(server)
        assert len(server.all("log")) <= 100


async def test_it_raises_its_own_limit_of_descriptors(home: Path) -> None:
    def low_soft_limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))

    async with supervised(preexec=low_soft_limit) as server:
        await server.ready()
        limits = Path(f"/proc/{server.pid}/limits").read_text()
    assert "4096                 4096" in next(
        line for line in limits.splitlines() if line.startswith("Max open files")
    )
