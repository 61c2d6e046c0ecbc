"""The archive, updated ten times over a running Lou whose clients go on calling."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figures
from tests.install.installing import HELLO, line
from tests.install.test_dist import Stranger, artifact
from tests.patience import wait_until

pytestmark = [pytest.mark.dist, pytest.mark.timeout(3600)]
UPDATES, CLIENTS = 10, 3


class Session:
    """A client that keeps one bridge and writes one entry after the other."""

    def __init__(self, stranger: Stranger, entry: dict[str, Any], name: str) -> None:
        self.acknowledged: set[str] = set()
        self.is_alive = True
        self._name = name
        self._bridge = subprocess.Popen(
            [entry["command"], *entry["args"]],
            env=stranger.environment | entry.get("env", {}), cwd="/",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._write_entries)
        self._ask(0, "initialize", HELLO)
        assert self._bridge.stdin
        self._bridge.stdin.write(line({"method": "notifications/initialized"}))
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._bridge.communicate()
        assert self._bridge.returncode == 0

    def _write_entries(self) -> None:
        number = 0
        while self.is_alive and not self._is_over.wait(0.05):
            number += 1
            url = f"https://{self._name}.example/{number}"
            entry = {"url": url, "email": f"ann@{self._name}.example"}
            call = {"name": "track_url_email", "arguments": entry}
            answer = self._ask(number, "tools/call", call)
            if "result" in answer and not answer["result"].get("isError"):
                self.acknowledged.add(url)

    def _ask(self, number: int, method: str, params: Any) -> Any:
        assert self._bridge.stdin
        assert self._bridge.stdout
        self._bridge.stdin.write(line({"id": number, "method": method, "params": params}))
        self._bridge.stdin.flush()
        for answered in self._bridge.stdout:
            answer = json.loads(answered)
            if answer.get("id") == number:
                return answer
        self.is_alive = False
        return {}


def pids(stranger: Stranger) -> set[int]:
    return {each["pid"] for each in stranger.servers()}


def installer(folder: Path) -> Path:
    """The script that installs the archive, unpacked in `folder`."""
    archive = artifact("lou-*.tar.zst")
    subprocess.run(["tar", "-I", "zstd -d --long=27", "-xf", archive, "-C", folder], check=True)
    return next(folder.glob("lou-*/install.sh"))


def test_ten_updates_under_open_sessions(tmp_path: Path, figure: Figures) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    stranger = Stranger(home, home / ".local" / "bin" / "lou")
    environment = {**stranger.environment, "LOU_INSTALL_AS_ROOT": "1"}
    install = ["sh", str(installer(tmp_path))]
    subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)
    app = subprocess.Popen([stranger.lou, "serve"], env=stranger.environment, cwd="/")
    wait_until(stranger.is_ready)
    entry = stranger.connected()["lou-tracker"]
    sessions = [Session(stranger, entry, f"client{number}") for number in range(CLIENTS)]
    try:
        for _ in range(UPDATES):
            before = pids(stranger)
            subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)
            wait_until(lambda b=before: stranger.is_ready() and not b & pids(stranger))
            counts = [len(each.acknowledged) for each in sessions]
            wait_until(
                lambda c=counts: all(
                    len(each.acknowledged) > count or not each.is_alive
                    for each, count in zip(sessions, c, strict=True)
                )
            )
    finally:
        for each in sessions:
            each.close()
    kept = stranger.tracked()
    assert stranger.run("uninstall").returncode == 0
    app.wait(60)
    acknowledged = set[str]().union(*(each.acknowledged for each in sessions))
    figure("updates: acknowledged writes", len(acknowledged), "")
    figure("updates: of them lost", len(acknowledged - kept), "", at_most=0, enforce=True)
    alive = sum(each.is_alive for each in sessions)
    figure("updates: sessions that survived 10", alive, "", at_least=CLIENTS, enforce=True)
