"""What a server of the user's own and its clients say to each other passes as it came."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from servers.relay import wire_message
from tests.host.clients import Lines, envelope, lines
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio

WIRE = str(Path(__file__).parent / "wire_upstream.py")
ASKABLE = {"roots": {}, "sampling": {}, "elicitation": {}}
LIST_CHANGED = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'


def entry(given: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    arguments = [WIRE, *([json.dumps(given)] if given else [])]
    return {"upstream": {"command": sys.executable, "args": arguments}, **settings}


@asynccontextmanager
async def relay(given: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[Supervised]:
    async with supervised("-m", "servers", "relay", "mine") as server:
        await server.ready(settings=entry(given, **settings))
        yield server


async def greet(client: Lines, capabilities: Any = None, **info: Any) -> dict[str, Any]:
    params = {
        "protocolVersion": "2025-06-18",
        "capabilities": capabilities or {},
        "clientInfo": {"name": "t", "version": "1", **info},
    }
    answer = await client.ask("initialize", params)
    client.writer.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    return answer


async def seen(client: Lines) -> dict[str, Any]:
    """What reached the process that serves this client."""
    answer = await client.ask("tools/call", {"name": "seen", "arguments": {}})
    return answer["result"]["structuredContent"]


async def say(client: Lines, *said: str, **more: Any) -> dict[str, Any]:
    arguments = {"lines": said, **more}
    return await client.ask("tools/call", {"name": "say", "arguments": arguments})


def put(client: Lines, message: dict[str, Any]) -> None:
    client.writer.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


async def test_a_clients_own_handshake_reaches_the_server_and_its_greeting_the_client(
    home: Path,
) -> None:
    async with relay() as server, lines(server.socket) as client:
        put(client, {"method": "notifications/lou/client", "params": {"id": "vibe"}})
        greeting = (await greet(client, ASKABLE, vendor="x"))["result"]
        assert greeting["serverInfo"]["icons"] == [{"src": "data:,"}]
        assert greeting["serverInfo"]["vendor"] == [1]
        assert greeting["capabilities"]["experimental"] == {"x": {"y": 1}}
        assert (greeting["instructions"], greeting["_meta"]) == ("Be kind.", {"v": 1})
        first, second, *_ = (await seen(client))["seen"]
        assert first["params"]["clientInfo"] == {"name": "t", "version": "1", "vendor": "x"}
        assert first["params"]["capabilities"] == ASKABLE
        assert second == {"jsonrpc": "2.0", "method": "notifications/initialized"}
        told = await server.event("client_connected")
        assert (told["capabilities"], told["mark"]) == (list(ASKABLE), "vibe")
        assert (await server.event("client_connected"))["stage"] == "called"


async def test_an_answer_is_the_bytes_that_came_but_for_its_id(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        put(client, {"id": "an id \u00e9", "method": "tools/list"})
        line = await client.reader.readline()
        assert line.startswith(b'{"result" : {"tools":[{"name":"seen", "inputSchema"')
        assert b'"x-vendor":1.0} , {"name"' in line
        assert line.endswith(b'"jsonrpc":"2.0","id":"an id \\u00e9"}\n')


async def test_unknown_methods_and_notifications_pass_both_ways(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        answer = await client.ask("vendor/thing", {"a": 1, "_meta": {"v": [None]}})
        assert answer["result"] == {
            "vendor": [1.0, None],
            "params": {"a": 1, "_meta": {"v": [None]}},
        }
        assert (await client.ask("no/such"))["error"] == {"code": -32601, "message": "no no/such"}
        put(client, {"method": "notifications/vendor", "params": {"x": 1}})
        told = (await seen(client))["seen"]
        assert {"jsonrpc": "2.0", "method": "notifications/vendor", "params": {"x": 1}} in told
        call = next(each for each in told if each["method"] == "tools/call")
        assert call["params"] == {"name": "seen", "arguments": {}}, "no token that nobody asked for"
        note = '{"jsonrpc":"2.0","method":"notifications/vendor","params":{"y":2}}'
        client.send("tools/call", {"name": "say", "arguments": {"lines": [note]}})
        assert await client.line() == json.loads(note)


async def test_eight_clients_are_each_asked_what_concerns_them(home: Path) -> None:
    async def one(number: int) -> None:
        async with lines(server.socket) as client:
            await greet(client, {"sampling": {}})
            for turn in range(10):
                mark = f"{number}/{turn}"
                asked = {"method": "sampling/createMessage", "params": {"mark": mark}}
                call = client.send("tools/call", {"name": "ask", "arguments": asked})
                question = await client.line()
                assert question["params"] == {"mark": mark}
                put(client, {"id": question["id"], "result": {"mark": mark}})
                answer = await client.line()
                assert answer["id"] == call
                assert answer["result"]["structuredContent"]["result"] == {"mark": mark}

    async with relay() as server:
        await asyncio.gather(*map(one, range(8)))


async def test_who_shares_a_process(home: Path) -> None:
    async def pid(server: Supervised, capabilities: Any) -> int:
        async with lines(server.socket) as client:
            await greet(client, capabilities)
            return int((await seen(client))["pid"])

    async with relay() as server, lines(server.socket) as other:
        await greet(other, {"extensions": {"ui": {}}})
        same = await pid(server, {"extensions": {"ui": {}}})
        assert same == (await seen(other))["pid"]
        alone = await pid(server, {"roots": {}})
        shared = await pid(server, {})
        assert len({same, alone, shared, await pid(server, {"roots": {}})}) == 4
        assert shared == await pid(server, {})
    async with relay(sessions="own") as server:
        assert await pid(server, {}) != await pid(server, {})
    async with relay(sessions="shared") as server:
        assert await pid(server, ASKABLE) == await pid(server, {})


async def test_a_question_that_two_clients_of_one_process_could_mean_goes_to_neither(
    home: Path,
) -> None:
    question = {"method": "roots/list", "params": {}}
    async with (
        relay(sessions="shared") as server,
        lines(server.socket) as one,
        lines(server.socket) as two,
    ):
        await greet(one, ASKABLE)
        await greet(two, ASKABLE)
        hanging = two.send("tools/call", {"name": "say", "arguments": {"lines": [], "mute": True}})
        answer = await one.ask("tools/call", {"name": "ask", "arguments": question})
        told = answer["result"]["structuredContent"]["error"]["message"]
        assert told == "2 clients share this server: which is asked is unknown"
        put(two, {"method": "notifications/cancelled", "params": {"requestId": hanging}})
        await two.ask("vendor/after")
        call = one.send("tools/call", {"name": "ask", "arguments": question})
        asked = await one.line()
        put(one, {"id": asked["id"], "result": {"roots": []}})
        assert (await one.line())["id"] == call


async def test_progress_and_cancellation_keep_their_own_names(home: Path) -> None:
    params = '{"progressToken":$ID,"progress":1}'
    note = f'{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}'
    async with relay() as server, lines(server.socket) as one, lines(server.socket) as two:
        for client in (one, two):
            await greet(client)
            params = {"name": "say", "arguments": {"lines": [note], "mute": True}}
            client.send("tools/call", {**params, "_meta": {"progressToken": "same"}}, id="7")
            assert (await client.line())["params"] == {"progressToken": "same", "progress": 1}
        put(one, {"method": "notifications/cancelled", "params": {"requestId": "7", "reason": "r"}})
        assert (await server.event("call", tool="say"))["outcome"] == "cancelled"
        told = (await seen(one))["seen"]
        (cancelled,) = (each for each in told if each["method"] == "notifications/cancelled")
        call = next(each for each in told if each.get("params", {}).get("name") == "say")
        assert cancelled["params"] == {"requestId": call["id"], "reason": "r"}


@pytest.mark.parametrize("given", [{"id": "float"}, {"id": "text"}, {"before": "\ufeff"}], ids=str)
async def test_a_server_that_writes_ids_or_lines_its_own_way_is_served(
    home: Path, given: dict[str, Any]
) -> None:
    async with relay(given) as server, lines(server.socket) as client:
        await greet(client, ASKABLE)
        answer = await client.ask("tools/list")
        assert len(answer["result"]["tools"]) == 4
        assert type(answer["id"]) is int


BROKEN = (
    "[INFO] ready",
    "[]",
    "[7]",
    "[_]",
    '[{"id": 1},_]',
    "[{",
    '{"a": _}',
    '{"a"',
    "{_}",
    "_",
    "[1, 2",
    "-",
)


@pytest.mark.parametrize("line", BROKEN)
def test_what_begins_like_a_message_and_is_none_is_told_apart(line: str) -> None:
    with pytest.raises(wire_message.NotJsonError):
        wire_message.parse(line.encode())


async def test_lines_that_begin_like_messages_hurt_neither_side(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        await say(client, *BROKEN)
        for line in BROKEN:
            client.writer.write(line.encode() + b"\n")
        for _ in BROKEN:
            assert (await client.line())["error"]["code"] == -32700
        assert len((await client.ask("tools/list"))["result"]["tools"]) == 4


async def test_no_request_of_a_client_waits_for_ever_since_it_is_written_oddly(home: Path) -> None:
    head, deep = '"jsonrpc":"2.0","id":', "[" * 20_000 + "]" * 20_000
    unread = f'"method":"vendor/x","params":{{"a":{deep}}}'
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        both = [f'{{{head}{number},"method":"vendor/x"}}' for number in (5, 6)]
        client.writer.write(f"{both[0]} {both[1]}\n".encode())
        for number in (5, 6):
            answer = await client.line()
            assert (answer["id"], answer["result"]["vendor"]) == (number, [1.0, None])
        for line in (f"{{{head}7,{unread}}}", f"{{{unread},{head}7}}"):
            client.writer.write(line.encode() + b"\n")
            answer = await client.line()
            assert (answer["id"], answer["error"]["code"]) == (7, -32700)


async def test_an_answer_that_clients_could_not_read_is_mended(home: Path) -> None:
    plain = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[]}}'
    said = {
        plain: {},
        plain.replace("[]", '[],"n":NaN'): {"n": None},
        plain.replace("[]", '[],"n":"a\tb"'): {"n": "a\tb"},
        plain.replace("[]}", '[]},"error":null'): {},
        plain.replace('"jsonrpc":"2.0",', ""): {},
        plain.replace('"id"', '"method":null,"id"'): {},
        plain.replace('"id"', '"method":"tools/call","id"'): {},
        f"[{plain}]": {},
        f"warming up...\n{plain}": {},
        f"50 % {plain} done": {},
        LIST_CHANGED + plain: {},
        f'asked {{"jsonrpc":"2.0","id":1,"method":"roots/list"}} {plain}': {},
    }
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        for line, members in said.items():
            answer = await say(client, line, mute=True)
            assert answer.keys() == {"jsonrpc", "id", "result"}
            assert answer["result"] == {"content": [], **members}


@pytest.mark.parametrize("member", ["[" * 5_000 + "]" * 5_000, "9" * 5_000])
async def test_an_answer_that_python_does_not_read_passes(home: Path, member: str) -> None:
    result = f'{{"content":[],"odd":{member}}}'
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        said = ['{"jsonrpc":"2.0","id":$ID,"result":' + result + "}"]
        arguments = {"lines": said, "mute": True}
        call = client.send("tools/call", {"name": "say", "arguments": arguments})
        line = await client.reader.readline()
        assert line.decode() == f'{{"jsonrpc":"2.0","id":{call},"result":{result}}}\n'


@pytest.mark.parametrize("name", [["seen"], {"a": 1}, None, 7])
async def test_a_name_that_is_no_text_is_the_servers_to_refuse(home: Path, name: Any) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        await client.ask("tools/call", {"name": name, "arguments": {}})
        assert (await seen(client))["pid"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    (message,) = wire_message.parse(b'{"jsonrpc":"2.0","id":1,"result":{"a":"\xff"}}')
    assert message.line_as("2") == '{"jsonrpc":"2.0","id":2,"result":{"a":"\ufffd"}}'.encode()


async def test_an_answer_that_is_none_becomes_an_error(home: Path) -> None:
    answers = {
        '"error":"broken"': "broken",
        '"error":{"message":"m"}': "m",
        '"result":null': "holds no result",
        '"result":[1]': "holds no result",
        '"nothing":1': "holds no result",
        '"result":{"content":[],}': "is not JSON",
        '"result":{"content":[': "is not JSON",
        '"error":{"code":1,}': "is not JSON",
        '"error":{"code":-5.5,"message":"f"}': "f",
    }
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        for answer, said in answers.items():
            line = '{"jsonrpc":"2.0","id":$ID,' + answer + "}"
            error = (await say(client, line, mute=True))["error"]
            assert said in error["message"]
            assert type(error["code"]) is int
            assert (await server.event("call", tool="say"))["outcome"] == "error"


async def test_odd_entries_cost_only_themselves(home: Path) -> None:
    tools = [
        {"name": "good", "inputSchema": {"type": "object", "properties": []}, "description": None},
        {"name": "bad", "inputSchema": {"type": "string"}},
        {"name": "hint", "inputSchema": {"type": "object"}, "annotations": {"title": None}},
        7,
    ]
    async with relay({"tools": json.dumps(tools)}) as server, lines(server.socket) as client:
        assert server.all("ready")[0]["tools"] == 2
        await greet(client, ASKABLE)
        good, hint = (await client.ask("tools/list"))["result"]["tools"]
        assert good == {"name": "good", "inputSchema": {"type": "object", "properties": {}}}
        assert hint == {"name": "hint", "inputSchema": {"type": "object"}, "annotations": {}}
        warned = await server.event("log", level="WARNING")
        assert "The tool bad is left out" in warned["message"]


async def test_what_a_greeting_lacks_is_added(home: Path) -> None:
    async with (
        relay({"greeting": {"serverInfo": None, "extra": 1}}) as server,
        lines(server.socket) as client,
    ):
        greeting = (await greet(client))["result"]
        assert greeting["protocolVersion"] == "2025-06-18"
        assert greeting["capabilities"] == {}
        assert greeting["serverInfo"]["name"]
        assert greeting["extra"] == 1


async def test_a_server_that_refuses_the_newest_version_is_served(home: Path) -> None:
    given = {"speaks": ["2024-11-05", "2025-06-18", 7]}
    async with relay(given) as server, lines(server.socket) as client:
        assert "result" in await greet(client)
        said = (await seen(client))["seen"]
        asked = [each["params"] for each in said if each["method"] == "initialize"]
        versions = [each["protocolVersion"] for each in asked]
        assert versions == ["2025-11-25", "2025-06-18"]


async def test_a_storm_of_changes_is_calmed(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client)
        await client.ask("tools/list")
        for _ in range(20):
            await say(client, *[LIST_CHANGED] * 50)
        told = (await seen(client))["seen"]
        listed = sum(each["method"] == "tools/list" for each in told)
        assert listed < 10, "the server is not asked each time"
        call = client.send("vendor/end")
        assert (await client.line())["id"] == call, "nothing changed, so no client is told"


async def test_a_client_hears_of_a_change_that_another_has_already_read(home: Path) -> None:
    async with relay() as server, lines(server.socket) as one, lines(server.socket) as two:
        for client in (one, two):
            await greet(client)
        await one.ask("tools/list")
        learn = {"name": "learn", "arguments": {"tools": "[]"}}
        both = (
            {"jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": learn},
            {"jsonrpc": "2.0", "id": 9, "method": "tools/list"},
        )
        two.writer.write(b"".join(json.dumps(each).encode() + b"\n" for each in both))
        assert (await two.line())["id"] == 8
        assert (await two.line())["id"] == 9
        assert await one.line() == json.loads(LIST_CHANGED)


async def test_subscriptions_of_two_clients_are_kept_apart(home: Path) -> None:
    note = (
        '{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"note://a"}}'
    )
    async with relay() as server, lines(server.socket) as one, lines(server.socket) as two:
        for client in (one, two):
            await greet(client)
        assert "error" in await one.ask("resources/subscribe", {"uri": "note://refused"})
        await one.ask("resources/subscribe", {"uri": "note://a"})
        call = two.send("tools/call", {"name": "say", "arguments": {"lines": [note]}})
        assert (await two.line())["id"] == call
        assert await one.line() == json.loads(note)
        await two.ask("resources/subscribe", {"uri": "note://a"})
        assert (await one.ask("resources/unsubscribe", {"uri": "note://a"}))["result"] == {}
        two.send("tools/call", {"name": "say", "arguments": {"lines": [note]}})
        assert await two.line() == json.loads(note)
        told = (await seen(one))["seen"]
        assert "resources/unsubscribe" not in {each["method"] for each in told}


async def test_a_large_result_passes_and_claude_desktop_is_told(home: Path) -> None:
    line = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"big":"%s"}}' % ("x" * 3_000_000)
    for end in (
        line,
        line.replace('"jsonrpc":"2.0","id":$ID,', "")[:-1] + ',"jsonrpc":"2.0","id":$ID}',
    ):
        async with relay() as server, lines(server.socket) as one, lines(server.socket) as two:
            await greet(one)
            assert len((await say(one, end, mute=True))["result"]["big"]) == 3_000_000
            await greet(two, name="claude-ai")
            refused = (await say(two, end, mute=True))["result"]
            assert refused["isError"] is True
            assert "Claude Desktop takes at most 1,000,000" in refused["content"][0]["text"]


async def test_a_process_of_one_client_that_dies_hurts_only_that_client(home: Path) -> None:
    async with relay() as server, lines(server.socket) as one, lines(server.socket) as two:
        await greet(one, ASKABLE)
        await greet(two)
        answer = await one.ask("tools/call", {"name": "die"})
        assert "went away while it worked on this" in answer["error"]["message"]
        assert await asyncio.wait_for(one.reader.read(), PATIENCE_S) == b""
        assert (await seen(two))["pid"]
        async with lines(server.socket) as again:
            await greet(again, ASKABLE)
            assert (await seen(again))["pid"]


async def test_a_switch_holds_on_every_connection(home: Path) -> None:
    async with relay() as server, lines(server.socket) as client:
        await greet(client, ASKABLE)
        await client.ask("tools/list")
        await server.request("configure", settings=entry(), disabled_tools=["ask"])
        assert await client.line() == json.loads(LIST_CHANGED)
        listed = (await client.ask("tools/list"))["result"]["tools"]
        assert [tool["name"] for tool in listed] == ["seen", "say", "die"]
        refused = (await client.ask("tools/call", {"name": "ask"}))["result"]
        assert "switched off in Lou" in refused["content"][0]["text"]
        assert (await server.event("call", tool="ask"))["outcome"] == "refused"


async def test_a_server_that_speaks_only_2026_07_28_is_passed_through(home: Path) -> None:
    async with relay({"modern": True}) as server, lines(server.socket) as client:
        meta = {"_meta": envelope()}
        found = (await client.ask("server/discover", meta))["result"]
        assert found["supportedVersions"] == ["2026-07-28"]
        params = {"name": "seen", "arguments": {}, **meta}
        asked = (await client.ask("tools/call", params))["result"]
        assert asked["resultType"] == "input_required"
        again = {**params, "inputResponses": {"q": {"action": "accept"}}, "requestState": "s"}
        told = (await client.ask("tools/call", again))["result"]["structuredContent"]
        assert told == again
        assert (await server.event("client_connected"))["protocol"] == "2026-07-28"
        ended = await client.ask("subscriptions/listen", {"notifications": {}, **meta})
        assert [*ended["result"]["_meta"].values()] == [ended["id"]], "of the client"
        async with lines(server.socket) as old:
            refused = await greet(old)
            assert refused["error"]["message"] == "only 2026-07-28 is spoken here"


async def test_a_client_of_2026_07_28_is_refused_by_an_older_server_in_its_own_words(
    home: Path,
) -> None:
    async with relay() as server:
        for _ in range(2):
            async with lines(server.socket) as client:
                answer = await client.ask("server/discover", {"_meta": envelope()})
                assert answer["error"] == {"code": -32601, "message": "no server/discover"}
                assert "result" in await greet(client)
                assert (await seen(client))["pid"]


async def test_a_call_is_told_before_what_follows_it(home: Path) -> None:
    async with relay() as server:
        for _ in range(5):
            async with lines(server.socket) as client:
                await greet(client)
                await seen(client)
            await server.event("client_left")
            told = [name for name, _ in server.events if name in {"call", "client_left"}]
            assert told[-2:] == ["call", "client_left"]
        params = {"name": "seen", "arguments": {}}
        await server.request("call_tool", **params)
        assert len(server.all("call")) == 6
