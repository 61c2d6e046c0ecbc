"""A user's own server that breaks the rules hurts itself, and Lou says how."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from servers.contract import endpoint
from tests.host.clients import lines
from tests.host.supervised import Supervised
from tests.relay.conftest import SECRET, relay

pytestmark = pytest.mark.anyio

FAULTY = str(Path(__file__).parent / "faulty_upstream.py")
SETTINGS = {"upstream": {"command": sys.executable, "args": [FAULTY]}}


async def test_a_server_that_closes_its_stdout_and_lives_on_is_given_up(home: Path) -> None:
    async with relay(SETTINGS) as server:
        server.send("call_tool", name="close_stdout")
        assert await server.exited() == 1
        assert "closed its stdout" in server.all("bye")[0]["reason"]


async def test_a_server_that_ends_is_missed_though_its_daemon_holds_its_stdout(home: Path) -> None:
    async with relay(SETTINGS) as server:
        (upstream,) = psutil.Process(server.pid).children()
        server.send("call_tool", name="leave_a_daemon")
        try:
            assert await server.exited() == 1
            assert "ended with exit code 5" in server.all("bye")[0]["reason"]
        finally:  # it left the group of the relay's command; the app's guard ends such
            for one in psutil.process_iter():
                if one.pid != upstream.pid and FAULTY in _words(one):
                    os.kill(one.pid, signal.SIGKILL)


async def test_the_users_server_inherits_nothing_but_its_three_pipes(home: Path) -> None:
    async with relay(SETTINGS) as server:
        found = await server.request("call_tool", name="descriptors")
        assert found["text"] == "0,1,2,3"  # 3 is the listing itself


@pytest.mark.skipif(sys.platform == "win32", reason="has no process groups")
async def test_the_users_server_leads_a_group_in_the_session_of_its_relay(home: Path) -> None:
    async with relay(SETTINGS) as server:
        (upstream,) = psutil.Process(server.pid).children()
        assert os.getpgid(upstream.pid) == upstream.pid
        assert os.getsid(upstream.pid) == os.getsid(server.pid)


async def test_a_tool_that_no_client_could_take_is_left_out_alone(home: Path) -> None:
    async with relay(SETTINGS) as server:
        named = [tool["name"] for tool in (await server.request("list_tools"))["tools"]]
        assert "answer" in named
        assert not {"no_schema", "odd_hint", "odd_result", 5} & set(named)
        said = (await server.event("log", level="WARNING"))["message"]
        assert (
            "no_schema is left out, since clients cannot take it: inputSchema: it is missing"
            in said
        )


@pytest.mark.parametrize("to", [1, 2])
async def test_a_secret_that_stands_where_a_line_is_cut_is_not_told(home: Path, to: int) -> None:
    async with relay(SETTINGS) as server:
        for before in (170, 180, 190, 490, 3_990, 4_085)[:: 2 if to == 1 else 1][:3]:
            text = f"{'.' * before}{SECRET}{'.' * 9_000}"
            await server.request("call_tool", name="write", arguments={"to": to, "text": text})
        await server.request("call_tool", name="write", arguments={"to": 2, "text": "the end"})
        said = ""
        while "the end" not in said:
            said += (await server.event("log"))["message"]
        assert ("a line that is no MCP" in said) == (to == 1)
        assert SECRET[:8] not in said


@pytest.mark.parametrize("result", [None, 5, [], "text"])
async def test_an_answer_without_a_result_is_no_success(home: Path, result: Any) -> None:
    async with relay(SETTINGS) as server:
        answer = await _answer(server, result)
        assert answer["type"] == "error"
        assert "holds no result" in answer["error"]["message"]


async def test_an_error_with_the_code_of_a_lost_connection_is_passed_on(home: Path) -> None:
    error = {"code": -32000, "message": "over the limit", "data": {"per": "day"}}
    async with relay(SETTINGS) as server:
        async with lines(server.socket) as client:
            await client.initialize()
            for _ in range(2):
                answer = await client.ask("tools/call", {"name": "refuse", "arguments": error})
                assert answer["error"] == error
        assert not server.all("bye")


@pytest.mark.parametrize(
    "result",
    [{"content": 5}, {"content": [5]}, {"content": [], "_meta": 7}, {"content": [{"text": None}]}],
)
async def test_a_malformed_result_is_told_to_the_app_as_far_as_it_goes(
    home: Path, result: Any
) -> None:
    async with relay(SETTINGS) as server:
        assert (await _answer(server, result))["result"]["status"] == "success"


async def test_half_an_emoji_in_a_listing_reaches_every_reader_as_it_is(home: Path) -> None:
    async with relay(SETTINGS) as server:
        listed = (await server.request("list_tools"))["tools"]
        cached = json.loads(Path(endpoint.answers_file("mine")).read_bytes())["tools"]["tools"]
        async with lines(server.socket) as client:
            await client.initialize()
            shown = (await client.ask("tools/list"))["result"]["tools"]
        for tools in (listed, cached, shown):
            (tool,) = (tool for tool in tools if tool["name"] == "cut_emoji")
            assert tool["description"] == "cut in half: \ud83d"


async def test_a_relative_command_is_meant_from_its_folder(home: Path) -> None:
    program = home / "work" / "server"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {FAULTY}\n")
    program.chmod(0o700)
    settings = {"upstream": {"command": "./server", "cwd": str(program.parent)}}
    async with relay(settings) as server:
        assert (await server.request("call_tool", name="where"))["text"] == str(program.parent)


async def _answer(server: Supervised, result: Any) -> dict[str, Any]:
    return await server.answer(
        server.send("call_tool", name="answer", arguments={"result": result})
    )


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
