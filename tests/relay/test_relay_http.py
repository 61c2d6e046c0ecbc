"""What the relay passes on stdio passes on its HTTP side, too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from tests.host.clients import envelope
from tests.host.supervised import supervised
from tests.relay.conftest import SECRET, entry
from tests.relay.test_wire import entry as wire_entry

pytestmark = pytest.mark.anyio

TOKEN = "the-token-of-this-test"
HEADERS = {
    "authorization": f"Bearer {TOKEN}",
    "accept": "application/json, text/event-stream",
}
KEYS = {"LOU_HTTP_TOKEN": TOKEN, "MY_TOKEN": SECRET}


async def test_official_clients_of_every_era_are_served(home: Path) -> None:
    async with supervised("-m", "servers", "relay", "mine") as server:
        ready = await server.ready(keys=KEYS, settings={**entry(), "http": {"port": 0}})
        for mode in ("legacy", "auto", "2026-07-28"):
            async with (
                create_mcp_http_client(headers={"authorization": f"Bearer {TOKEN}"}) as http,
                Client(
                    streamable_http_client(ready["http"], http_client=http), mode=mode
                ) as client,
            ):
                assert "add" in {tool.name for tool in (await client.list_tools()).tools}
                found = await client.call_tool("add", {"a": 40})
                assert found.structured_content == {"total": 42, "parts": [40, 2]}
                assert (await server.event("call", tool="add"))["client"] == "mcp"


async def test_a_question_of_the_server_comes_on_the_stream_of_the_call(home: Path) -> None:
    async with (
        supervised("-m", "servers", "relay", "mine") as server,
        httpx2.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as http,
    ):
        settings = {**wire_entry(), "http": {"port": 0, "allowed_origins": ["https://app.example"]}}
        url = (await server.ready(keys=KEYS, settings=settings))["http"]

        async def post(message: dict[str, Any], **more: str) -> Any:
            return await http.post(url, json={"jsonrpc": "2.0", **message}, headers=more)

        params = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"roots": {}},
            "clientInfo": {"name": "t", "version": "1"},
        }
        greeting = await post({"id": 1, "method": "initialize", "params": params})
        session = {"mcp-session-id": greeting.headers["mcp-session-id"]}
        assert (await post({"method": "notifications/initialized"}, **session)).status_code == 202
        ask = {"name": "ask", "arguments": {"method": "roots/list"}}
        call = {"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": ask}
        said = []
        async with http.stream("POST", url, json=call, headers=session) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    said.append(json.loads(line[6:]))
                    if "method" in said[-1]:
                        told = {"id": said[-1]["id"], "result": {"roots": []}}
                        assert (await post(told, **session)).status_code == 202
        assert [each.get("method", each.get("id")) for each in said] == ["roots/list", "c"]
        assert said[1]["result"]["structuredContent"]["result"] == {"roots": []}
        own = url.removesuffix("/mcp")
        for origin, status in (
            (own, 200),
            ("https://app.example", 200),
            ("https://x.example", 403),
        ):
            listed = await post({"id": 2, "method": "tools/list"}, **session, origin=origin)
            assert listed.status_code == status
        assert (await http.delete(url, headers=session)).status_code == 200
        assert (await post({"id": 3, "method": "ping"}, **session)).status_code == 404


@asynccontextmanager
async def over_http(**given: Any) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """A client of the HTTP side of a relay, and the address."""
    async with (
        supervised("-m", "servers", "relay", "mine") as server,
        httpx2.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as http,
    ):
        settings = {**wire_entry(given), "http": {"port": 0}}
        yield http, (await server.ready(keys=KEYS, settings=settings))["http"]


async def begin(http: httpx2.AsyncClient, url: str, version: str) -> dict[str, str]:
    """The headers of a new session."""
    info = {"name": "t", "version": "1"}
    params = {"protocolVersion": version, "capabilities": {"roots": {}}, "clientInfo": info}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    greeting = await http.post(url, json=hello)
    return {"mcp-session-id": greeting.headers["mcp-session-id"]}


async def events(response: httpx2.Response) -> AsyncIterator[tuple[str, Any]]:
    """The id and the message of each event; None for one without data."""
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            name = line[4:]
        elif line.startswith("data:"):
            yield name, json.loads(line[5:]) if line[5:].strip() else None


ASK = {"name": "ask", "arguments": {"method": "roots/list"}}
CALL = {"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": ASK}


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18"])
async def test_a_client_that_lost_its_stream_gets_what_it_missed(home: Path, version: str) -> None:
    greeting = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
    async with over_http(greeting=greeting) as (http, url):
        session = await begin(http, url, version)
        last, heard = "", []
        async with http.stream("POST", url, json=CALL, headers=session) as response:
            async for name, message in events(response):
                last = name
                heard.append(message)
                if message:
                    break
        assert heard[0] is None if version == "2025-11-25" else len(heard) == 1
        told = {"jsonrpc": "2.0", "id": heard[-1]["id"], "result": {"roots": []}}
        assert (await http.post(url, json=told, headers=session)).status_code == 202
        for _ in range(2):  # the answer may be lost, too
            headers = {**session, "last-event-id": last, "accept": "text/event-stream"}
            async with http.stream("GET", url, headers=headers) as response:
                missed = [message async for _, message in events(response)]
            assert [each["id"] for each in missed] == ["c"]


async def test_a_client_that_names_events_first_gets_them(home: Path) -> None:
    async with over_http() as (http, url):
        session = await begin(http, url, "2025-06-18")
        listed = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        for accept, kind in (
            ("application/json, text/event-stream", "application/json"),
            ("text/event-stream, application/json", "text/event-stream"),
            ("application/json", "application/json"),
        ):
            answer = await http.post(url, json=listed, headers={**session, "accept": accept})
            assert answer.headers["content-type"] == kind
            assert '"name":"seen"' in answer.text


async def test_a_request_of_2026_is_checked_against_its_headers(home: Path) -> None:
    schema = {"type": "object", "properties": {"where": {"x-mcp-header": "Region"}}}
    tools = json.dumps([{"name": "seen", "inputSchema": schema}])
    pids = set()
    async with over_http(tools=tools) as (http, url):

        async def post(method: str, params: dict[str, Any], **headers: str) -> httpx2.Response:
            message = {"id": 1, "method": method, "params": {**params, "_meta": envelope()}}
            known = {"mcp-protocol-version": "2026-07-28", "mcp-method": method, **headers}
            return await http.post(url, json={"jsonrpc": "2.0", **message}, headers=known)

        async def call(value: Any, **headers: str) -> httpx2.Response:
            params = {"name": "seen", "arguments": {"where": value}}
            return await post("tools/call", params, **{"mcp-name": "seen", **headers})

        for value, told in (
            ("eu", "eu"), ("eu", "=?base64?ZXU=?="), (7, "7.0"), (True, "true"), (None, None),
        ):  # fmt: skip
            answer = await call(value, **({"mcp-param-region": told} if told else {}))
            assert answer.status_code == 200, (value, told)
            pids.add(answer.json()["result"]["structuredContent"]["pid"])
        assert len(pids) == 1, "one process serves all"
        for value, told in (
            ("eu", "us"), ("eu", None), (None, "eu"), ("eu", "=?base64?ZXU?="), ("7", "seven"),
        ):  # fmt: skip
            answer = await call(value, **({"mcp-param-region": told} if told else {}))
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)
        gone = await post("initialize", {})
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, -32601)


async def test_a_large_message_passes_and_a_larger_one_is_refused(home: Path) -> None:
    async with over_http() as (http, url):
        session = await begin(http, url, "2025-06-18")

        async def post(size: int) -> httpx2.Response:
            message = {"id": 2, "method": "vendor/big", "params": {"text": "x" * size}}
            return await http.post(url, json={"jsonrpc": "2.0", **message}, headers=session)

        assert len((await post(3 << 20)).json()["result"]["params"]["text"]) == 3 << 20
        assert (await post(16 << 20)).status_code == 413


@pytest.mark.parametrize("id_", [None, True, [1], {"a": 1}], ids=str)
@pytest.mark.parametrize("is_modern", [False, True])
async def test_a_request_whose_id_is_none_is_refused_at_once(
    home: Path, id_: Any, is_modern: bool
) -> None:
    async with (
        supervised("-m", "servers", "relay", "mine") as server,
        httpx2.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as http,
    ):
        settings = {**wire_entry(), "http": {"port": 0}}
        url = (await server.ready(keys=KEYS, settings=settings))["http"]
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
        message = {"jsonrpc": "2.0", "id": id_, "method": "tools/list"}
        params: dict[str, Any] = {"params": {"_meta": envelope()}}
        if not is_modern:
            info = {"name": "t", "version": "1"}
            asked = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
            greeting = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked}
            answer = await http.post(url, json=greeting)
            headers, params = {"mcp-session-id": answer.headers["mcp-session-id"]}, {}
        refused = (await http.post(url, json={**message, **params}, headers=headers)).json()
        assert (refused["id"], refused["error"]["code"]) == (None, -32600)
