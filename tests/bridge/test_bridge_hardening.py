"""What a broken client, a slow one, or a stranger on the port can do to the bridge: nothing."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from servers.bridge.line_reader import LONGEST, BridgeLineReader, TooLong
from servers.contract import endpoint, greeting
from tests.bridge.histories import AWAY, codes, request, result
from tests.bridge.parts import PATIENCE_S, BridgeProcess, StandIn
from tests.conftest import Figures

Bridge = Callable[..., BridgeProcess]
Server = Callable[..., StandIn]

MALFORMED = (
    b"",
    b"junk",
    b"{",
    b"[]",
    b"null",
    b'{"jsonrpc":"2.0"}',
    b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1e999,"method":[]}',
    b'{"id":' + b"9" * 5000 + b"}",
    b"[" * 5000,
    b'{"a":' * 2000,
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b'{"jsonrpc":"2.0","method":"\\ud800"}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}',
    b'{"jsonrpc":"2.0","method":"initialize","params":7}',
    b"NaN",
    "\u2028\u2029".encode(),
)


def malformed(count: int) -> bytes:
    rng = random.Random(7)
    lines = (bytearray(rng.choice(MALFORMED)) for _ in range(count))
    return b"".join(bytes(line) + b"\n" for line in lines)


@pytest.mark.parametrize("server_is_there", [True, False])
def test_ten_thousand_malformed_lines_do_no_harm(
    bridge: Bridge, stand_in: Server, figure: Figures, server_is_there: bool
) -> None:
    if server_is_there:
        stand_in()
    one = bridge()
    one.ask(request("before", "ping"))
    before = one.rss()
    live_through(one, malformed(10_000))
    assert {code for _, code in codes(one.lines)} <= {-32700, -32600, AWAY}
    growth = (one.rss("VmHWM") - before) / (1 << 20)
    where = "server there" if server_is_there else "server away"
    figure(f"bridge: memory growth over 10,000 malformed lines, {where}", growth, "MB", at_most=32)
    assert growth <= 32
    assert one.last_words() == b""


def live_through(one: BridgeProcess, lines: bytes) -> None:
    """Say them, hear all that comes back, and see that the session still answers."""
    last = json.dumps(request("after", "ping")).encode() + b"\n"
    writer = threading.Thread(target=one.write, args=(lines + last,))
    writer.start()
    while one.hear().get("id") != "after":
        pass
    writer.join(PATIENCE_S)


@pytest.mark.parametrize("server_is_there", [True, False])
def test_a_line_of_300_mb_is_refused_and_the_session_goes_on(
    bridge: Bridge, stand_in: Server, figure: Figures, server_is_there: bool
) -> None:
    if server_is_there:
        stand_in()
    one = bridge()
    one.ask(request(1, "ping"))
    before = one.rss()
    one.write(b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"text":"')
    chunk = b"x" * (1 << 20)
    for _ in range(300):
        one.write(chunk)
    one.write(b'"}}\n')
    refused = one.answer_to(2)["error"]
    assert refused["code"] == -32600
    assert "16 MiB" in refused["message"]
    growth = (one.rss("VmHWM") - before) / (1 << 20)
    where = "server there" if server_is_there else "server away"
    figure(f"bridge: memory growth over one 300 MB line, {where}", growth, "MB", at_most=32)
    assert growth <= 32
    assert one.ask(request(3, "ping"))["id"] == 3


def test_a_long_line_whose_id_stands_last_is_refused_to_its_call(bridge: Bridge) -> None:
    one = bridge()
    one.write(b'{"method":"tools/call","params":{"text":"' + b"x" * LONGEST)
    one.write(b'"},"jsonrpc":"2.0","id":41}\n')
    assert one.answer_to(41)["error"]["code"] == -32600


def test_a_long_line_within_the_limit_passes_whole(bridge: Bridge, stand_in: Server) -> None:
    stand_in()
    text = "x" * (LONGEST - 1000)
    found = bridge().ask(request(1, "tools/call", text=text))
    assert found["result"]["params"]["text"] == text


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("id_is_last", [True, False])
def test_a_result_that_is_longer_than_any_request_passes_whole(
    bridge: Bridge, stand_in: Server, separators: tuple[str, str], id_is_last: bool
) -> None:
    text = "y" * (LONGEST + 1000)

    def answer(message: dict[str, Any]) -> None:
        parts = {"jsonrpc": "2.0", "id": message["id"]}
        found = {"result": {"text": text}}
        whole = {**found, **parts} if id_is_last else {**parts, **found}
        server.say(json.dumps(whole, separators=separators).encode() + b"\n")

    server = stand_in(answer)
    one = bridge()
    assert one.ask(request(1, "tools/call", name="film"))["result"]["text"] == text
    server.leave()
    one.say(request(2, "tools/call", name="film"))
    assert one.hear()["id"] == 2, "the first call is answered, and does not fail afterwards"


def test_a_client_that_reads_late_gets_everything(
    bridge: Bridge, stand_in: Server, figure: Figures
) -> None:
    big = "y" * 100_000

    def answer(message: dict[str, Any]) -> dict[str, Any]:
        return result(message["id"], text=big)

    stand_in(answer)
    one = bridge()
    one.ask(request("first", "ping"))
    before = one.rss()
    for number in range(300):
        one.say(request(number, "tools/call", name="find"))
    heard = [one.hear() for _ in range(300)]
    assert [message["id"] for message in heard] == list(range(300))
    growth = (one.rss("VmHWM") - before) / (1 << 20)
    figure("bridge: memory growth, 30 MB of answers unread", growth, "MB", at_most=32)


@pytest.mark.parametrize("cut", [1, 7, 1000, 1 << 16])
def test_lines_come_out_whole_however_they_arrive(cut: int) -> None:
    rng = random.Random(cut)
    lines = [bytes(rng.choices(b"abc{}", k=rng.randrange(3000))) + b"\n" for _ in range(100)]
    stream, found, cutter = b"".join(lines), [], BridgeLineReader()
    for at in range(0, len(stream), cut):
        for block in cutter.feed(stream[at : at + cut]):
            assert isinstance(block, bytes)
            assert block.endswith(b"\n")
            found.append(block)
    assert b"".join(found) == stream


@pytest.mark.parametrize("excess", [0, 1])
@pytest.mark.parametrize("cut", [(1 << 16) - 1, 1 << 16, 1 << 20])
def test_the_limit_of_a_line_is_exact(excess: int, cut: int) -> None:
    stream = b"a\n" + b"x" * (LONGEST + excess) + b"\nb\n"
    found: list[bytes | TooLong] = []
    cutter = BridgeLineReader()
    for at in range(0, len(stream), cut):
        found += cutter.feed(stream[at : at + cut])
    dropped = [piece.size for piece in found if isinstance(piece, TooLong)]
    assert dropped == ([LONGEST + 1] if excess else [])
    passed = b"".join(piece for piece in found if isinstance(piece, bytes))
    assert passed == (b"a\nb\n" if excess else stream)


class Squatter:
    """Took a dead server's port, and writes down every byte that it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.visits = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with link:
                link.settimeout(2)
                self.visits += 1
                said = link.recv(4096)
                self.told.append(said)
                nonce = said.split()[-1] if said else b""
                link.sendall(b"lou-proof 1 " + nonce + b" " + b"0" * 64 + b"\n")
                try:
                    self.told.append(link.recv(4096))
                except OSError:
                    continue

    def leave(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_a_stranger_on_the_port_sees_no_token_in_100_tries(
    home: Path, monkeypatch: pytest.MonkeyPatch, figure: Figures
) -> None:
    from servers.bridge.connect import dial

    monkeypatch.setenv("LOU_TRANSPORT", "tcp")
    token = greeting.token(endpoint.state_folder())
    path = endpoint.server_socket("search")
    endpoint.make_private(endpoint.run_folder())
    stranger = Squatter()
    for _ in range(100):
        greeting.write_port(path, greeting.this_port(stranger.port, "stale"))
        assert dial(path) is None
    stranger.leave()
    heard = b"".join(stranger.told)
    seen = heard.count(token) + heard.count(token.hex().encode())
    figure("bridge: tokens a port squatter sees in 100 tries", seen, "", at_most=0, enforce=True)
    assert stranger.visits == 100
    assert heard.count(b"\n") == 100, "it was told more than 100 hellos"


def test_a_port_of_a_process_that_is_gone_is_not_even_tried(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from servers.bridge.connect import dial

    monkeypatch.setenv("LOU_TRANSPORT", "tcp")
    stranger = Squatter()
    path = endpoint.server_socket("search")
    endpoint.make_private(endpoint.run_folder())
    here = greeting.this_port(stranger.port, "stale")
    here.create_time += "0"
    greeting.write_port(path, here)
    assert dial(path) is None
    stranger.leave()
    assert stranger.visits == 0


def test_a_bridge_over_tcp_proves_itself_and_passes_bytes(
    home: Path, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOU_TRANSPORT", "tcp")
    token = greeting.token(endpoint.state_folder())
    endpoint.make_private(endpoint.run_folder())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = greeting.this_port(listener.getsockname()[1], "i")
        greeting.write_port(endpoint.server_socket("search"), port)
        one = bridge()
        link, _ = listener.accept()
        with link, link.makefile("rwb", buffering=0) as line:
            ours = greeting.ServerGreeting(token, port)
            line.write(ours.prove(line.readline()))
            ours.admit(line.readline())
            one.say(request(1, "ping"))
            assert b'"ping"' in line.readline()
            line.write(b'{"jsonrpc":"2.0","id":1,"result":{}}\n')
            assert one.hear() == result(1)
