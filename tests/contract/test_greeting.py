"""The greeting of the loopback transport: both halves, and what strangers get out of it."""

from __future__ import annotations

import hmac
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.contract import greeting
from servers.contract.greeting import BridgeGreeting, GreetingError, Port, ServerGreeting

TOKEN = b"t" * 32
PORT = Port(4711, "1234", 40123, "a1b2")


def greet(bridge: BridgeGreeting, server: ServerGreeting) -> None:
    server.admit(bridge.answer(server.prove(bridge.hello())))


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_the_proof_is_an_hmac(key: bytes, message: bytes) -> None:
    expected = hmac.new(key, message, "sha256").hexdigest()
    assert greeting._hmac_of(key, message) == expected


def test_both_ends_with_the_token_meet() -> None:
    greet(BridgeGreeting(TOKEN, PORT), ServerGreeting(TOKEN, PORT))


def test_a_server_without_the_token_gets_nothing() -> None:
    with pytest.raises(GreetingError, match="not Lou's"):
        greet(BridgeGreeting(TOKEN, PORT), ServerGreeting(b"x" * 32, PORT))


def test_a_bridge_without_the_token_is_not_admitted() -> None:
    server, bridge = ServerGreeting(TOKEN, PORT), BridgeGreeting(TOKEN, PORT)
    server.prove(bridge.hello())
    with pytest.raises(GreetingError, match="does not know the token"):
        server.admit(b"lou-proof 1 " + b"0" * 64 + b"\n")


def test_a_proof_cannot_be_relayed_from_the_real_server_on_another_port() -> None:
    stale, real = PORT, Port(4712, "1300", 40999, "a1b2")
    with pytest.raises(GreetingError):
        greet(BridgeGreeting(TOKEN, stale), ServerGreeting(TOKEN, real))


def test_a_proof_of_one_connection_is_no_good_for_another() -> None:
    heard = ServerGreeting(TOKEN, PORT).prove(BridgeGreeting(TOKEN, PORT).hello())
    with pytest.raises(GreetingError):
        BridgeGreeting(TOKEN, PORT).answer(heard)


def test_the_servers_own_proof_does_not_admit_a_bridge() -> None:
    server, bridge = ServerGreeting(TOKEN, PORT), BridgeGreeting(TOKEN, PORT)
    proof = server.prove(bridge.hello()).split()[-1]
    with pytest.raises(GreetingError):
        server.admit(b"lou-proof 1 " + proof + b"\n")


def test_nobody_is_admitted_before_a_hello() -> None:
    with pytest.raises(GreetingError):
        ServerGreeting(TOKEN, PORT).admit(b"lou-proof 1 " + b"0" * 64 + b"\n")


@given(st.binary(max_size=400))
def test_strange_lines_are_refused_and_nothing_else(line: bytes) -> None:
    for refuse in (
        BridgeGreeting(TOKEN, PORT).answer,
        ServerGreeting(TOKEN, PORT).admit,
    ):
        with pytest.raises(GreetingError):
            refuse(line)


@given(st.binary(min_size=32, max_size=32), st.text(max_size=40), st.integers(1, 65535))
def test_the_token_is_in_no_line(token: bytes, instance: str, number: int) -> None:
    port = Port(1, "2", number, instance)
    server, bridge = ServerGreeting(token, port), BridgeGreeting(token, port)
    hello = bridge.hello()
    proof = server.prove(hello)
    said = hello + proof + bridge.answer(proof)
    assert token not in said
    assert token.hex().encode() not in said
    assert all(len(line) < greeting.LONGEST_LINE for line in said.splitlines(keepends=True))


def test_the_token_is_private_and_the_same_for_all(tmp_path: Path) -> None:
    folder = str(tmp_path / "state")
    found: list[bytes] = []
    askers = [
        threading.Thread(target=lambda: found.append(greeting.token(folder))) for _ in range(16)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(10)
    assert len(found) == 16
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert stat.S_IMODE((tmp_path / "state" / "token").stat().st_mode) == 0o600
    assert [found.name for found in Path(folder).iterdir()] == ["token"]


def test_a_torn_token_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"half")
    assert len(greeting.token(str(tmp_path))) == 32


def test_a_port_file_reads_as_it_was_written_and_holds_no_token(tmp_path: Path) -> None:
    path = tmp_path / "s-search.sock"
    greeting.write_port(str(path), greeting.this_port(40123, "a1b2"))
    found = greeting.read_port(str(path))
    assert (found.pid, found.port, found.instance) == (os.getpid(), 40123, "a1b2")
    assert found.is_of_live_process()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@given(content=st.binary(max_size=200) | st.just(b'{"pid":1,"create_time":"1","port":0}'))
def test_what_is_no_port_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("run") / "s-search.sock"
    path.write_bytes(content)
    with pytest.raises(GreetingError, match="restart the server"):
        greeting.read_port(str(path))


def test_a_process_that_ended_or_another_of_the_same_number_does_not_count() -> None:
    argv = [sys.executable, "-I", "-S", "-c", "print(flush=True); input()"]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()  # killed sooner, a redirector of Windows leaves its Python behind
    created = greeting.create_time_of(child.pid)
    port = Port(child.pid, created, 40123, "a1b2")
    assert created
    assert port.is_of_live_process()
    assert not Port(child.pid, created + "1", 40123, "a1b2").is_of_live_process()
    child.kill()
    child.communicate()
    assert not port.is_of_live_process()
    assert not Port(child.pid, "", 40123, "a1b2").is_of_live_process()
