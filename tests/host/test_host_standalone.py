"""A server that nobody supervises: MCP on stdio, keys from the environment."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.host.supervised import ECHO, ROOT
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio


def _server(**env: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=list(ECHO), env={**os.environ, **env}, cwd=ROOT
    )


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_official_client_speaks_to_it_over_stdio(home: Path, mode: str) -> None:
    async with Client(stdio_client(_server()), mode=mode) as client:
        assert len((await client.list_tools()).tools) == 7
        found = await client.call_tool("echo", {"text": "hi"})
    assert found.structured_content == {"text": "hi", "times": 1}


async def test_a_print_in_a_tool_never_reaches_the_wire(home: Path) -> None:
    async with Client(stdio_client(_server()), mode="legacy") as client:
        assert (await client.call_tool("leak", {})).is_error
        assert not (await client.call_tool("echo", {"text": "still there"})).is_error


async def test_requests_piped_into_it_are_all_answered_before_it_ends(home: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *ECHO, stdin=-1, stdout=-1, stderr=-1, cwd=ROOT
    )
    requests = [
        {"method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                                            "clientInfo": {"name": "t", "version": "1"}}},
        *({"method": "tools/call", "params": {"name": "echo", "arguments": {"text": str(n)}}}
          for n in range(20)),
    ]  # fmt: skip
    lines = [json.dumps({"jsonrpc": "2.0", "id": n, **r}) for n, r in enumerate(requests)]
    out, _ = await asyncio.wait_for(
        process.communicate("\n".join(lines).encode() + b"\n"), PATIENCE_S
    )
    answers = [json.loads(line) for line in out.splitlines()]
    assert sorted(answer["id"] for answer in answers) == list(range(21))
    assert process.returncode == 0


async def test_it_also_reads_from_a_file(home: Path) -> None:
    given = home / "requests"
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    given.write_text(json.dumps(ping) + "\n")
    with given.open("rb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *ECHO, stdin=file, stdout=-1, stderr=-1, cwd=ROOT
        )
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert json.loads(out) == {"jsonrpc": "2.0", "id": 1, "result": {}}


async def test_keys_come_from_the_environment_or_from_the_file_it_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from servers.host.transport import stdio_server

    account = home / "account.json"
    account.write_text('{"type": "service_account"}', encoding="utf-8-sig")
    monkeypatch.setenv("FIREBASE_CREDENTIALS_PATH", str(account))
    monkeypatch.setenv("ENCRYPTION_KEY", "sealed")
    monkeypatch.setenv("TAVILY_API_KEY", "of another server")
    found = stdio_server.from_environment("tracker")
    assert found.keys == {
        "FIREBASE_CREDENTIALS": '{"type": "service_account"}',
        "ENCRYPTION_KEY": "sealed",
    }
    assert found.settings["folders"]["data"] == str(home / "lou" / "data")
    assert "ENCRYPTION_KEY" not in os.environ, "children must not inherit it"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nope"], "invalid choice"),
        (["relay"], "relay needs the NAME"),
        (["search", "x"], "only relay takes one"),
        (["relay", "Not/Good"], "1 to 32"),
        (["relay", "mine"], "runs under the app only"),
    ],
)
def test_wrong_usage_is_told_and_exits_2(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from servers.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


async def test_it_speaks_over_socket_pairs_as_node_clients_use_them(home: Path) -> None:
    ours_in, theirs_in = socket.socketpair()
    ours_out, theirs_out = socket.socketpair()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *ECHO, stdin=theirs_in, stdout=theirs_out, stderr=-3, cwd=ROOT
    )
    theirs_in.close()
    theirs_out.close()
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    ours_in.sendall(json.dumps(ping).encode() + b"\n")
    reader, writer = await asyncio.open_connection(sock=ours_out)
    assert json.loads(await asyncio.wait_for(reader.readline(), PATIENCE_S))["result"] == {}
    ours_in.close()
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    writer.close()
