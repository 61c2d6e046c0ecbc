"""What the relay passes on stdio passes on its HTTP side, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

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
