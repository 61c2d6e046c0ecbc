"""Lou as it runs on Windows: clients connect, the entries that they get are run as written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from app.clients.planning.entries import installed_bridge
from tests.patience import wait_until
from tests.windows.inside.running import HELLO, Lou, entry_in, session, still_running

ROAMING, LOCAL = Path(os.environ["APPDATA"]), Path(os.environ["LOCALAPPDATA"])
HOME = Path(os.environ["USERPROFILE"])
CLASSIC = ROAMING / "Claude/claude_desktop_config.json"
PACKAGED = LOCAL / "Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude" / CLASSIC.name
CLIENTS: Mapping[str, Mapping[Path, str]] = {
    "claude-desktop": {
        CLASSIC: '{\r\n  "globalShortcut": "Ctrl+Space"\r\n}\r\n',
        PACKAGED: '{\n\t"mcpServers": {"mine": {"command": "mine.exe"}}\n}',
    },
    "cursor": {HOME / ".cursor/mcp.json": '{"mcpServers": {}}'},
    "vscode": {ROAMING / "Code/User/mcp.json": '{\r\n    // mine\r\n    "servers": {},\r\n}\r\n'},
    "codex": {HOME / ".codex/config.toml": 'model = "x" # mine\r\n'},
    "zed": {ROAMING / "Zed/settings.json": '{\n  "theme": "One", // mine\n}\n'},
    "claude-code": {HOME / ".claude.json": '{"numStartups": 3}'},
}
FETCH = {"name": "fetch_page", "arguments": {"url": "http://127.0.0.1:9/"}}


@pytest.fixture(scope="module")
def lou(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lou]:
    found = Lou(tmp_path_factory.mktemp("Zoë O'Neil") / ("a home of Lou " * 5).strip())
    found.start("serve")
    yield found
    found.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_connected_used_and_disconnected(lou: Lou, client: str) -> None:
    before = {path: text.encode() for path, text in CLIENTS[client].items()}
    for path, content in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    lou.run("clients", "connect", client)
    for path in before:
        argv, env = entry_in(path)
        assert argv[0].endswith("python.exe")
        assert "Scripts" not in argv[0], "a redirector would be a second process"
        with session(argv, env) as opened:
            assert opened.open()
            assert not psutil.Process(opened.process.pid).children()
            assert opened.ask("tools/list", {})["result"]["tools"]
    lou.run("clients", "disconnect", client)
    for path, content in before.items():
        assert path.read_bytes() == content
        path.unlink()


def test_a_bridge_loads_only_what_its_first_answer_needs(lou: Lou) -> None:
    # Each module is a file or three, which a scanner of Windows looks into at each start.
    bridge = installed_bridge()
    argv = [bridge.command, "-X", "importtime", *bridge.words("search")]
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    done = subprocess.run(
        argv,
        env={**os.environ, "LOU_HOME": str(lou.home)},
        input=json.dumps(hello).encode() + b"\n",
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["id"] == 1
    lines = done.stderr.decode().splitlines()
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "servers" in loaded
    assert not {"__future__", "ctypes", "enum", "json", "re", "socket", "typing"} & loaded


def test_a_bad_file_of_a_client_does_not_stop_the_good_one(lou: Lou) -> None:
    for path, content in ((CLASSIC, b"\xff\xfe not json"), (PACKAGED, b"{}")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    lou.run("clients", "connect", "claude-desktop")
    assert entry_in(PACKAGED)
    assert CLASSIC.read_bytes() == b"\xff\xfe not json"
    lou.run("clients", "disconnect", "claude-desktop")
    assert PACKAGED.read_bytes() == b"{}"


def test_a_stored_line_has_no_carriage_return(lou: Lou) -> None:
    wait_until((lou.home / "logs/search.log").exists)
    assert b"\r" not in (lou.home / "logs/search.log").read_bytes()
    lines = json.loads(lou.run("logs", "search", "--json"))
    assert lines
    assert "\r" not in json.dumps(lines)


def test_the_doctor_finds_nothing_about_folders_and_parts(lou: Lou) -> None:
    found = json.loads(lou.run("doctor", "--json", check=False))
    bad = [each for each in found["checks"] if not each["ok"]]
    assert not [each for each in bad if not each["code"].startswith(("keyring", "client"))], bad


def test_a_client_starts_lou_that_does_not_run(lou: Lou) -> None:
    PACKAGED.parent.mkdir(parents=True, exist_ok=True)
    PACKAGED.write_bytes(b"{}")
    lou.run("clients", "connect", "claude-desktop")
    argv, env = entry_in(PACKAGED)
    lou.stop()
    assert "app" not in lou.status()
    with session(argv, env) as opened:
        assert opened.open()
        # A busy machine may take longer to start Lou than the bridge lets a call wait.
        wait_until(lambda: "content" in opened.ask("tools/call", FETCH).get("result", {}))
    wait_until(lou.is_ready)
    lou.run("clients", "disconnect", "claude-desktop")


def test_no_server_survives_a_kill_of_the_app(lou: Lou) -> None:
    wait_until(lou.is_ready)
    family = lou.kill()
    wait_until(lambda: not still_running(family))
    lou.stop()
    lou.start("serve")
