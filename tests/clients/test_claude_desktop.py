"""Claude Desktop and Lou in one home, as processes: connect, call, lose the entry, get it back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.app.running import Lou, lou
from tests.clients.claude_at_home import OTHERS, Claude
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.timeout(120)

RESTORED_WITHIN_S = 5.0


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.environment["PATH"] = f"{found.home}/bin:{found.environment['PATH']}"
        found.start()
        found.wait_for("search", "ready")
        found.wait_for("tracker", "ready")
        yield found


@pytest.fixture
def claude(running: Lou) -> Iterator[Claude]:
    found = Claude(running)
    found.install({"mcpServers": dict(OTHERS), "preferences": {"theme": "dark"}})
    yield found
    found.end()
    running.run("clients", "disconnect", "claude-desktop")


def test_connect_call_wipe_restore(claude: Claude, figure) -> None:
    assert claude.lou.run("clients", "connect", "claude-desktop").returncode == 0
    assert claude.servers() == {"filesystem", "lou-search", "lou-tracker"}
    assert claude.view()["needs_restart"]
    claude.open()
    tools = claude.do("start")["tools"]
    assert tools["lou-search"] > 0
    assert tools["lou-tracker"] > 0
    wait_until(lambda: claude.steps()["listed"], what="the tools listed")
    assert not claude.steps()["called"]
    answer = claude.do("call", server="lou-tracker", tool="find_tracked", arguments={})
    assert answer["isError"] is False
    wait_until(lambda: claude.steps()["called"], what="the call seen")
    steps = list(claude.steps().values())
    assert all(steps)
    assert claude.view()["version"] == "0.1.0"
    assert not claude.view()["advice"]

    claude.do("prefer", theme="light")
    assert claude.servers() == {"filesystem", "lou-search", "lou-tracker"}

    claude.do("bad_day")
    took = claude.wait_for_entry()
    figure(
        "clients: Lou's entry back after a wipe", took, "s", at_most=RESTORED_WITHIN_S, enforce=True
    )
    wait_until(lambda: claude.view()["lost"] == ["filesystem"], what="the other entry offered")
    assert "preferences" in claude.file.read_text()
    assert claude.lou.run("clients", "restore", "claude-desktop").returncode == 0
    assert claude.servers() == {"filesystem", "lou-search", "lou-tracker"}
    answer = claude.do("call", server="lou-search", tool="no_such_tool", arguments={})
    assert "error" in answer or answer["isError"]


def test_a_client_that_writes_its_older_memory_back_does_not_win(claude: Claude, figure) -> None:
    claude.open()
    claude.do("start")
    done = claude.lou.run("clients", "connect", "claude-desktop")
    assert done.stdout.count("start it again") == 1
    assert claude.view()["running"]
    claude.do("prefer", theme="light")
    took = claude.wait_for_entry()
    figure(
        "clients: Lou's entry back after a stale write",
        took,
        "s",
        at_most=RESTORED_WITHIN_S,
        enforce=True,
    )
    claude.quit()
    took = claude.wait_for_entry()
    figure(
        "clients: Lou's entry back after a stale exit",
        took,
        "s",
        at_most=RESTORED_WITHIN_S,
        enforce=True,
    )
    assert claude.servers() == {"filesystem", "lou-search", "lou-tracker"}


def test_a_polite_quit_and_reopen_makes_the_connection(claude: Claude) -> None:
    claude.open()
    claude.do("start")
    (before,) = claude.running()
    done = claude.lou.run("clients", "connect", "claude-desktop", "--restart")
    assert done.returncode == 0, done.stderr
    assert claude.process is not None
    assert claude.process.wait(PATIENCE_S) == 0
    wait_until(lambda: claude.steps()["listed"], what="the new session listed the tools")
    (after,) = claude.running()
    assert after.pid != before.pid
    assert claude.servers() == {"filesystem", "lou-search", "lou-tracker"}


def test_ten_wipes_a_minute_stop_the_guard_and_it_says_so(claude: Claude, figure) -> None:
    claude.lou.run("clients", "connect", "claude-desktop")
    claude.open()
    begun, wipes = time.monotonic(), 0
    while claude.view()["guard"] == "watching" and wipes < 10:
        claude.do("bad_day")
        wipes += 1
        wait_until(
            lambda: claude.view()["guard"] == "stopped" or "lou-search" in claude.servers(),
            10,
            "restored or stopped",
        )
    assert time.monotonic() - begun < 60
    figure(
        "clients: wipes within a minute until the guard stops", wipes, "", at_most=10, enforce=True
    )
    assert claude.view()["guard"] == "stopped"
    assert "lou-search" not in claude.servers()
    assert "the guard stopped" in claude.lou.run("logs", "lou", "-n", "50").stdout
    claude.quit()
    assert claude.lou.run("clients", "connect", "claude-desktop").returncode == 0
    assert claude.view()["guard"] == "watching"
    assert {"lou-search", "lou-tracker"} <= claude.servers()
