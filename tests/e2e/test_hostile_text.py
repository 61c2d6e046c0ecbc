"""Whatever pages, headers, servers and clients say, nothing stops, hangs or is restarted."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.control.client import ControlClient
from app.errors import AppError
from tests.bench.rivals import INITIALIZE
from tests.bridge.parts import BridgeProcess
from tests.conftest import Figures
from tests.e2e.conftest import write_config
from tests.e2e.hostile import site, text
from tests.e2e.hostile_server import LIST_EVERY, TOOLS
from tests.e2e.spine import BIN, Spine, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HURTS = str(Path(__file__).parent / "hostile_server.py")
NAMES = ("search", "mine", "tracker")
_CLIENT_EVERY = 5


def configure(place: str) -> None:
    write_config(fetch_page={"trusted": [place], "robots": False})
    path = Path(os.environ["LOU_HOME"]) / "config.json"
    config = json.loads(path.read_text())
    config["mcpServers"]["mine"] = {"command": sys.executable, "args": [HURTS]}
    path.write_text(json.dumps(config))


def live_through(spine: Spine, place: str, numbers: range) -> tuple[int, float]:
    """How often a server was seen unhealthy, and the longest answer of the app in seconds."""
    unhealthy, slowest = 0, 0.0
    with ControlClient() as wire:
        for number in numbers:
            call(wire, "search", "fetch_page", {"url": f"http://{place}/{number}"})
            call(wire, "mine", "hurt", {"number": number})
            if number % _CLIENT_EVERY == 0:
                greet(number)
            began = time.monotonic()
            rows = wire.ask("status")["servers"]
            slowest = max(slowest, time.monotonic() - began)
            unhealthy += sum(row["state"] == "unhealthy" for row in rows)
    return unhealthy, slowest


def call(wire: ControlClient, server: str, tool: str, arguments: dict[str, Any]) -> None:
    with contextlib.suppress(AppError):  # a refusal is an answer
        wire.ask("call", server=server, tool=tool, arguments=arguments, timeout_s=30.0, within_s=60)


def greet(number: int) -> None:
    """A client of a hostile name comes, asks for the hostile list of tools, and goes."""
    dice = random.Random(f"client {number}")
    message = json.loads(json.dumps(INITIALIZE))
    message["params"]["clientInfo"] = {"name": text(dice, 20_000), "version": text(dice, 900)}
    one = BridgeProcess("mine", (str(BIN / "lou-connect"),))
    try:
        assert "result" in one.ask(message)
        assert "result" in one.ask({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    finally:
        one.close()


def texts(count: int) -> int:
    """How many hostile texts that many rounds bring."""
    page_header_answer_and_lines = 6
    names = 2 * (count // _CLIENT_EVERY)
    return page_header_answer_and_lines * count + names + 3 * TOOLS * (count // LIST_EVERY)


def check(home: Path, count: int, figure: Figures) -> None:
    with site() as place:
        configure(place)
        with running(home) as spine:
            spine.wait_ready(*NAMES)
            pids = {name: spine.pid(name) for name in NAMES}
            unhealthy, slowest = live_through(spine, place, range(1, count + 1))
            rows = {name: spine.row(name) for name in NAMES}
            shown = (
                spine.command("tools", "mine").stdout + spine.command("logs", "-n", "999").stdout
            )
            shown += spine.command("status").stdout
        printed = shown + (home / "words.txt").read_text(encoding="utf-8")
    restarts = sum(row["restarts"] for row in rows.values())
    title = f"{texts(count):,} hostile pages, headers, lines, tools and clients"
    figure(f"{title}: restarts", restarts, "", at_most=0)
    figure(f"{title}: unhealthy", unhealthy, "", at_most=0)
    figure("slowest status of the app meanwhile", slowest * 1e3, "ms", at_most=100)
    assert {name: spine_pid["pid"] for name, spine_pid in rows.items()} == pids
    assert (restarts, unhealthy) == (0, 0)
    assert not set(printed) & set("\x1b\x07\x9b\x7f\u202e\u2028")


def test_hostile_text_from_everywhere_does_no_harm(home: Path, figure: Figures) -> None:
    check(home, 25, figure)


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_ten_thousand_hostile_texts_do_no_harm(home: Path, figure: Figures) -> None:
    check(home, 1_000, figure)
