"""Whether a client runs, and a polite quit: asked, and never killed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clients import running
from app.clients.catalog import Trace
from app.clients.running import Instance, OldCopies
from tests.clients.conftest import row
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.anyio

PROGRAM = """
import signal, subprocess, sys
stubborn = "stubborn" in sys.argv
signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: sys.exit(0))
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def client(tmp_path: Path):
    """Claude Desktop's row, for a process that no other test has."""
    name = f"lou-cl-{tmp_path.name[-6:]}"
    program = tmp_path / name
    program.write_text(f"#!{sys.executable}\n{PROGRAM}")
    program.chmod(0o755)
    return dataclasses.replace(
        row("claude-desktop"),
        processes={"linux": (Trace(name),), "macos": (Trace(name, "Nowhere.app"),)},
        open={"linux": (str(program), "again")},
    )


@pytest.fixture
def start(client) -> Iterator:
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([client.open["linux"][0], *words], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    yield begin
    for process in started:
        process.kill()
        with process:
            pass


async def test_a_running_client_is_seen_with_its_start(client, start) -> None:
    assert running.instances(client, "linux") == ()
    process = start()
    (found,) = running.instances(client, "linux")
    assert found.pid == process.pid
    assert found.is_alive()
    assert running.instances(client, "macos") == ()
    assert running.instances(client, "windows") == ()


async def test_it_quits_when_it_is_asked(client, start) -> None:
    process = start()
    assert await running.quit_politely(client, "linux")
    assert process.wait(PATIENCE_S) == 0
    assert await running.quit_politely(client, "linux")


async def test_one_that_does_not_want_to_is_left_running(client, start, monkeypatch) -> None:
    monkeypatch.setattr(running, "_QUIT_WAIT_S", 0.2)
    process = start("stubborn")
    assert not await running.quit_politely(client, "linux")
    assert process.poll() is None


async def test_where_there_is_no_polite_way_nothing_is_done(client, start) -> None:
    unasked = dataclasses.replace(client, quit={"linux": ()})
    process = start()
    assert not running.can_be_asked(unasked, "linux")
    assert not await running.quit_politely(unasked, "linux")
    assert process.poll() is None


async def test_it_is_started_again(client, monkeypatch) -> None:
    assert await running.reopen(client, "linux")
    wait_until(lambda: running.instances(client, "linux"), what="started")
    assert await running.quit_politely(client, "linux")
    nothing = dataclasses.replace(client, open={"linux": ("/nonexistent/claude",)})
    assert not await running.reopen(nothing, "linux")
    assert not await running.reopen(client, "windows")


async def test_a_pid_that_was_used_again_is_another_process(start) -> None:
    process = start()
    (found,) = [Instance(process.pid, 1.0)]
    assert not found.is_alive()
    assert not Instance(2**22 + 1, 1.0).is_alive()


async def test_an_old_copy_is_remembered_until_a_moment_after_its_client_ended(
    start, client, monkeypatch
) -> None:
    process = start()
    copies = OldCopies()
    key = ("claude-desktop", Path("/f"))
    copies.note(key, running.instances(client, "linux"))
    assert copies.expired() == []
    process.kill()
    process.wait(PATIENCE_S)
    assert copies.expired() == []
    monkeypatch.setattr(OldCopies, "GRACE_S", 0.0)
    assert copies.expired() == [key]
    assert copies.expired() == []
