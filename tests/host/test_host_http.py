"""The HTTP side: who is let in, and that official clients of both eras are served there."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from servers.host.transport.gate import LONGEST_BODY, Gate
from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio

TOKEN = "the-token-of-this-test"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
ROUTES = ("/mcp", "/healthz", "/metrics", "/nowhere")


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Supervised]:
    folder = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
    async with supervised(env={"LOU_HOME": str(folder)}) as server:
        await server.ready(keys={"LOU_HTTP_TOKEN": TOKEN}, settings={"http": {"port": 0}})
        yield server
    shutil.rmtree(folder)


@pytest.fixture
def url(served: Supervised) -> str:
    return str(served.all("ready")[0]["http"])


@asynccontextmanager
async def _browser(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), trust_env=False) as client:
        yield client


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_official_clients_are_served(served: Supervised, url: str, mode: str) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    async with (
        create_mcp_http_client(headers=AUTHORIZED) as http,
        Client(
            streamable_http_client(url, http_client=http), mode=mode, message_handler=hear
        ) as client,
    ):
        assert len((await client.list_tools()).tools) == 7
        found = await client.call_tool("echo", {"text": "hi", "times": 2})
        failed = await client.call_tool("fail", {})
        if mode == "legacy":
            await served.request(
                "configure", keys={"LOU_HTTP_TOKEN": TOKEN}, disabled_tools=["fail"]
            )
            changed = await asyncio.wait_for(heard.get(), PATIENCE_S)
            assert changed.method == "notifications/tools/list_changed"
            await served.request("configure", keys={"LOU_HTTP_TOKEN": TOKEN})
    assert found.structured_content == {"text": "hihi", "times": 2}
    assert failed.is_error
    assert (await served.event("call", tool="echo"))["client"] == "mcp"
    if mode == "legacy":
        connected = await served.event("client_connected")
        assert (connected["client"], connected["protocol"]) == ("mcp", "2025-11-25")
        assert (await served.event("client_left"))["session"] == connected["session"]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Bearer caf\u00e9".encode()}, 401),
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1"}, 421),
        ({"host": "127.0.0.1:evil"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
    ids=range(12),
)
async def test_every_route_is_behind_the_gate(
    url: str, path: str, headers: dict[str, Any], status: int
) -> None:
    given = {**AUTHORIZED, "content-type": "application/json", **headers}
    async with asyncio.timeout(PATIENCE_S), _browser(url) as browser:
        while (answer := await browser.post(path, headers=given, content=b"{}")).status_code == 429:
            await asyncio.sleep(0.1)  # the gate counts wrong tokens by the second
    assert answer.status_code == status
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_a_page_of_an_allowed_origin_is_served_as_its_browser_asks(tmp_path: Path) -> None:
    page = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    greeting = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    accept = {"accept": "application/json, text/event-stream"}
    settings = {"http": {"port": 0, "allowed_origins": ["https://app.example"]}}
    async with supervised(env={"LOU_HOME": str(tmp_path)}) as server:
        url = (await server.ready(keys={"LOU_HTTP_TOKEN": TOKEN}, settings=settings))["http"]
        async with _browser(url) as browser:
            asked = {**page, "access-control-request-method": "POST"}
            before = await browser.options("/mcp", headers=asked)
            assert (before.status_code, before.content) == (204, b"")
            assert "authorization" in before.headers["access-control-allow-headers"]
            answer = await browser.post(
                "/mcp", headers={**AUTHORIZED, **page, **accept}, json=greeting
            )
            assert answer.status_code == 200, answer.text
            assert answer.headers["access-control-allow-origin"] == page["origin"]
            refused = await browser.post("/mcp", headers={**page, **accept}, json=greeting)
            assert refused.status_code == 401
            assert refused.headers["access-control-allow-origin"] == page["origin"]
            for other in ("https://evil.example", "null", "https://app.example.evil.example"):
                stranger = await browser.options("/mcp", headers={**asked, "origin": other})
                assert stranger.status_code == 403
                assert not any(name.startswith("access-") for name in stranger.headers)


async def test_a_port_that_is_switched_off_keeps_its_settings_and_does_not_listen(
    tmp_path: Path,
) -> None:
    async with supervised(env={"LOU_HOME": str(tmp_path)}) as server:
        settings = {"http": {"port": 0, "enabled": False}}
        assert "http" not in await server.ready(settings=settings)


async def test_wrong_tokens_are_slowed_down(url: str) -> None:
    async with _browser(url) as browser:
        codes = {(await browser.get("/healthz")).status_code for _ in range(40)}
    assert codes == {401, 429}


@pytest.mark.parametrize(
    ("length", "status"),
    [(b"9" * 5_000, 413), (b"9" * 19, 413), (b"+5", 400), (b"\xb2", 400), (b"1_0", 400)],
)
async def test_no_number_of_bytes_is_too_long_for_the_gate(length: bytes, status: int) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def served(*_: Any) -> None:
        raise AssertionError

    headers = {b"host": b"127.0.0.1:80", b"authorization": b"Bearer t", b"content-length": length}
    scope = {"type": "http", "method": "POST", "headers": [*headers.items()]}
    await Gate(served, 80, "t")(scope, receive, send)
    assert sent[0]["status"] == status


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_long_is_refused(url: str, announced: bool) -> None:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    size = LONGEST_BODY + 1
    length = f"content-length: {size}" if announced else "transfer-encoding: chunked"
    head = f"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {TOKEN}\r\n"
    head += f"content-type: application/json\r\n{length}\r\n\r\n"
    body = b" " * size if announced else f"{size:x}\r\n".encode() + b" " * size

    async def status() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        writer.close()
        return line.split()[1]

    while (found := await status()) == b"429":
        await asyncio.sleep(0.1)  # the gate counts wrong tokens by the second
    assert found == b"413"


async def test_health_and_metrics_tell_what_happened(served: Supervised, url: str) -> None:
    await served.request("call_tool", name="echo", arguments={"text": "x"})
    async with asyncio.timeout(PATIENCE_S), _browser(url) as browser:
        while (health := await browser.get("/healthz", headers=AUTHORIZED)).status_code == 429:
            await asyncio.sleep(0.1)
        metrics = await browser.get("/metrics", headers=AUTHORIZED)
    assert health.text == "ok\n"
    assert 'lou_calls_total{server="echo",tool="echo",outcome="ok"}' in metrics.text
    assert 'lou_call_seconds_bucket{server="echo",tool="echo",le="+Inf"}' in metrics.text


async def test_it_is_off_unless_asked_for_and_refuses_to_be_open(home: Path) -> None:
    async with supervised() as server:
        assert "http" not in await server.ready()
    async with supervised() as server:
        server.send("configure", settings={"http": {"port": 0}})
        assert (await server.event("trouble"))["code"] == "http_needs_token"
        assert await server.exited() == 78


async def test_a_port_that_is_taken_is_told(served: Supervised, url: str, home: Path) -> None:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    async with supervised() as server:
        server.send("configure", keys={"LOU_HTTP_TOKEN": TOKEN}, settings={"http": {"port": port}})
        assert f"Port {port} cannot be used" in (await server.event("trouble"))["message"]


@pytest.mark.parametrize("port", ["abc", None, [], 1.5, True, -1, 70_000])
async def test_a_port_that_is_none_is_told_and_no_crash(home: Path, port: Any) -> None:
    async with supervised() as server:
        server.send("configure", keys={"LOU_HTTP_TOKEN": TOKEN}, settings={"http": {"port": port}})
        assert (await server.event("trouble"))["code"] == "http_port"
        assert await server.exited() == 78


async def test_connections_that_say_nothing_do_not_hold_it_up(served: Supervised, url: str) -> None:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
    async with asyncio.timeout(PATIENCE_S), _browser(url) as browser:
        while (answer := await browser.get("/healthz", headers=AUTHORIZED)).status_code == 429:
            await asyncio.sleep(0.1)
    assert answer.status_code == 200
    assert "at" in await served.request("ping")
    for _, writer in silent:
        writer.close()
