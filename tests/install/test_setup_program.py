"""The setup program of `make dist`, installed, used and removed on a Windows under Wine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.install.installing import called
from tests.install.test_dist import CALLS, artifact, size_mb
from tests.patience import wait_until
from tests.windows import machine
from tests.windows.machine import Machine

pytestmark = [pytest.mark.dist, pytest.mark.timeout(1800)]
PROGRAM_S = 300.0
LISTED = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Lou"
LOGIN = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run"


@dataclass(frozen=True)
class Person:
    """A user of this Windows."""

    windows: Machine

    @property
    def home(self) -> Path:
        """The only profile that has a place for programs."""
        return next(self.windows.drive.glob("users/*/AppData")).parent

    @property
    def folder(self) -> Path:
        return self.home / "AppData/Local/Programs/Lou"

    @property
    def shortcut(self) -> Path:
        return self.home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Lou.lnk"

    @property
    def claude(self) -> Path:
        return self.home / "AppData/Roaming/Claude/claude_desktop_config.json"

    def run(self, program: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return self.windows.run(machine.as_windows(program), *words, timeout=PROGRAM_S)

    def lou(self, *words: str) -> str:
        done = self.run(self.folder / "lou.exe", *words)
        assert done.returncode == 0, (words, done.stdout)
        return done.stdout

    def knows(self, key: str, *words: str) -> bool:
        return self.windows.run("reg", "query", key, *words, timeout=PROGRAM_S).returncode == 0

    def is_ready(self) -> bool:
        done = self.run(self.folder / "lou.exe", "status", "--json")
        if done.returncode:
            return False
        return {each["state"] for each in json.loads(done.stdout)["servers"]} == {"ready"}

    def connected(self) -> dict[str, Any]:
        self.claude.parent.mkdir(parents=True)
        self.claude.write_text('{"mcpServers": {"other": {"command": "other.exe"}}}')
        self.lou("clients", "connect", "claude-desktop")
        entries = dict(json.loads(self.claude.read_text("utf-8"))["mcpServers"])
        assert entries.pop("other")
        return entries

    def launch(self, entry: dict[str, Any], tool: str, arguments: Any) -> Any:
        argv = ["wine", entry["command"], *entry["args"]]
        return called(argv, self.windows.environment(entry.get("env")), tool, arguments)

    def start_of_bridge(self, entry: dict[str, Any]) -> dict[str, float]:
        script = machine.as_windows(Path(__file__).with_name("start_of_bridge.py"))
        python = self.folder / "python.exe"
        done = self.run(python, "-I", "-S", script, entry["command"], *entry["args"])
        assert done.returncode == 0, done.stdout
        return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def person() -> Iterator[Person]:
    with machine.machine() as windows:
        yield Person(windows)


def test_the_setup_program(person: Person, figure) -> None:
    setup = artifact("lou-*-setup.exe")
    figure("setup.exe: size", setup.stat().st_size / 1e6, "MB", at_most=60)
    for _ in range(2):  # the second time it is an update
        assert person.run(setup, "/S").returncode == 0
    figure("setup.exe: installed tree", size_mb(person.folder), "MB", at_most=200)
    assert person.shortcut.is_file()
    assert person.knows(LISTED)
    _let_psutil_work_under_wine(person.folder / "lib")
    app = subprocess.Popen(
        ["wine", machine.as_windows(person.folder / "lou.exe"), "serve"],
        env=person.windows.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    # Until then Windows starts, and a second program would lend its streams to the services.
    wait_until((person.home / ".lou/run/lou.lock").exists, PROGRAM_S, what="Lou runs")
    wait_until(person.is_ready, PROGRAM_S, what="both servers are ready")
    entries = person.connected()
    assert set(entries) == set(CALLS)
    for name, (tool, arguments) in CALLS.items():
        command = entries[name]["command"]
        assert command.endswith("\\lou-connect.exe")
        assert not re.search(r"\d+\.\d+", command), "no version in a path"
        assert "result" in person.launch(entries[name], tool, arguments)
    took = person.start_of_bridge(entries["lou-tracker"])
    figure("setup.exe: start of its bridge", took["bridge"], "s")
    ratio = took["bridge"] / took["bare"]
    figure("setup.exe: start of its bridge / python -I -S -c pass", ratio, "x", at_most=2)

    assert person.run(person.folder / "uninstall.exe", "/S").returncode == 0
    wait_until(lambda: not person.folder.exists(), PROGRAM_S, what="the folder is gone")
    assert app.wait(PROGRAM_S) == 0
    assert list(json.loads(person.claude.read_text("utf-8"))["mcpServers"]) == ["other"]
    assert not person.shortcut.exists()
    assert not person.knows(LISTED)
    assert not person.knows("HKCU\\Software\\Lou")
    assert not person.knows(LOGIN, "/v", "Lou")
    assert not list(person.home.rglob("launch.json"))


def _let_psutil_work_under_wine(library: Path) -> None:
    script = machine.HERE / "wine/patch_psutil.py"
    subprocess.run([sys.executable, script, library], check=True)
    for compiled in (library / "psutil/__pycache__").glob("_pswindows.*"):
        compiled.unlink()
