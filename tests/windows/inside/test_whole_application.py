"""Lou as it runs on Windows: clients connect, the entries that they get are run as written."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.patience import wait_until

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
PASSED_BY_CLAUDE = (
    *("APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PROCESSOR_ARCHITECTURE"),
    *("SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "USERNAME", "USERPROFILE", "PROGRAMFILES"),
)
FETCH = {"name": "fetch_page", "arguments": {"url": "http://127.0.0.1:9/"}}
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "claude-ai", "version": "1"},
}


@dataclass
class Lou:
    """A Lou with a home of its own."""

    home: Path
    process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "app", *words],
            capture_output=True,
            env={**os.environ, "LOU_HOME": str(self.home)},
            check=False,
        )
        assert done.stdout, (words, done.returncode, done.stderr)
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout.decode("utf-8").replace("\r\n", "\n")

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json", check=False))
        return found

    def is_ready(self) -> bool:
        states = {each["name"]: each["state"] for each in self.status().get("servers", ())}
        return states.get("search") == "ready"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "app", "serve"],
            env={**os.environ, "LOU_HOME": str(self.home)},
            creationflags=subprocess.DETACHED_PROCESS,  # its streams are None
        )
        wait_until(self.is_ready, what="search is ready")

    def stop(self) -> None:
        pid = self.status().get("app", {}).get("pid")
        if pid:
            self.run("quit", check=False)
            wait_until(lambda: not psutil.pid_exists(pid))
        if self.process:
            self.process.wait(60)


@pytest.fixture(scope="module")
def lou(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lou]:
    found = Lou(tmp_path_factory.mktemp("Zoë O'Neil") / ("a home of Lou " * 5).strip())
    found.home.mkdir()
    servers = {
        "search": {"command": "lou-server", "args": ["search"]},
        "tracker": {"command": "lou-server", "args": ["tracker"], "disabled": True},
    }
    (found.home / "config.json").write_text(json.dumps({"mcpServers": servers}))
    found.start()
    yield found
    found.stop()


def entry_in(path: Path) -> tuple[list[str], dict[str, str]]:
    """The command and the variables of Lou's entry, as the client reads them."""
    text = path.read_text("utf-8")
    if path.suffix == ".toml":
        entry = tomllib.loads(text)["mcp_servers"]["lou-search"]
    else:
        lines = (line.split("//")[0] for line in text.splitlines())
        entry = _find(json.loads(_without_last_commas("\n".join(lines))), "lou-search")
    return [entry["command"], *entry["args"]], dict(entry.get("env", {}))


def _find(document: Any, name: str) -> Any:
    if isinstance(document, dict):
        for key, value in document.items():
            found = value if key == name else _find(value, name)
            if found:
                return found
    return None


def _without_last_commas(text: str) -> str:
    import re

    return re.sub(r",(\s*[}\]])", r"\1", text)


class Session:
    """One session of a client: the entry as written, and only the variables a client passes."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        passed = {name: os.environ[name] for name in PASSED_BY_CLAUDE if name in os.environ}
        self.process = subprocess.Popen(
            argv, env={**passed, **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._id = 0

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        assert self.process.stdout
        while line := self.process.stdout.readline():
            found = json.loads(line)
            if found.get("id") == self._id:
                return dict(found)
        raise AssertionError("the bridge ended")

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def open(self) -> str:
        named: str = self.ask("initialize", HELLO)["result"]["serverInfo"]["name"]
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return named

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@contextlib.contextmanager
def session(argv: list[str], env: dict[str, str]) -> Iterator[Session]:
    found = Session(argv, env)
    try:
        yield found
    finally:
        found.end()


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
        answer = opened.ask("tools/call", FETCH)
        assert "content" in answer.get("result", {}), answer
    wait_until(lou.is_ready)
    lou.run("clients", "disconnect", "claude-desktop")


def test_no_server_survives_a_kill_of_the_app(lou: Lou) -> None:
    wait_until(lou.is_ready)
    app = psutil.Process(lou.status()["app"]["pid"])
    servers = app.children(recursive=True)
    assert servers
    app.kill()
    lou.stop()
    wait_until(lambda: not [each for each in servers if each.is_running()], 60)
    lou.start()
