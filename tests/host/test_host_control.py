"""What the app can ask of a supervised server, and how the server begins and ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from pathlib import Path

import pytest

from servers.contract import endpoint
from tests.host.clients import lines
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S
from tests.relay.conftest import SECRET, entry

pytestmark = pytest.mark.anyio


async def test_ready_says_what_the_app_needs_and_leaves_answers_for_the_bridge(
    own_echo: Supervised,
) -> None:
    ready = own_echo.all("ready")[0]
    assert (ready["name"], ready["pid"], ready["tools"]) == ("echo", own_echo.pid, 7)
    assert ready["endpoint"] == endpoint.server_socket("echo")
    answers = json.loads(Path(endpoint.answers_file("echo")).read_text())
    assert set(answers["initialize"]) == {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}
    assert answers["initialize"]["2025-03-26"]["protocolVersion"] == "2025-03-26"
    assert answers["discover"]["supportedVersions"] == ["2026-07-28"]
    assert len(answers["tools"]["tools"]) == len(answers["tools_modern"]["tools"]) == 7
    assert "fail" not in answers["read_only_tools"]
    assert "echo" in answers["read_only_tools"]


async def test_socket_and_folders_are_for_this_user_alone(own_echo: Supervised) -> None:
    socket = Path(own_echo.socket)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    answers = Path(endpoint.answers_file("echo"))
    assert stat.S_IMODE(answers.stat().st_mode) == 0o600
    assert stat.S_IMODE(answers.parent.stat().st_mode) == 0o700


async def test_the_app_lists_calls_and_switches(own_echo: Supervised) -> None:
    tools = (await own_echo.request("list_tools"))["tools"]
    assert [tool["enabled"] for tool in tools if tool["name"] == "echo"] == [True]
    assert "secret_length" not in {tool["name"] for tool in tools}
    found = await own_echo.request("call_tool", name="echo", arguments={"text": "hi"})
    assert found == {
        "status": "success",
        "data": {"text": "hi", "times": 1},
        "text": '{"text":"hi","times":1}',
        "is_error": False,
    }
    failed = await own_echo.request("call_tool", name="fail", arguments={"kind": "quota"})
    assert (failed["status"], failed["is_error"]) == ("failure", True)
    assert failed["text"] == "The quota is used up. Try again tomorrow."
    assert failed["data"] == {"kind": "quota", "left": 0}
    hidden = await own_echo.request("call_tool", name="secret_length")
    assert hidden["data"] == {"result": 20}
    assert (await own_echo.event("call", tool="echo"))["client"] == "lou"
    await own_echo.request("configure", keys={}, disabled_tools=["echo"])
    tools = (await own_echo.request("list_tools"))["tools"]
    assert [tool["enabled"] for tool in tools if tool["name"] == "echo"] == [False]
    refused = await own_echo.request("call_tool", name="echo", arguments={"text": "hi"})
    assert "switched off" in refused["text"]
    assert (await own_echo.event("call", tool="echo"))["outcome"] == "refused"


@pytest.mark.parametrize("server_type", ["own", "relay"])
async def test_what_calls_asked_arrives_before_the_end(home: Path, server_type: str) -> None:
    """Also of calls that were made just before it."""
    tool, arguments = {"own": ("echo", {"text": "hi"}), "relay": ("add", {"a": 2})}[server_type]
    argv = ("-m", "servers", "relay", "mine") if server_type == "relay" else ()
    async with supervised(*argv) as server:
        await server.ready(keep_calls=True, keys={"MY_TOKEN": SECRET}, settings=entry())
        for _ in range(20):
            server.send("call_tool", name=tool, arguments=arguments)
        await asyncio.gather(*(server.answer(f"t{number}") for number in range(1, 21)))
        server.send("stop")
        assert await server.ended() == 0
    assert [each["request"] for each in server.all("call_detail")] == [arguments] * 20
    assert server.events[-1][0] == "bye"


async def test_the_answers_file_follows_the_switches(own_echo: Supervised) -> None:
    path = Path(endpoint.answers_file("echo"))
    await own_echo.request("configure", keys={}, disabled_tools=["echo"])

    async with asyncio.timeout(PATIENCE_S):
        while "echo" in [t["name"] for t in json.loads(path.read_text())["tools"]["tools"]]:
            await asyncio.sleep(0.01)


async def test_a_call_of_the_app_can_be_cancelled_and_limited(own_echo: Supervised) -> None:
    call = own_echo.send("call_tool", name="wait", arguments={"seconds": 60})
    await own_echo.event("usage", api="clock")
    assert await own_echo.request("cancel", id=call) == {"cancelled": True}
    assert (await own_echo.answer(call))["error"]["code"] == "cancelled"
    assert await own_echo.request("cancel", id=call) == {"cancelled": False}
    limited = await own_echo.request(
        "call_tool", name="wait", arguments={"seconds": 60}, timeout_s=0.05
    )
    assert limited["text"] == "wait did not finish within 0.05 s and was stopped."


async def test_a_key_is_checked_as_given_or_as_configured(own_echo: Supervised) -> None:
    assert (await own_echo.request("check_key", name="TEST_KEY", value="good"))[
        "verdict"
    ] == "accepted"
    configured = await own_echo.request("check_key", name="TEST_KEY")
    assert configured == {"verdict": "rejected", "message": "TEST_KEY is [redacted]."}
    assert (await own_echo.request("check_key", name="OTHER"))["verdict"] == "missing"


async def test_what_cannot_be_done_is_refused_with_a_code(own_echo: Supervised) -> None:
    async def refusal(method: str, **params: object) -> str:
        answer = await own_echo.answer(own_echo.send(method, **params))
        return str(answer["error"]["code"])

    assert await refusal("dance") == "unknown_method"
    assert await refusal("call_tool", name="nope") == "unknown_tool"
    assert await refusal("call_tool", name=7) == "bad_params"
    assert await refusal("call_tool", name="echo", timeout_s=-1) == "bad_params"
    assert await refusal("configure", keys=[]) == "bad_params"
    assert await refusal("check_key", name=None) == "bad_params"


async def test_before_it_is_configured_a_server_answers_pings_and_nothing_else(home: Path) -> None:
    async with supervised() as server:
        assert "at" in await server.request("ping")
        answer = await server.answer(server.send("list_tools"))
        assert answer["error"]["code"] == "not_ready"
        assert await server.ended() == 0


async def test_from_ready_on_everything_is_answered(home: Path) -> None:
    async with supervised() as server:
        server.write(_CONFIGURE)
        while not any(b'"ready"' in line for line in server.raw):
            await asyncio.sleep(0.002)
            server.write(_LIST)
        assert (await server.request("list_tools"))["tools"]
        kinds = [json.loads(line) for line in server.raw]
        ready = next(n for n, kind in enumerate(kinds) if kind.get("event") == "ready")
        assert not [kind for kind in kinds[ready:] if kind["type"] == "error"]


_CONFIGURE = b'{"type":"request","id":"c","method":"configure","params":{}}\n'
_LIST = b'{"type":"request","id":"l","method":"list_tools"}\n'


async def test_malformed_lines_of_the_app_are_answered_up_to_a_point(own_echo: Supervised) -> None:
    own_echo.write(b"nonsense\n[]\n" + b'{"type":"request","id":"q"}\n' + b"\xff\xfe\n")
    codes = [(await own_echo.event("stray"))["error"]["code"] for _ in range(4)]
    assert codes == ["bad_message"] * 4
    own_echo.write(b"x" * (3 << 20) + b"\n")
    assert "1048576" in (await own_echo.event("stray"))["error"]["message"]
    own_echo.write(b"nonsense\n" * 10_000)
    await own_echo.request("ping")
    assert len(own_echo.all("stray")) <= 101


async def test_the_largest_result_fits_a_message_to_the_app(own_echo: Supervised) -> None:
    found = await own_echo.request("call_tool", name="large", arguments={"size": 499_900})
    assert not found["is_error"]
    assert len(found["text"]) == 499_900
    refused = await own_echo.request("call_tool", name="large", arguments={"size": 500_000})
    assert refused["data"]["kind"] == "too_large"
    emoji = {"text": "\U0001f600" * 10_000, "times": 20}
    refused = await own_echo.request("call_tool", name="echo", arguments=emoji)
    assert refused["data"]["kind"] == "too_large", "bytes count, not characters"


async def test_end_of_stdin_ends_the_server_after_the_calls_in_flight(own_echo: Supervised) -> None:
    async with lines(own_echo.socket) as client:
        await client.initialize()
        call = client.send("tools/call", {"name": "wait", "arguments": {"seconds": 0.3}})
        await own_echo.event("usage", api="clock")
        ended = asyncio.create_task(own_echo.ended())
        answer = await client.line()
        assert (answer["id"], answer["result"]["isError"]) == (call, False)
        assert await ended == 0
        assert await client.reader.read() == b""
    assert own_echo.all("bye") == [{"reason": "the app asked", "code": 0}]
    assert not Path(own_echo.socket).exists()


async def test_stop_and_sigterm_end_it_too(home: Path) -> None:
    async with supervised() as server:
        await server.ready()
        assert await server.request("stop") == {}
        assert await server.exited() == 0
    async with supervised() as server:
        await server.ready()
        os.kill(server.pid, signal.SIGTERM)
        assert await server.exited() == 0


async def test_a_server_that_cannot_start_says_why_and_exits_78(home: Path) -> None:
    async with supervised() as server:
        server.send("configure", settings={"refuse": True})
        trouble = await server.event("trouble")
        assert (trouble["code"], trouble["hint"]) == ("no_key", "Set it in Lou.")
        assert await server.exited() == 78
    assert server.all("bye")[0]["code"] == 78


async def test_a_live_twin_is_refused_and_a_dead_ones_path_is_taken_over(
    own_echo: Supervised,
) -> None:
    async with supervised() as twin:
        twin.send("configure")
        assert (await twin.event("trouble"))["code"] == "address_in_use"
        assert await twin.exited() == 1
    async with lines(own_echo.socket) as client:
        assert "result" in await client.initialize()
    own_echo.process.kill()
    await own_echo.exited()
    assert Path(own_echo.socket).exists(), "what this test is about"
    async with supervised() as successor:
        await successor.ready()
        async with lines(successor.socket) as client:
            assert "result" in await client.initialize()


async def test_it_dies_with_its_parent_even_while_stopped(home: Path) -> None:
    async with supervised("-c", _PARENT) as parent:
        ready = await parent.event("ready")
        os.kill(ready["pid"], signal.SIGSTOP)
        parent.process.kill()
        async with asyncio.timeout(PATIENCE_S):
            while _is_alive(ready["pid"]):
                await asyncio.sleep(0.01)


_PARENT = f"""
import subprocess, sys
argv = [sys.executable, {str(Path(__file__).parent / "echo.py")!r}, *sys.argv[1:]]
child = subprocess.Popen(argv, stdin=subprocess.PIPE)
child.stdin.write(b'{{"type":"request","id":"1","method":"configure","params":{{}}}}\\n')
child.stdin.flush()
child.wait()
"""


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_the_time_from_spawn_to_ready(home: Path, figure) -> None:
    loop = asyncio.get_running_loop()
    times = []
    for _ in range(3):
        started = loop.time()
        async with supervised() as server:
            await server.ready()
            times.append(loop.time() - started)
            await server.ended()
    figure("host: spawn to ready, median of 3", sorted(times)[1], "s", at_most=1.0)
