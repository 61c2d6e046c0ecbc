"""The bytes on the wire: both eras, and that the short way of a call says what the SDK would."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from servers.host.host import Host
from servers.host.mcp.sdk_connection import SdkConnection
from servers.host.session import ClientSession
from servers.host.tools.service import Configuration
from tests.host.clients import envelope, lines
from tests.host.echo import Echo
from tests.host.supervised import Supervised
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio

MARK = b'{"jsonrpc":"2.0","method":"notifications/lou/client","params":{"id":"vibe"}}\n'


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
async def test_every_handshake_version_is_echoed(echo: Supervised, version: str) -> None:
    async with lines(echo.socket) as client:
        answer = await client.initialize(version)
        assert answer["result"]["protocolVersion"] == version
        assert answer["result"]["capabilities"]["tools"] == {"listChanged": True}
        found = await client.ask("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        assert found["result"]["content"] == [{"type": "text", "text": '{"text":"x","times":1}'}]
        assert found["result"]["structuredContent"] == {"text": "x", "times": 1}


async def test_the_mark_of_a_bridge_is_kept_for_the_app(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        client.writer.write(MARK)
        await client.initialize(name="mcp")
        await client.ask("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        told = await echo.event("client_connected", mark="vibe", stage="called")
        assert told["client"] == "mcp"


async def test_an_unknown_version_is_answered_with_the_newest(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        assert (await client.initialize("2099-01-01"))["result"]["protocolVersion"] == "2025-11-25"


async def test_the_first_request_decides_the_era(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        found = await client.ask("server/discover", {"_meta": envelope()})
        assert found["result"]["supportedVersions"] == ["2026-07-28"]
        late = await client.ask("initialize", {"protocolVersion": "2025-11-25"})
        assert late["error"]["code"] == -32022
        assert late["error"]["data"] == {"supported": ["2026-07-28"], "requested": "2025-11-25"}
        bare = await client.ask("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        assert bare["error"]["code"] == -32602
    async with lines(echo.socket) as client:
        await client.initialize()
        mixed = {"name": "echo", "arguments": {"text": "x"}, "_meta": envelope()}
        assert (await client.ask("tools/call", mixed))["error"]["code"] == -32600


async def test_before_initialize_nothing_is_served(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        assert (await client.ask("server/discover"))["error"]["code"] == -32601
        assert (await client.ask("tools/list"))["error"]["code"] == -32602
        call = await client.ask("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        assert call["error"]["code"] == -32602
        assert (await client.ask("ping"))["result"] == {}


async def test_an_unknown_modern_version_names_those_that_are_served(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        await client.ask("server/discover", {"_meta": envelope()})
        params = {"name": "echo", "arguments": {"text": "x"}, "_meta": envelope("2027-01-01")}
        refused = (await client.ask("tools/call", params))["error"]
        assert refused["code"] == -32022
        assert refused["data"]["supported"] == ["2026-07-28"]


async def test_requests_sent_with_initialize_wait_for_it(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        opening = {"protocolVersion": "2025-11-25", "capabilities": {}}
        first = client.send("initialize", {**opening, "clientInfo": {"name": "t", "version": "1"}})
        second = client.send("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        answers = [await client.line(), await client.line()]
    assert [answer["id"] for answer in answers] == [first, second]
    assert all("result" in answer for answer in answers)


async def test_a_call_is_cancelled_by_either_spelling_of_its_id(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        await client.initialize()
        for spell in (int, str):
            call = client.send("tools/call", {"name": "wait", "arguments": {"seconds": 60}})
            await echo.event("usage", api="clock")
            note = {"method": "notifications/cancelled", "params": {"requestId": spell(call)}}
            client.writer.write(json.dumps({"jsonrpc": "2.0", **note}).encode() + b"\n")
            assert (await echo.event("call", tool="wait"))["outcome"] == "cancelled"
            assert (await client.ask("ping"))["result"] == {}, "a cancelled call has no answer"


async def test_a_client_that_leaves_ends_its_calls(echo: Supervised) -> None:
    async with lines(echo.socket) as client:
        await client.initialize()
        client.send("tools/call", {"name": "wait", "arguments": {"seconds": 60}})
        await echo.event("usage", api="clock")
    assert (await echo.event("call", tool="wait"))["outcome"] == "cancelled"


@pytest.fixture
async def host() -> Host:
    found = Host(Echo(), lambda event, data: None)
    await found.start(Configuration(), frozenset({"pages"}))
    return found


CALLS: tuple[dict[str, Any], ...] = (
    {"name": "echo", "arguments": {"text": "h\u00e9 \u2028 \U0001f600 \ud800"}},
    {"name": "echo", "arguments": {"text": "x", "times": 3}},
    {"name": "echo"},
    {"name": "fail"},
    {"name": "crash"},
    {"name": "pages", "arguments": {"words": []}},
    {"name": "wait", "arguments": {"seconds": 0}},
    {"name": "large", "arguments": {"size": 2_000_000}},
)


@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, "2026-07-28"])
@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
async def test_the_short_way_of_a_call_says_what_the_sdk_would(
    host: Host, version: str, call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer() -> Any:
        said: list[bytes] = []
        session = ClientSession(host, said.append)
        if version in HANDSHAKE_PROTOCOL_VERSIONS:
            opening = {"protocolVersion": version, "capabilities": {}}
            opening["clientInfo"] = {"name": "t", "version": "1"}
            session.receive([_request("initialize", opening)])
            await session.drain(5)
            session.receive([_request("tools/call", call)])
        else:
            session.receive([_request("tools/call", {**call, "_meta": envelope()})])
        await session.drain(5)
        await session.close()
        return json.loads(said[-1])

    short = await answer()
    monkeypatch.setattr(SdkConnection, "admits_call", lambda kernel, params: False)
    assert short == await answer()


def _request(method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


async def test_listeners_are_told_that_their_stream_ends(host: Host) -> None:
    said: list[bytes] = []
    session = ClientSession(host, said.append)
    filters = {"notifications": {"toolsListChanged": True}, "_meta": envelope()}
    session.receive([_request("subscriptions/listen", filters)])
    async with asyncio.timeout(PATIENCE_S):
        while not said:
            await asyncio.sleep(0)
    await host.stop(1)
    assert "result" in json.loads(said[-1])
