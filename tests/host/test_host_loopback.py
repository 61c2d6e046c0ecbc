"""The loopback port of platforms without Unix sockets: who does not know the token stays out."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.contract import endpoint, greeting
from servers.contract.greeting import BridgeGreeting
from tests.host.clients import Lines
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[tuple[Supervised, str]]:
    folder = tempfile.mkdtemp(prefix="lou-", dir="/tmp")
    async with supervised(env={"LOU_TRANSPORT": "tcp", "LOU_HOME": folder}) as server:
        await server.ready()
        yield server, folder
    shutil.rmtree(folder)


@pytest.fixture
def served(shared: tuple[Supervised, str], monkeypatch: pytest.MonkeyPatch) -> Supervised:
    """One server for this module; its home is this process's, too."""
    monkeypatch.setenv("LOU_HOME", shared[1])
    return shared[0]


async def _connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter, greeting.Port]:
    port = greeting.read_port(endpoint.server_socket("echo"))
    return *await asyncio.open_connection("127.0.0.1", port.port), port


async def test_whoever_knows_the_token_is_served(served: Supervised) -> None:
    reader, writer, port = await _connect()
    assert (port.pid, port.instance) == (served.pid, "test")
    client = BridgeGreeting(greeting.token(endpoint.state_folder()), port)
    writer.write(client.hello())
    proof = client.answer(await reader.readline())
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}}
    opening["clientInfo"] = {"name": "t", "version": "1"}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening}
    writer.write(proof + json.dumps(request).encode() + b"\n")
    answer = await Lines(reader, writer).line()
    assert answer["result"]["serverInfo"]["name"] == "echo"
    writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
        b"lou-hello 1 nonce\nlou-proof 1 " + b"0" * 64 + b"\n",
        b"lou-hello 2 nonce\n",
        b"x" * 1_000,
        b"\n\n\n",
    ],
)
async def test_strangers_are_hung_up_on_without_a_word_of_mcp(
    served: Supervised, said: bytes
) -> None:
    reader, writer, _ = await _connect()
    writer.write(said)
    heard = await asyncio.wait_for(_everything(reader), PATIENCE_S)
    assert b"jsonrpc" not in heard
    writer.close()


async def test_those_who_say_nothing_are_hung_up_on_in_time(served: Supervised) -> None:
    reader, writer, _ = await _connect()
    assert await asyncio.wait_for(_everything(reader), PATIENCE_S) == b""
    writer.close()


async def test_a_live_twin_is_refused_and_the_port_file_goes_with_the_server(
    served: Supervised,
) -> None:
    async with supervised(env={"LOU_TRANSPORT": "tcp"}) as twin:
        twin.send("configure")
        assert (await twin.event("trouble"))["code"] == "address_in_use"
    path = Path(endpoint.server_socket("echo"))
    assert path.exists()
    await served.ended()
    assert not path.exists()


async def _everything(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
