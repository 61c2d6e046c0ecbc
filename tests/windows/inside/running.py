"""A Lou that runs on Windows, the entries that it writes, and sessions of clients with it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.control.client import ControlClient
from app.errors import AppError
from tests.patience import wait_until

PASSED_BY_CLAUDE = (
    *("APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PROCESSOR_ARCHITECTURE"),
    *("SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "USERNAME", "USERPROFILE", "PROGRAMFILES"),
)
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "claude-ai", "version": "1"},
}
BASE = str(Path(sys.base_prefix, "python.exe"))
FAMILY = """
import json, os, subprocess, sys
sleep = [sys.executable, '-I', '-S', '-c', 'import time; time.sleep(3600)']
detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
for flags in (0, detached):
    subprocess.Popen(sleep, creationflags=flags, stdin=subprocess.DEVNULL)
about = {'name': 'family', 'version': '1'}
offers = {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}}, 'serverInfo': about}
for line in sys.stdin:
    asked = json.loads(line)
    result = {'initialize': offers, 'tools/list': {'tools': []}}.get(asked['method'], {})
    if 'id' in asked:
        print(json.dumps({'jsonrpc': '2.0', 'id': asked['id'], 'result': result}), flush=True)
"""
"""A user's server with two children, one of them detached."""
SERVERS: Mapping[str, Any] = {
    "search": {"command": "lou-server", "args": ["search"]},
    "tracker": {"command": "lou-server", "args": ["tracker"], "disabled": True},
    "own": {"command": BASE, "args": ["-I", "-c", FAMILY]},
}


@dataclass
class Lou:
    """A Lou with a home of its own."""

    home: Path
    program: tuple[str, ...] = (sys.executable, "-I", "-m", "app")
    servers: Mapping[str, Any] = field(default_factory=lambda: SERVERS)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        config = json.dumps({"mcpServers": self.servers})
        (self.home / "config.json").write_text(config, encoding="utf-8")

    def run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self.program, *words],
            capture_output=True,
            env={**os.environ, "LOU_HOME": str(self.home)},
            check=False,
        )
        assert done.stdout, (words, done.returncode, done.stderr)
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout.decode("utf-8").replace("\r\n", "\n")

    def status(self) -> dict[str, Any]:
        """What it tells a client of its control socket; empty if it does not run."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LOU_HOME", str(self.home))
            try:
                with ControlClient() as control:
                    return control.ask("status")
            except AppError:
                return {}

    def is_ready(self) -> bool:
        states = {each["name"]: each["state"] for each in self.status().get("servers", ())}
        wanted = {name for name, each in self.servers.items() if not each.get("disabled")}
        return {name for name in wanted if states.get(name) == "ready"} == wanted

    def start(self, *words: str) -> None:
        """Start it as `lou WORDS`, without streams, and wait for its servers."""
        self.launch(*words, creationflags=subprocess.DETACHED_PROCESS)
        wait_until(self.is_ready, what="the servers are ready")

    def launch(self, *words: str, program: Sequence[str] = (), **options: Any) -> None:
        """Start it, or a `program` that starts it, with `options` of Popen, and do not wait."""
        argv = [*(program or self.program), *words]
        environment = {**os.environ, "LOU_HOME": str(self.home)}
        self.process = subprocess.Popen(argv, env=environment, **options)

    def kill(self) -> list[psutil.Process]:
        """End the app as the Task Manager does; returns what it had started."""
        pids: list[int] = []

        def tells_its_pid() -> bool:
            pids.extend(each["pid"] for name, each in self.status().items() if name == "app")
            return bool(pids)

        wait_until(tells_its_pid, what="it tells its pid")
        app = psutil.Process(pids[0])
        family = app.children(recursive=True)
        assert family
        app.kill()
        return family

    def stop(self) -> None:
        pid = self.status().get("app", {}).get("pid")
        if pid:
            self.run("quit", check=False)
            wait_until(lambda: not psutil.pid_exists(pid))
        if self.process:
            self.process.wait(60)


def still_running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that did not end."""
    return [each for each in processes if each.is_running()]


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
