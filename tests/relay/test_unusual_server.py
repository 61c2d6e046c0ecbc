"""What a server of the user does late, or in an order of its own, costs no client anything."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from servers.relay.answers import line_for
from servers.relay.connection import PendingRequest, RelayClient
from servers.relay.switchboard import RelayCallbacks, Switchboard
from servers.relay.wire_message import parse
from tests.host.clients import Lines, lines
from tests.host.supervised import supervised
from tests.relay.test_wire import ASKABLE, LIST_CHANGED, entry, greet, put, relay, say, seen

pytestmark = pytest.mark.anyio


async def test_a_server_that_is_slow_with_its_tools_is_served_without_until_it_lists_them(
    home: Path,
) -> None:
    soon = "import servers.relay.server as it; it._LISTED_WITHIN_S = 0.1"
    program = f"{soon}; from servers.__main__ import main; main()"
    async with supervised("-c", program, "relay", "mine") as server:
        assert (await server.ready(settings=entry({"late": "tools/list"})))["tools"] == 0
        warned = await server.event("log", level="WARNING")
        assert "has not listed its tools within 0.1 s" in warned["message"]
        async with lines(server.socket) as client:
            await greet(client, {})
            call = client.send("tools/call", {"name": "seen", "arguments": {}})
            told = [await client.line(), await client.line()]
            assert json.loads(LIST_CHANGED) in told
            assert call in {each.get("id") for each in told}
        assert len((await server.request("list_tools"))["tools"]) == 4


async def test_progress_of_a_task_goes_on_after_the_answer_that_began_it(home: Path) -> None:
    began = '{"jsonrpc":"2.0","id":$ID,"result":{"task":{"taskId":"t"}}}'
    params = '{"progressToken":$ID,"progress":1}'
    goes_on = f'{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}'
    async with relay() as server, lines(server.socket) as one, lines(server.socket) as two:
        for client in (one, two):
            await greet(client)
        arguments = {"lines": [began, goes_on], "mute": True}
        for client in (one, two):
            meta = {"progressToken": "mine"}
            client.send("tools/call", {"name": "say", "arguments": arguments, "_meta": meta})
            assert (await client.line())["result"] == {"task": {"taskId": "t"}}
            assert (await client.line())["params"] == {"progressToken": "mine", "progress": 1}


async def test_a_progress_token_that_is_null_stays_so(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        meta = {"_meta": {"progressToken": None}}
        answer = await client.ask("tools/call", {"name": "seen", "arguments": {}, **meta})
        assert answer["result"]["structuredContent"]["seen"][-1]["params"]["_meta"] == meta["_meta"]


@pytest.mark.parametrize("cursor", ["same", 5, [1]], ids=str)
async def test_a_list_whose_pages_never_end_counts_each_tool_once(home: Path, cursor: Any) -> None:
    page = {"tools": [{"name": "a", "inputSchema": {"type": "object"}}], "nextCursor": cursor}
    given = {"lists": {"tools/list": json.dumps(page)}}
    async with relay(given) as server, lines(server.socket) as client:
        assert server.all("ready")[0]["tools"] == 1
        await greet(client)
        assert (await client.ask("tools/list"))["result"] == page
        told = (await seen(client))["seen"]
        assert sum(each["method"] == "tools/list" for each in told) <= 3


async def test_of_two_tools_with_one_name_the_second_is_left_out(home: Path) -> None:
    names = ("a", "b", "a")
    tools = [{"name": each, "inputSchema": {"type": "object"}} for each in names]
    async with relay({"tools": json.dumps(tools)}) as server, lines(server.socket) as client:
        await greet(client)
        listed = (await client.ask("tools/list"))["result"]["tools"]
        assert listed == tools[:2]
        warned = (await server.event("log", level="WARNING"))["message"]
        assert warned.endswith("The tool a is left out, since clients cannot take it: "
                               "another tool has its name")  # fmt: skip


@pytest.mark.parametrize("member", ["[" * 3_000 + "]" * 3_000, "9" * 5_000], ids=["deep", "long"])
async def test_a_list_that_python_does_not_read_passes_and_ends_nothing(
    home: Path, member: str
) -> None:
    tools = (
        f'{{"tools":[{{"name":"a","inputSchema":{{"type":"object"}},"_meta":{{"x":{member}}}}}]}}'
    )
    given = {"lists": {"tools/list": tools}}
    async with relay(given) as server, lines(server.socket) as client:
        assert server.all("ready")[0]["tools"] == 0
        await greet(client, {"roots": {}})
        number = client.send("tools/list")
        line = await client.reader.readline()
        assert line.decode() == f'{{"jsonrpc":"2.0","id":{number},"result":{tools}}}\n'
        assert (await seen(client))["pid"]
        await server.request("configure", settings=entry(given), disabled_tools=["a"])
        assert "error" in await client.ask("tools/list")


async def test_a_greeting_of_megabytes_reaches_the_client(home: Path) -> None:
    known = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "vendor": None}
    info = {"name": "wire", "version": "1", "icons": [{"src": "data:,"}]}
    given = {"greeting": {**known, "serverInfo": info}, "longer": 2 << 20}
    async with relay(given) as server, lines(server.socket) as client:
        greeting = (await greet(client, {"roots": {}}))["result"]
        assert len(greeting.pop("instructions")) == 2 << 20
        assert greeting == {**known, "serverInfo": info}


async def test_a_mended_entry_keeps_what_is_the_servers_own(home: Path) -> None:
    argument = {"name": "a", "description": None, "vendor": None, "_meta": {"x": None}}
    prompts = json.dumps([{"name": "p", "title": None, "vendor": None, "arguments": [argument]}])
    listed = f'{{"prompts":{prompts},"nextCursor":"c","_meta":{{"most":1e400}}}}'
    async with relay({"lists": {"prompts/list": listed}}) as server, lines(server.socket) as client:
        await greet(client)
        client.send("prompts/list")
        line = await client.reader.readline()
        assert b"Infinity" not in line
        mended = {"name": "a", "vendor": None, "_meta": {"x": None}}
        kept = {"name": "p", "vendor": None, "arguments": [mended]}
        answer = json.loads(line)["result"]
        assert answer == {"prompts": [kept], "nextCursor": "c", "_meta": {"most": float("inf")}}


async def test_an_error_without_words_is_told_to_the_app_by_its_number(home: Path) -> None:
    said = '{"jsonrpc":"2.0","id":$ID,"error":{"code":-5,"message":""}}'
    async with relay() as server:
        asked = {"name": "say", "arguments": {"lines": [said], "mute": True}}
        answer = await server.answer(server.send("call_tool", **asked))
        assert answer["error"]["message"] == "error -5"


async def test_the_app_hears_how_many_tools_there_are_whenever_that_changes(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        assert server.all("ready")[0]["tools"] == 4
        await greet(client)
        await client.ask("tools/call", {"name": "learn", "arguments": {"tools": "[]"}})
        await server.event("ready", tools=0)


async def test_the_end_of_the_app_is_quiet_while_a_server_is_slow_with_its_tools(
    home: Path,
) -> None:
    async with supervised("-m", "servers", "relay", "mine") as server:
        server.send("configure", settings=entry({"late": "tools/list", "errors": "asked"}))
        await server.event("log", message="asked")
        assert await server.ended() == 0
        assert not server.errors
        assert not [each for each in server.all("log") if each["level"] == "ERROR"]


OF_ITS_OWN = {
    "notifications/prompts/list_changed": {"_meta": {"a": None}, "vendor": 1},
    "notifications/tools/list_changed": {"_meta": {"b": 1}},
    "notifications/progress": {"progressToken": "of the server", "progress": 1},
    "notifications/resources/updated": {},
}


@pytest.mark.parametrize("method", OF_ITS_OWN)
async def test_a_notification_that_nobody_asked_for_reaches_the_client_whole(
    home: Path, method: str
) -> None:
    note = {"jsonrpc": "2.0", "method": method, "params": OF_ITS_OWN[method]}
    async with relay() as server, lines(server.socket) as client:
        await greet(client, ASKABLE)
        client.send("tools/call", {"name": "say", "arguments": {"lines": [json.dumps(note)]}})
        assert note in [await client.line(), await client.line()]


async def _hears(client: Lines, told: dict[str, Any]) -> None:
    """What the server says during a call reaches the client as it is, before the answer."""
    call = client.send("tools/call", {"name": "say", "arguments": {"lines": [json.dumps(told)]}})
    assert await client.line() == told
    assert (await client.line())["id"] == call


async def test_an_error_without_an_id_reaches_the_only_client_that_it_can_mean(home: Path) -> None:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "what?"}}
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        await _hears(client, error)


async def test_who_watches_a_resource_hears_of_its_parts(home: Path) -> None:
    note = {"method": "notifications/resources/updated", "params": {"uri": "note://a/b"}}
    line = json.dumps({"jsonrpc": "2.0", **note})
    watched = ("note://a", "note://a/b", "note://a/", "note://")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(relay())
        clients = [await stack.enter_async_context(lines(server.socket)) for _ in range(6)]
        for client in clients:
            await greet(client)
        for client, uri in zip(clients, (*watched, "note://a/bc"), strict=False):
            await client.ask("resources/subscribe", {"uri": uri})
        await say(clients[-1], line)
        for client in clients[:4]:
            assert await client.line() == json.loads(line)
        for client in clients[4:]:
            number = client.send("vendor/after")
            assert (await client.line())["id"] == number


async def test_hundreds_of_calls_that_each_ask_the_client_do_not_wait_for_each_other(
    home: Path,
) -> None:
    asked = {"method": "sampling/createMessage", "params": {}}
    async with relay() as server, lines(server.socket) as client:
        await greet(client, ASKABLE)
        calls = [client.send("tools/call", {"name": "ask", "arguments": asked}) for _ in range(400)]
        questions = [(await client.line())["id"] for _ in calls]
        for question in questions:
            put(client, {"id": question, "result": {}})
        assert {(await client.line())["id"] for _ in calls} == {*calls}


async def test_what_only_the_newer_era_knows_is_left_alone_in_the_older(home: Path) -> None:
    meta = {"io.modelcontextprotocol/subscriptionId": 77}
    params = {"level": "info", "data": "a", "_meta": meta}
    note = {"jsonrpc": "2.0", "method": "notifications/message", "params": params}
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        await _hears(client, note)


def test_a_list_that_the_server_does_not_give_yet_is_not_made_up() -> None:
    (asked,) = parse(b'{"jsonrpc":"2.0","id":"a","method":"tools/list"}')
    line = b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"s"}}'
    (answer,) = parse(line)
    passed = line_for(PendingRequest("tools/list", asked), answer, frozenset(), lambda *_: None)
    assert passed == line.replace(b":1,", b':"a",')


async def test_a_cancelled_call_is_forgotten_with_its_client() -> None:
    def nothing(*_: Any) -> None:
        """Take what the switchboard tells."""

    class Listener(RelayClient):
        def send(self, line: bytes) -> None:
            raise AssertionError(line)

    board = Switchboard("mine", RelayCallbacks(nothing, nothing, nothing, nothing, nothing))
    client = Listener(board)
    board.from_client(client, b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}')
    params = b'"params":{"requestId":1}'
    board.from_client(client, b'{"jsonrpc":"2.0","method":"notifications/cancelled",%b}' % params)
    assert board.pool.base.pending, "its server may answer still"
    client.leave()
    assert not board.pool.base.pending


async def test_an_answer_to_no_question_is_the_servers_to_judge(home: Path) -> None:
    answer = {"id": "7", "result": {"roots": [], "x": 1.0}}
    async with relay() as server, lines(server.socket) as client:
        await greet(client, ASKABLE)
        put(client, answer)
        assert {"jsonrpc": "2.0", **answer} in (await seen(client))["seen"]
    async with relay() as server, lines(server.socket) as client, lines(server.socket) as other:
        for each in (client, other):
            await greet(each)
        put(client, answer)
        assert {"jsonrpc": "2.0", **answer} not in (await seen(client))["seen"], (
            "but of two clients"
        )
