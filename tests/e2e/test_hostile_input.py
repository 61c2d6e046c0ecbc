"""Broken input through the bridge into a real server, and the whole spine over loopback TCP."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.bench.rivals import INITIALIZE
from tests.bridge.parts import BridgeProcess
from tests.bridge.test_bridge_hardening import live_through, malformed
from tests.conftest import Figures
from tests.e2e.conftest import write_config
from tests.e2e.spine import BIN, PAIR, Spine, client, running

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]


def bytes_of_logs(spine: Spine) -> int:
    logs = Path(spine.env["LOU_HOME"]) / "logs"
    return sum(path.stat().st_size for path in logs.rglob("*") if path.is_file())


def test_ten_thousand_malformed_lines_reach_a_real_server_and_do_no_harm(
    spine: Spine, figure: Figures
) -> None:
    server = psutil.Process(spine.pid("tracker"))
    memory, logged = server.memory_info().rss, bytes_of_logs(spine)
    one = BridgeProcess("tracker", (str(BIN / "lou-connect"),))
    try:
        live_through(one, malformed(10_000))
        assert one.last_words() == b""
    finally:
        one.close()
    assert spine.pid("tracker") == server.pid
    grown = (server.memory_info().rss - memory) / (1 << 20)
    figure("tracker: memory over 10,000 malformed lines by the bridge", grown, "MB", at_most=32)
    figure("logs: growth over them", (bytes_of_logs(spine) - logged) / 1e6, "MB", at_most=1)
    assert bytes_of_logs(spine) - logged < 1e6


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_spine_runs_over_loopback_tcp(
    home: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("LOU_TRANSPORT", "tcp")
    write_config()
    with running(home, LOU_TRANSPORT="tcp") as spine:
        async with client(spine, "tracker", mode) as session:
            assert not (await session.call_tool("track_url_email", PAIR)).is_error
            spine.ask("restart", server="tracker")
            found = await session.call_tool("find_tracked", {})
            assert PAIR["email"] in str(found.structured_content)
        sockets = [path for path in (home / "lou/run").iterdir() if path.is_socket()]
        assert sockets == []


def test_the_app_s_own_command_is_the_same_bridge(spine: Spine) -> None:
    one = BridgeProcess("tracker", (str(BIN / "lou"), "connect"))
    try:
        answer = one.ask(INITIALIZE)
        assert answer["result"]["protocolVersion"] == "2025-11-25"
        assert one.end() == 0
    finally:
        one.close()
