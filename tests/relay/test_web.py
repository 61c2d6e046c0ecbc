"""A server at an address is as strong as one on stdio, and what it refuses is told in words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.contract.messages import EXIT_REFUSED, EXIT_UNREACHABLE
from servers.relay.event_stream import EventReader
from tests.host.clients import envelope, lines
from tests.host.supervised import supervised
from tests.patience import eventually, wait_until
from tests.relay.conftest import relay
from tests.relay.web_upstream import ODD, ROUNDS, WebUpstream, serve
from tests.secure_site import secure_site

pytestmark = pytest.mark.anyio

HELLO = {"name": "hello", "arguments": {}}
KEY = {"x-key": "of the user"}


@pytest.fixture
def web() -> Iterator[WebUpstream]:
    with serve() as server:
        yield server


def entry(web: WebUpstream, mode: str) -> dict[str, Any]:
    return {"upstream": {"url": web.url(mode), "headers": KEY}}


async def _hello(web: WebUpstream, mode: str, times: int = 1) -> None:
    async with relay(entry(web, mode)) as server, lines(server.socket) as client:
        await client.initialize()
        assert len((await client.ask("tools/list"))["result"]["tools"]) == 1
        for _ in range(times):
            answer = await client.ask("tools/call", HELLO)
            assert answer["result"]["content"][0]["text"] == "hello"
        assert "is no MCP" not in str(server.all("log"))


@pytest.mark.parametrize(
    "mode",
    [
        *("plain", "lose", "lose400", "later", "plain-text", "old", "broken", "polled"),
        *("accepted", "wide", "curious", "round", "old501", "sticky", "pinging", "rotating"),
    ],
)
async def test_a_call_is_answered(home: Path, web: WebUpstream, mode: str) -> None:
    await _hello(web, mode, 2)
    assert all(headers["x-key"] == "of the user" for _, _, headers in web.heard)
    greeted = sum(method == "initialize" for _, method, _ in web.heard)
    expected = {"lose": 3, "lose400": 3, "old": 4, "old501": 4, "round": 2 + 2 * ROUNDS}.get(
        mode, 2
    )
    assert greeted == expected, "Lou's own session and the client's"
    versions = {headers.get("mcp-protocol-version") for _, method, headers in web.heard
                if method == "tools/call" and "old" not in mode}  # fmt: skip
    assert versions <= {"2025-06-18"}


async def test_a_redirect_is_followed_and_takes_no_header_elsewhere(
    home: Path, web: WebUpstream
) -> None:
    await _hello(web, "moved")
    assert {headers.get("x-key") for mode, _, headers in web.heard if mode == "plain"} == {
        "of the user"
    }
    with serve() as other:
        web.other = other.url("plain")
        await _hello(web, "moved")
        assert other.heard
        assert not any("x-key" in headers for _, _, headers in other.heard)


@pytest.mark.parametrize(
    ("mode", "code", "said", "pause"),
    [
        ("401", EXIT_REFUSED, "refused the key (401)", 0),
        ("403", EXIT_REFUSED, "does not allow this (403)", 0),
        ("429", EXIT_UNREACHABLE, "It asks to wait 7 s", 7),
        ("503", EXIT_UNREACHABLE, "answered with an error (503", 0),
    ],
)
async def test_a_refused_handshake_is_told(
    home: Path, web: WebUpstream, mode: str, code: int, said: str, pause: int
) -> None:
    async with supervised("-m", "servers", "relay", "mine") as server:
        server.send("configure", settings=entry(web, mode))
        assert await server.exited() == code
    (trouble,) = server.all("trouble")
    assert said in trouble["message"]
    assert trouble["retry_after_s"] == pause
    assert trouble["hint"]


async def test_a_server_that_got_no_key_asks_for_one(home: Path, web: WebUpstream) -> None:
    async with supervised("-m", "servers", "relay", "mine") as server:
        server.send("configure", settings={"upstream": {"url": web.url("401")}})
        assert await server.exited() == EXIT_REFUSED
    (trouble,) = server.all("trouble")
    assert "wants a key (401)" in trouble["message"]
    assert "Authorization: Bearer" in trouble["hint"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/mcp", "cannot be reached: Connection refused."),
        ("http://no-such-host.invalid/mcp", "no-such-host.invalid cannot be reached: "),
    ],
)
async def test_a_server_that_is_away_says_why_in_plain_words(
    home: Path, address: str, said: str
) -> None:
    async with supervised("-m", "servers", "relay", "mine") as server:
        server.send("configure", settings={"upstream": {"url": address}})
        assert await server.exited() == EXIT_UNREACHABLE
    (trouble,) = server.all("trouble")
    assert said in trouble["message"]
    assert not {"[", "ssl:"} & set(trouble["message"].split())
    assert "Check the address and the network." in trouble["hint"]


async def test_a_server_with_a_certificate_of_its_own_is_not_told_to_speak_nonsense(
    home: Path, tmp_path: Path
) -> None:
    with secure_site(tmp_path, 0) as (address, _):
        async with supervised("-m", "servers", "relay", "mine") as server:
            server.send("configure", settings={"upstream": {"url": f"{address}/mcp"}})
            assert await server.exited() == EXIT_UNREACHABLE
    (trouble,) = server.all("trouble")
    assert "cannot be reached: its certificate is refused (self-signed" in trouble["message"]


@pytest.mark.parametrize("status", ["401", "403", "429", "500"])
async def test_a_refused_call_fails_alone(home: Path, web: WebUpstream, status: str) -> None:
    async with relay(entry(web, f"call{status}")) as server, lines(server.socket) as client:
        await client.initialize()
        assert f"({status}" in (await client.ask("tools/call", HELLO))["error"]["message"]
        assert "result" in await client.ask("tools/list")


async def test_a_call_refused_again_and_again_hurts_no_server_that_took_another(
    home: Path, web: WebUpstream
) -> None:
    async with relay(entry(web, "call401")) as server, lines(server.socket) as client:
        await client.initialize()
        taken = {"name": "hello", "arguments": {"allowed": True}}
        assert "result" in await client.ask("tools/call", taken)
        for _ in range(4):
            told = (await client.ask("tools/call", HELLO))["error"]["message"]
            assert "refused the key (401). Correct the key in the server's headers" in told
        assert "result" in await client.ask("tools/call", taken)


@pytest.mark.parametrize(("mode", "calls"), [("expired", 1), ("call401", 2)])
async def test_a_key_that_is_refused_for_all_blocks_the_server(
    home: Path, web: WebUpstream, mode: str, calls: int
) -> None:
    async with relay(entry(web, mode)) as server:
        async with lines(server.socket) as client:
            await client.initialize()
            for _ in range(calls):
                answer = await client.ask("tools/call", HELLO)
                assert "refused the key (401)" in answer["error"]["message"]
            assert await server.exited() == EXIT_REFUSED
        (trouble,) = server.all("trouble")
        assert (trouble["code"], bool(trouble["hint"])) == ("key_refused", True)


@pytest.mark.parametrize("is_modern", [False, True])
async def test_a_cut_connection_fails_its_call_and_no_other(
    home: Path, web: WebUpstream, is_modern: bool
) -> None:
    async with relay(entry(web, "cut")) as server, lines(server.socket) as client:
        if not is_modern:
            await client.initialize()
        call = {**HELLO, **({"_meta": envelope()} if is_modern else {})}
        assert "disconnected" in (await client.ask("tools/call", call))["error"]["message"]
        assert "result" in await client.ask("tools/call", call)


async def test_a_client_is_asked_when_its_session_is_opened_again(
    home: Path, web: WebUpstream
) -> None:
    async with relay(entry(web, "nosy")) as server, lines(server.socket) as client:
        await client.initialize()
        call = client.send("tools/call", HELLO)
        asked = await client.line()
        assert asked["method"] == "ping"
        client.writer.write(
            json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {}}).encode()
        )
        client.writer.write(b"\n")
        assert (await client.line())["id"] == call


async def test_a_session_that_is_not_opened_again_at_once_is_at_the_next_call(
    home: Path, web: WebUpstream
) -> None:
    async with relay(entry(web, "relapse")) as server, lines(server.socket) as client:
        await client.initialize()
        assert "disconnected" in (await client.ask("tools/call", HELLO))["error"]["message"]
        assert "result" in await client.ask("tools/call", HELLO)


async def test_a_stream_that_ends_is_opened_again_and_not_without_a_pause(
    home: Path, web: WebUpstream
) -> None:
    async with relay(entry(web, "closing")):
        wait_until(lambda: len(web.opened) > 2)
    assert web.opened[1] - web.opened[0] > 0.5


async def test_a_newer_server_that_was_away_once_is_asked_again(
    home: Path, web: WebUpstream
) -> None:
    async with relay(entry(web, "waking")) as server, lines(server.socket) as client:
        asked = {"_meta": envelope()}
        assert "(503" in (await client.ask("server/discover", asked))["error"]["message"]
        assert "result" in await client.ask("server/discover", asked)


async def test_a_call_that_was_cancelled_gets_no_answer(home: Path, web: WebUpstream) -> None:
    async with relay(entry(web, "hanging")) as server, lines(server.socket) as client:
        await client.initialize()
        calls = [client.send("tools/call", HELLO) for _ in range(150)]
        assert "result" in await client.ask("tools/list"), "beside calls that wait"
        for call in calls:
            cancelled = {"method": "notifications/cancelled", "params": {"requestId": call}}
            client.writer.write(json.dumps({"jsonrpc": "2.0", **cancelled}).encode() + b"\n")
        await eventually(lambda: len(server.all("call")) == len(calls))
        web.ended.set()
        for _ in range(3):
            number = client.send("tools/list")
            assert (await client.line())["id"] == number


async def test_a_notification_that_a_server_does_not_take_costs_nothing_else(
    home: Path, web: WebUpstream
) -> None:
    soon = "import servers.relay.web_transport as it; it._NOTIFIED_WITHIN_S = 0.1"
    program = f"{soon}; from servers.__main__ import main; main()"
    async with supervised("-c", program, "relay", "mine") as server:
        assert (await server.ready(settings=entry(web, "busy")))["tools"] == 1
        async with lines(server.socket) as client:
            await client.initialize()
            for _ in range(2):
                client.writer.write(b'{"jsonrpc":"2.0","method":"notifications/x"}\n')
                assert "result" in await client.ask("tools/call", HELLO)


async def test_a_call_that_the_older_transport_refuses_fails(home: Path, web: WebUpstream) -> None:
    async with relay(entry(web, "old")) as server, lines(server.socket) as client:
        await client.initialize()
        refused = await client.ask("tools/call", {**HELLO, "arguments": {"status": 500}})
        assert "(500" in refused["error"]["message"]
        assert "result" in await client.ask("tools/call", HELLO)


async def test_a_stream_that_cannot_be_resumed_fails_its_call(home: Path, web: WebUpstream) -> None:
    async with relay(entry(web, "gone")) as server, lines(server.socket) as client:
        await client.initialize()
        assert "lost this request" in (await client.ask("tools/call", HELLO))["error"]["message"]


async def test_an_odd_answer_fails_its_call_and_no_other(home: Path, web: WebUpstream) -> None:
    async with relay(entry(web, "odd")) as server, lines(server.socket) as client:
        await client.initialize()
        for name in ODD:
            answer = await client.ask("tools/call", {"name": "hello", "arguments": {"odd": name}})
            assert "error" in answer, name
            assert len(answer["error"]["message"]) < 1_000, name
            status, _, body = ODD[name]
            assert status < 400 or b"-5" in body or f"({status}" in answer["error"]["message"], name
            assert (answer["error"]["code"] == -5) is (b'"code":-5' in body), name
            assert "result" in await client.ask("tools/list"), name
        assert "Traceback" not in str(server.all("log"))


def test_a_long_line_in_small_pieces_takes_linear_time() -> None:
    reader = EventReader()
    began = time.thread_time()
    for _ in range(200_000):
        assert not list(reader.feed(b"x" * 50))
    assert time.thread_time() - began < 5  # it took minutes when each piece copied the line
    assert reader.waiting == 10_000_000


def test_events_are_read_however_they_are_cut() -> None:
    text = b"\xef\xbb\xbfid: 7\r\nevent: a\r\ndata: x\r\ndata:y\r\n\r\n"
    text += b": ping\n\ndata: z\n\nretry: 90\r\r"
    for size in range(1, len(text)):
        reader = EventReader()
        found = [
            (event.kind, event.data)
            for at in range(0, len(text), size)
            for event in reader.feed(text[at : at + size])
        ]
        assert found == [("a", b"x\ny"), ("message", b"z")]
        assert (reader.last_id, reader.retry_s) == ("7", 0.09)
