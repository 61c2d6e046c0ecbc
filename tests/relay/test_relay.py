"""A user's own server behind the relay is what it is without it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from servers.contract.messages import EXIT_UNREACHABLE
from tests.host.clients import lines, over_socket
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S
from tests.relay.conftest import SECRET, UPSTREAM, entry, relay, served_over_http

pytestmark = pytest.mark.anyio
eras = pytest.mark.parametrize("mode", ["legacy", "auto"])


async def _surface(client: Client) -> dict[str, Any]:
    """Everything a client can see of a server, as JSON."""
    found = {
        "tools": await client.list_tools(),
        "resources": await client.list_resources(),
        "templates": await client.list_resource_templates(),
        "fixed": await client.read_resource("note://fixed"),
        "templated": await client.read_resource("note://x/text"),
        "prompts": await client.list_prompts(),
        "prompt": await client.get_prompt("review", {"code": "x=1"}),
        "completion": await client.complete(
            types.PromptReference(name="review"), {"name": "code", "value": "a"}
        ),
        "call": await client.call_tool("add", {"a": 40}),
        "failure": await client.call_tool("fails", {}),
        "wrong": await client.call_tool("add", {"a": "x"}),
    }
    drop = {"meta", "ttl_ms", "cache_scope"}
    return {name: value.model_dump(exclude=drop) for name, value in found.items()}


@eras
async def test_a_client_sees_what_it_would_see_without_the_relay(
    mine: Supervised, mode: str
) -> None:
    direct = StdioServerParameters(command=sys.executable, args=[UPSTREAM])
    with Path(os.devnull).open("w") as nowhere:
        async with Client(stdio_client(direct, nowhere), mode=mode) as client:
            expected = await _surface(client)
    async with Client(over_socket(mine.socket), mode=mode) as client:
        assert await _surface(client) == expected
        assert client.session.instructions == "Ask me anything."
        assert client.server_info is not None
        assert (client.server_info.title, client.server_info.version) == ("Upstream", "9.9")
        with pytest.raises(MCPError, match="Unknown resource: nope://x"):
            await client.read_resource("nope://x")


async def test_progress_and_cancel_pass_through(mine: Supervised) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with Client(over_socket(mine.socket), mode="legacy") as client:
        await client.call_tool("slow", {"seconds": 0}, progress_callback=hear)
        assert heard == [(1, 2, "half")]
        call = asyncio.create_task(client.call_tool("slow", {}, progress_callback=hear))
        async with asyncio.timeout(PATIENCE_S):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
        call.cancel()
        assert (await mine.event("call", tool="slow", outcome="cancelled"))["client"] == "mcp"


async def test_the_users_server_hears_of_a_cancelled_call(home: Path) -> None:
    async with relay(entry()) as server, lines(server.socket) as client:
        await client.initialize()
        params = {"name": "slow", "arguments": {}, "_meta": {"progressToken": 1}}
        call = client.send("tools/call", params)
        assert (await client.line())["method"] == "notifications/progress"
        note = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}\n'
        client.writer.write(note % call)
        await server.event("log", logger="stderr", message="slow was cancelled")


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
async def test_changes_reach_clients_of_both_eras(home: Path) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    async with (
        relay(entry()) as server,
        Client(over_socket(server.socket), mode="legacy", message_handler=hear) as old,
        Client(over_socket(server.socket), mode="legacy") as other,
        asyncio.timeout(PATIENCE_S),
    ):
        await other.call_tool("grow", {})
        assert (await heard.get()).method == "notifications/tools/list_changed"
        assert "grown" in {tool.name for tool in (await old.list_tools()).tools}
        assert (await other.call_tool("grown", {})).content[0].text == "grown"
        await other.call_tool("touch", {})
        assert (await heard.get()).method == "notifications/resources/updated"
        async with (
            Client(over_socket(server.socket), mode="auto") as new,
            new.listen(tools_list_changed=True) as changes,
        ):
            settings, keys = entry(), {"MY_TOKEN": SECRET}
            await server.request("configure", keys=keys, settings=settings, disabled_tools=["add"])
            await anext(aiter(changes))
            assert "add" not in {tool.name for tool in (await new.list_tools()).tools}


async def test_switches_calls_logs_and_keys_work_as_for_any_server(home: Path) -> None:
    async with relay(entry()) as server:
        async with Client(over_socket(server.socket), mode="legacy") as client:
            await client.call_tool("tell_env", {"name": "TOKEN"})
            logged = await server.event("log", logger="stderr")
            assert logged["message"] == "TOKEN is [redacted]"
            call = await server.event("call", tool="tell_env")
            assert (call["outcome"], call["client"]) == ("ok", "mcp")
            settings = entry()
            keys = {"MY_TOKEN": SECRET}
            await server.request("configure", keys=keys, settings=settings, disabled_tools=["add"])
            assert "add" not in {tool.name for tool in (await client.list_tools()).tools}
            refused = await client.call_tool("add", {"a": 1})
            assert "switched off in Lou" in refused.content[0].text
        verdict = await server.request("check_key", name="MY_TOKEN")
        assert verdict["verdict"] == "unknown"
        assert SECRET.encode() not in b"".join(server.raw)
        assert SECRET not in Path(f"/proc/{server.pid}/cmdline").read_text()


async def test_the_users_server_gets_its_own_environment_and_no_other(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "not for it")
    monkeypatch.setenv("LD_PRELOAD_NOT", "nor this")
    async with relay(entry()) as server:
        found = await server.request("call_tool", name="tell_env", arguments={"name": "TOKEN"})
    names = set(found["text"].strip("[]").replace("'", "").split(", "))
    assert {"TOKEN", "PATH", "HOME"} <= names
    assert names <= {"TOKEN", "PATH", "HOME", "SHELL", "TERM", "USER", "LOGNAME", "LANG",
                     "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"}  # fmt: skip


async def test_when_the_users_server_dies_the_relay_says_so_and_ends(home: Path) -> None:
    async with relay(entry()) as server:
        async with Client(over_socket(server.socket), mode="legacy") as client:
            with pytest.raises(MCPError, match="went away while it worked on this"):
                await client.call_tool("die", {})
        assert await server.exited() == 1
        reason = server.all("bye")[0]["reason"]
    assert "The server mine ended with exit code 3." in reason
    assert "these are my last words" in reason


async def test_when_an_http_server_goes_away_the_relay_ends_at_the_next_call(home: Path) -> None:
    async with served_over_http() as (url, process):
        async with relay({"upstream": {"url": url}}) as server:
            process.kill()
            await process.wait()
            answer = await server.answer(server.send("call_tool", name="add", arguments={"a": 1}))
            assert answer["type"] == "error" or answer["result"]["is_error"]
            assert await server.exited() == EXIT_UNREACHABLE
        assert server.all("trouble")[0]["code"] == "unreachable"


@pytest.mark.parametrize("how", ["stdin", "sigterm", "sigkill"])
async def test_nothing_of_the_users_server_outlives_the_relay(home: Path, how: str) -> None:
    async with relay(entry()) as server:
        started = await server.request("call_tool", name="child")
        grandchild = int(started["text"])
        upstream = _parent_of(grandchild)
        if how == "stdin":
            assert await server.ended() == 0
        elif how == "sigterm":
            os.kill(server.pid, signal.SIGTERM)
            assert await server.exited() == 0
        else:
            server.process.kill()
            await server.exited()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while _is_alive(upstream) or (_is_alive(grandchild) and how != "sigkill"):
                await asyncio.sleep(0.01)
    finally:
        if _is_alive(grandchild):  # beyond a killed relay's reach; the app's guard ends it
            os.kill(grandchild, signal.SIGKILL)


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({}, 78, "neither a command nor a url"),
        ({"upstream": {"command": "no-such-command-here"}}, 78, "was not found"),
        ({"upstream": {"command": "/etc/passwd"}}, 78, "may not be executed"),
        (entry(cwd="/no/such/folder"), 78, "The folder '/no/such/folder'"),
        (entry(args="x"), 78, "`args` is not a list"),
        (entry(env={"A": 1}), 78, "`env` is not an object of texts"),
        (entry(env={"A": "${keyring:OTHER}"}), 78, "The key OTHER that mine needs is not set"),
        ({"upstream": {"command": "false"}}, 1, "ended with exit code 1"),
        ({"upstream": {"command": "sh", "args": ["-c", "echo oops >&2; exit 4"]}}, 1, "oops"),
        ({"upstream": {"url": "http://127.0.0.1:9/mcp"}}, EXIT_UNREACHABLE, "cannot be reached"),
        ({"upstream": {"url": "127.0.0.1:9/mcp"}}, 78, "http:// or https://"),
    ],
    ids=range(11),
)
async def test_a_server_that_does_not_come_up_is_reported_honestly(
    home: Path, settings: dict[str, Any], code: int, said: str
) -> None:
    async with supervised("-m", "servers", "relay", "mine") as server:
        server.send("configure", keys={"MY_TOKEN": SECRET}, settings=settings)
        assert await server.exited() == code
    assert said in server.all("bye")[0]["reason"]
    assert not server.errors


async def test_the_end_of_the_app_does_not_wait_for_a_server_that_never_answers(
    home: Path,
) -> None:
    mute = {"upstream": {"command": "sleep", "args": ["600"]}}
    async with supervised("-m", "servers", "relay", "mine") as server:
        server.send("configure", settings=mute)
        async with asyncio.timeout(PATIENCE_S):
            while not (children := _children_of(server.pid)):
                await asyncio.sleep(0.01)
        assert await asyncio.wait_for(server.ended(), PATIENCE_S) == 0
    assert not any(_is_alive(child) for child in children)


async def test_a_changed_entry_is_followed_without_losing_a_client(home: Path) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    async with (
        relay(entry()) as server,
        Client(over_socket(server.socket), mode="legacy", message_handler=hear) as client,
    ):
        started = await client.call_tool("child", {})
        before = int(started.content[0].text)
        changed = entry(env={"TOKEN": "a plain one"})
        await server.request("configure", keys={}, settings=changed)
        async with asyncio.timeout(PATIENCE_S):
            assert (await heard.get()).method == "notifications/tools/list_changed"
        found = await client.call_tool("tell_env", {"name": "TOKEN"})
        assert not found.is_error
        await server.event("log", message="TOKEN is a plain one")
        assert not _is_alive(before), "the server of before left its child behind"
        broken = {"upstream": {"command": "no-such-command-here"}}
        await server.answer(server.send("configure", keys={}, settings=broken))
        assert await server.exited() == 1
    assert "was not found" in server.all("bye")[0]["reason"]


async def test_noise_on_stdout_is_told_once_and_hurts_nothing(home: Path) -> None:
    become = f"os.execv({sys.executable!r}, [{sys.executable!r}, {UPSTREAM!r}])"
    noisy = f"import os; os.write(1, b'hello\\nthere\\n'); {become}"
    async with relay(entry(args=["-c", noisy])) as server:
        assert "no MCP" in (await server.event("log", level="WARNING"))["message"]
        found = await server.request("call_tool", name="add", arguments={"a": 1})
        assert found["data"] == {"total": 3, "parts": [1, 2]}


async def test_many_clients_share_one_session_of_the_users_server(home: Path, figure: Any) -> None:
    async def one(number: int) -> None:
        async with lines(server.socket) as client:
            await client.initialize()
            for n in range(5):
                params = {"name": "add", "arguments": {"a": number, "b": n}}
                answer = await client.ask("tools/call", params)
                assert answer["result"]["structuredContent"]["total"] == number + n

    loop = asyncio.get_running_loop()
    async with relay(entry()) as server:
        started = loop.time()
        await asyncio.gather(*(one(number) for number in range(40)))
        figure("relay: 40 clients with 5 calls each", loop.time() - started, "s")


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False
