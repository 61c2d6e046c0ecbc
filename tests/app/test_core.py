"""The core in this process: switches, calls, pauses and views, with real servers."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core import Core
from app.errors import ServerError
from app.system import heartbeat, paths
from app.views import CallRecord
from servers.contract import endpoint
from tests.app.running import lou
from tests.patience import PATIENCE_S, eventually, wait_until

pytestmark = pytest.mark.anyio

UPSTREAM = str(Path(__file__).parents[1] / "relay" / "upstream_server.py")


@pytest.fixture
def no_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done at regular times, only once somebody or something asks for it."""
    monkeypatch.setattr(heartbeat, "_SLOW_S", 1e6)
    monkeypatch.setattr(heartbeat, "_LOOK_LASTS_S", 0.0)


@pytest.fixture
async def core(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Core]:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    found = Core("headless")
    await found.start()
    for name in ("search", "tracker"):
        await found.supervisor.settled(name, PATIENCE_S)
    yield found
    await found.stop()


async def test_a_pause_stops_all_and_changes_nothing_that_is_configured(core: Core) -> None:
    before = core.settings.config
    await core.pause_all()
    assert core.is_paused
    assert {server.state for server in core.servers()} == {"off"}
    assert core.settings.config == before
    await core.resume_all()
    assert {server.state for server in core.servers()} == {"ready"}


async def test_a_call_is_counted_told_and_linked(core: Core) -> None:
    calls: list[CallRecord] = []
    core.calls.subscribe(calls.append)
    answer = await core.call("tracker", "find_tracked", {})
    assert (answer.status, answer.is_error) == ("success", False)
    await eventually(lambda: calls)
    assert (calls[0].server, calls[0].tool, calls[0].outcome) == ("tracker", "find_tracked", "ok")
    assert core.server("tracker").calls_today == 1


async def test_tools_are_known_while_the_server_is_off(core: Core) -> None:
    names = [tool["name"] for tool in await core.tools("tracker")]
    await core.enable("tracker", False)
    assert [tool["name"] for tool in core.remembered_tools("tracker")] == names
    view = await core.enable("tracker", False, names[0])
    assert view.disabled_tools == (names[0],)
    assert not next(tool["enabled"] for tool in await core.tools("tracker"))
    with pytest.raises(ServerError):
        await core.call("tracker", names[0], {})


async def test_a_server_of_ones_own_is_ready_with_its_key_and_goes(core: Core) -> None:
    entry = {"command": sys.executable, "args": [UPSTREAM], "requiredTools": ["add"]}
    core.add_server("mine", entry)
    view = await core.enable("mine", True)
    assert (view.state, view.embedded) == ("ready", False)
    answer = await core.call("mine", "add", {"a": 2, "b": 3})
    assert "5" in answer.text
    await core.remove_server("mine")
    await eventually(lambda: "mine" not in [server.name for server in core.servers()])


async def test_the_late_end_of_a_server_that_is_gone_troubles_nobody(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    core.supervisor.changed.notify("gone")
    assert "A listener failed" not in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell of no change")
async def test_a_deleted_socket_is_made_again_at_once(no_beats: None, core: Core) -> None:
    control = Path(endpoint.control_socket())
    control.unlink()
    await eventually(control.exists)


async def test_a_key_that_is_referred_to_and_not_set_blocks_and_says_which(core: Core) -> None:
    entry = {"command": "true", "env": {"TOKEN": "${keyring:GITHUB_TOKEN}"}}
    core.add_server("github", entry)
    view = await core.enable("github", True)
    assert view.state == "blocked"
    assert view.trouble is not None
    assert (view.trouble.code, view.trouble.key) == ("missing_key", "GITHUB_TOKEN")
    assert "GITHUB_TOKEN" in [key.name for key in core.keys() if not key.known]  # noqa: SIM118
    assert view.restarts == 0


async def test_the_first_start_writes_a_file_that_shows_what_can_be_set(core: Core) -> None:
    found = json.loads(paths.config_file().read_bytes())
    assert found["mcpServers"]["search"] == {
        "command": "lou-server", "args": ["search"], "requiredTools": ["web_search"],
        "disabled": False, "disabledTools": [],
    }  # fmt: skip
    assert paths.config_file().stat().st_mode & 0o777 == 0o600


def test_where_there_are_no_unix_sockets_commands_reach_lou_over_loopback() -> None:
    with lou() as running:
        running.environment["LOU_TRANSPORT"] = "tcp"
        running.start()
        running.wait_for("tracker", "ready")
        assert running.run("call", "tracker", "find_tracked").returncode == 0
        assert running.run("quit").returncode == 0


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_a_server_of_the_user_gets_the_users_umask(umask: int) -> None:
    """Lou's own files are private all the same."""
    with lou() as running:
        said = running.home / "umask"
        tell = f"import os, sys; open({str(said)!r}, 'w').write(oct(os.umask(0o777)))"
        entry = {"command": sys.executable, "args": ["-c", tell]}
        folder = running.home / "lou"
        folder.mkdir(mode=0o700)
        (folder / "config.json").write_text(json.dumps({"mcpServers": {"mine": entry}}))
        running.start(umask=umask)
        wait_until(lambda: said.exists() and said.read_text(), what="the server has started")
        assert int(said.read_text(), 8) == umask
        logs = [path.stat().st_mode & 0o777 for path in (folder / "logs").glob("*.log")]
        assert set(logs) <= {0o600}
