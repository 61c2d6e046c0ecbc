"""The control socket: many clients, malformed lines, strangers, and readers that do not read."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from servers.contract.envelope import MAX_LINE
from tests.app.running import Lou, lou
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("search", "ready")
        yield found


class Client:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, line: bytes) -> None:
        self.writer.write(line + b"\n")
        await self.writer.drain()

    async def hear(self) -> dict:
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.reader.readline())

    async def ask(self, method: str, number: str = "1", **params: object) -> dict:
        request = {"type": "request", "id": number, "method": method, "params": params}
        await self.say(json.dumps(request).encode())
        return await self.hear()


def path_of(running: Lou) -> Path:
    return running.home / "lou/run/control.sock"


async def connect(running: Lou) -> Client:
    return Client(*await asyncio.open_unix_connection(path_of(running), limit=2 * MAX_LINE))


@pytest.fixture
async def client(running: Lou) -> AsyncIterator[Client]:
    found = await connect(running)
    yield found
    found.writer.close()
    await found.writer.wait_closed()


async def test_the_socket_is_private(running: Lou) -> None:
    assert path_of(running).stat().st_mode & 0o777 == 0o600
    assert path_of(running).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "bad_message"),
        (b"not json", "bad_message"),
        (b"\xff\xfe\x00", "bad_message"),
        (b"[]", "bad_message"),
        (b'{"type": "request"}', "bad_message"),
        (b'{"type": "request", "id": "1", "method": "fly"}', "unknown_method"),
        (b'{"type": "request", "id": "1", "method": "enable"}', "bad_params"),
        (b'{"type": "request", "id": "1", "method": "call", "params": []}', "bad_message"),
        (b'{"type":"request","id":"1","method":"key_store","params":{"kind":"x"}}', "bad_params"),
        (b"[" * 100_000, "bad_message"),
        (b"x" * (MAX_LINE + 10), "bad_message"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_malformed_line_gets_its_reason_and_the_next_one_works(
    client: Client, line: bytes, code: str
) -> None:
    await client.say(line)
    answer = await client.hear()
    assert answer["type"] == "error"
    assert answer["error"]["code"] == code
    assert (await client.ask("status"))["type"] == "response"


async def test_half_a_surrogate_pair_is_a_text_as_any_other(client: Client) -> None:
    assert (await client.ask("logs", text="\ud83d"))["result"] == {"lines": []}
    refused = await client.ask("add_server", name="s", entry={"command": "\ud83d", "args": 5})
    assert refused["error"]["code"] == "bad_entry"


async def test_ten_thousand_malformed_lines_harm_nobody(running: Lou, figure) -> None:
    rng = random.Random(11)
    assert running.process is not None
    process = psutil.Process(running.process.pid)
    before = process.memory_info().rss
    noisy, calm = await connect(running), await connect(running)

    async def drain() -> None:
        while await noisy.reader.read(1 << 16):
            pass

    drained = asyncio.create_task(drain())
    valid = b'{"type": "request", "id": "1", "method": "status", "params": {}}'
    for _ in range(10_000):
        spot = rng.randrange(len(valid))
        await noisy.say(valid[:spot] + rng.randbytes(3).replace(b"\n", b"") + valid[spot + 2 :])
    assert (await calm.ask("status"))["type"] == "response"
    grown = (process.memory_info().rss - before) / 1e6
    figure("10,000 malformed control lines: memory growth", grown, "MB", at_most=32, enforce=True)
    drained.cancel()
    for each in (noisy, calm):
        each.writer.transport.abort()  # close() would wait for Lou to read what is under way
        await each.writer.wait_closed()


async def test_many_clients_are_served_at_once(running: Lou) -> None:
    clients = await asyncio.gather(*(connect(running) for _ in range(100)))
    answers = await asyncio.gather(*(each.ask("status") for each in clients))
    assert all(answer["type"] == "response" for answer in answers)
    for each in clients:
        each.writer.close()


async def test_a_slow_request_delays_no_other_of_the_same_client(client: Client) -> None:
    slow = {"type": "request", "id": "slow", "method": "restart", "params": {"server": "tracker"}}
    await client.say(json.dumps(slow).encode())
    assert (await client.ask("status", "quick"))["id"] == "quick"
    assert (await client.hear())["id"] == "slow"


async def test_a_client_that_follows_and_does_not_read_costs_little(running: Lou) -> None:
    lazy = await connect(running)
    await lazy.ask("logs", follow=True, limit=0)
    done = await asyncio.to_thread(running.run, "restart", "tracker")
    assert done.returncode == 0
    lazy.writer.close()
    assert running.run("status").returncode == 0


async def test_another_user_is_hung_up_on(running: Lou) -> None:
    if os.geteuid() != 0:  # only root can be somebody else; for others the folder is the guard
        assert path_of(running).parent.stat().st_mode & 0o077 == 0
        return
    for folder in (path_of(running), *list(path_of(running).parents)[:3]):
        folder.chmod(0o777)
    program = (
        "import os, socket, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "link = socket.socket(socket.AF_UNIX); link.connect(sys.argv[1])\n"
        'link.sendall(b\'{"type": "request", "id": "1", "method": "status"}\\n\')\n'
        "print(len(link.recv(1000)))\n"
    )
    command = [sys.executable, "-S", "-c", program, str(path_of(running))]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    for folder in list(path_of(running).parents)[:3]:
        folder.chmod(0o700)
    path_of(running).chmod(0o600)
    hung_up = ("ConnectionReset", "BrokenPipe")
    assert done.stdout.strip() == "0" or any(each in done.stderr for each in hung_up), done.stderr


async def test_the_bridge_learns_why_a_server_cannot_answer(running: Lou, client: Client) -> None:
    ready = (await client.ask("bridge_hello", server="search", pid=1))["result"]
    assert ready == {"known": True, "wanted": True, "state": "ready", "message": ""}
    unknown = (await client.ask("bridge_hello", server="nosuch", pid=1))["result"]
    assert unknown["known"] is False
    await client.ask("enable", server="search", on=False)
    off = (await client.ask("bridge_hello", server="search", pid=1))["result"]
    assert off["wanted"] is False
    assert "switched off" in off["message"]
    await client.ask("enable", server="search", on=True)


async def test_a_call_is_cancelled_when_its_client_leaves(running: Lou) -> None:
    leaving = await connect(running)
    request = {
        "type": "request", "id": "1", "method": "call",
        "params": {"server": "search", "tool": "fetch_page",
                   "arguments": {"url": "http://10.255.255.1/"}, "timeout_s": 40},
    }  # fmt: skip
    await leaving.say(json.dumps(request).encode())
    leaving.writer.close()
    assert (await asyncio.to_thread(running.run, "status")).returncode == 0


def test_half_open_connections_do_not_stop_the_others(running: Lou) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    links = []
    try:
        for _ in range(min(300, soft - 100)):
            link = socket.socket(socket.AF_UNIX)
            link.connect(str(path_of(running)))
            link.sendall(b'{"type": "req')
            links.append(link)
        assert running.run("status").returncode == 0
    finally:
        for link in links:
            link.close()
    wait_until(lambda: running.run("status").returncode == 0)
    assert hard >= soft


async def test_a_cleaned_up_folder_of_sockets_is_made_anew(running: Lou, client: Client) -> None:
    assert running.process is not None
    first = running.wait_for("search", "ready")["pid"]
    shutil.rmtree(path_of(running).parent)
    wait_until(path_of(running).exists)
    assert path_of(running).stat().st_mode & 0o777 == 0o600
    again = running.wait_for("search", "ready")
    if again["pid"] == first:  # it is told in the same beat, but ends a little later
        wait_until(lambda: running.wait_for("search", "ready")["pid"] != first)
    assert Path(running.wait_for("search", "ready")["endpoint"]).exists()
    second = running.run("serve")
    assert (second.returncode, "runs already" in second.stderr) == (1, True)
    assert (await client.ask("status"))["result"]["app"]["pid"] == running.process.pid


async def test_of_two_lous_the_one_that_nobody_can_reach_ends() -> None:
    with lou() as found:
        found.start()
        found.wait_for("search", "ready")
        first, found.process = found.process, None
        assert first is not None
        try:
            shutil.rmtree(found.home / "lou" / "run")
            found.start()
            assert first.wait(PATIENCE_S) == 0
            assert found.run("status").returncode == 0
        finally:
            first.kill()
            first.wait()


def test_a_flood_of_half_open_connections_is_borne_with_few_descriptors() -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    with lou() as found:
        found.start(preexec_fn=few)
        found.wait_for("search", "ready")
        found.wait_for("tracker", "ready")
        links = []
        try:
            for _ in range(400):
                link = socket.socket(socket.AF_UNIX)
                links.append(link)
                link.connect(str(path_of(found)))
                link.sendall(b'{"type": "req')
            assert found.run("status").returncode == 0
        finally:
            for link in links:
                link.close()
        restarts = [found.wait_for(name, "ready")["restarts"] for name in ("search", "tracker")]
        assert restarts == [0, 0]
        assert (found.home / "lou/logs/lou.log").stat().st_size < 10_000
