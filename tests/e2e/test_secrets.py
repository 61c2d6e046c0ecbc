"""Keys go from the keyring to the servers that use them, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.conftest import Figures
from tests.desktop import session
from tests.e2e.canaries import CANARIES, in_files, in_processes, sightings
from tests.e2e.conftest import write_config
from tests.e2e.kills import kill_under_a_call
from tests.e2e.spine import PAIR, Spine, client
from tests.patience import PATIENCE_S, wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(180)]


class Echoing(BaseHTTPRequestHandler):
    """A provider that refuses each request and repeats all it was sent, keys included."""

    said: list[bytes] = []  # noqa: RUF012 - of the one server of this test

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = f"{self.path}\n{self.headers}".encode() + body
        self.said.append(told)
        self.send_response(401 if "search" in self.path else 500)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the test looks at what Lou writes."""


@pytest.fixture
def provider() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echoing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()
    Echoing.said.clear()


async def test_planted_secrets_are_found_nowhere(
    home: Path, provider: str, figure: Figures
) -> None:
    named = {name: {"base_url": provider} for name in ("tavily", "google", "brave")}
    write_config(**named)
    with session(home) as desktop:
        kept = {name: desktop.environment[name] for name in desktop.environment if "DBUS" in name}
        runtime = desktop.environment["XDG_RUNTIME_DIR"]
        spine = Spine(home, XDG_RUNTIME_DIR=runtime, **kept)
        try:
            spine.start()
            seen = await live_through_it(spine)
            seen += in_processes(spine.processes())
        finally:
            spine.end()
        seen += in_files(home)
    told = b"".join(Echoing.said)
    assert any(value.encode() in told for value in CANARIES.values()), "no key was ever used"
    figure("planted secrets seen in files, logs, argv, environ, outputs", len(seen), "", at_most=0)
    assert seen == []


async def live_through_it(spine: Spine) -> list[str]:
    """Every path that a key could leak from; what was seen in answers and commands."""
    seen = []
    for name, value in CANARIES.items():
        done = spine.command("keys", "set", name, stdin=f"{value}\n")
        assert done.returncode == 0, done
        seen += sightings(f"keys set {name}", (done.stdout + done.stderr).encode())
    spine.wait_ready("search", "tracker")
    async with client(spine, "search") as search:
        for provider in ("auto", "tavily", "google", "brave"):
            found = await search.call_tool("web_search", {"query": "q", "provider": provider})
            seen += sightings(f"web_search {provider}", str(found).encode())
        _end(spine.pid("search"), signal.SIGKILL)
        found = await asyncio.wait_for(
            search.call_tool("web_search", {"query": "again"}), PATIENCE_S
        )
        seen += sightings("web_search after a kill", str(found).encode())
        _end(spine.pid("search"), signal.SIGABRT)  # it leaves a trace of where it was
        found = await asyncio.wait_for(
            search.call_tool("web_search", {"query": CANARIES["TAVILY_API_KEY"]}), PATIENCE_S
        )
        seen += sightings("web_search after a crash", str(found).encode())
    async with client(spine, "tracker") as tracker:
        await tracker.call_tool("track_url_email", PAIR)
        seen += sightings("a killed call", str(await kill_under_a_call(spine, tracker)).encode())
    seen += in_processes(spine.processes())
    seen += outputs(spine)
    return seen


def _end(pid: int, how: signal.Signals) -> None:
    """Until it is gone, it could take one more call, whose client is told that it ended."""
    os.kill(pid, how)
    wait_until(lambda: not psutil.pid_exists(pid), what="the server is gone")


def outputs(spine: Spine) -> list[str]:
    """What the command line shows of it all."""
    seen = []
    for words in (
        ("status", "--json"),
        ("logs", "-n", "2000", "--json"),
        ("logs", "-n", "2000", "--text", "cana"),
        ("calls", "-n", "500", "--own", "--json"),
        ("calls", "--text", "cana"),
        ("report", "--show"),
        ("clients", "list", "--json"),
        ("metrics", "--json"),
        ("doctor", "--json"),
        ("keys", "list", "--json"),
        ("keys", "test", "TAVILY_API_KEY"),
        ("tools", "search", "--json"),
        ("call", "search", "web_search", "query=q", "provider=tavily", "--json"),
    ):
        done = spine.command(*words)
        seen += sightings(" ".join(words), (done.stdout + done.stderr).encode())
    return seen


def test_the_eyes_see_a_secret_in_every_shape() -> None:
    value = CANARIES["GOOGLE_API_KEY"]
    hidden = (
        value.encode(),
        json.dumps({"key": value}).encode(),
        json.dumps(json.dumps({"key": value})).encode(),
        f"https://x/?key={urllib.parse.quote_plus(value)}&q=1".encode(),
        *(base64.b64encode(b"Basic"[:n] + value.encode() + b":password") for n in range(5)),
        repr({"key": value}).encode(),
    )
    for one in hidden:
        assert sightings("here", b"before " + one + b" after"), one
    assert not sightings("here", b"tvly-cana AIza-cana cana")
