"""The whole of Lou without a window, as processes, and the official client in front of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import psutil
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from app.control.client import ControlClient
from app.errors import AppError
from tests.patience import PATIENCE_S, wait_until

BIN = Path(sys.executable).parent
BRIDGE = Path(__file__).parents[2] / "servers/bridge/__main__.py"
PAIR = {"url": "https://jobs.example.org/42", "email": "jane.doe@example.org"}
WITHIN_S = PATIENCE_S


class Spine:
    """One home and the Lou that runs in it."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        self.env = {
            "HOME": str(home),
            "LOU_HOME": os.environ["LOU_HOME"],
            "PATH": "/usr/bin:/bin",
            **env,
        }
        self.words: TextIO = (home / "words.txt").open("a", encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Spine:
        argv = (str(BIN / "lou"), "serve")
        self.process = subprocess.Popen(
            argv, env=self.env, stdin=subprocess.DEVNULL, stdout=self.words, stderr=self.words
        )
        self.wait_ready("search", "tracker")
        return self

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        with ControlClient() as wire:
            return wire.ask(method, **params)

    def row(self, name: str) -> Mapping[str, Any]:
        rows = self.ask("status")["servers"]
        found: Mapping[str, Any] = next((row for row in rows if row["name"] == name), {})
        return found

    def pid(self, name: str) -> int:
        return int(self.row(name)["pid"])

    def wait_ready(self, *names: str) -> None:
        def ready() -> bool:
            try:
                return all(self.row(name).get("state") == "ready" for name in names)
            except AppError:
                return False

        wait_until(ready, WITHIN_S, f"{names} ready; {self.last_words()}")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        wait_until(condition, WITHIN_S, what)

    def last_words(self) -> str:
        return (self.home / "words.txt").read_text(encoding="utf-8")[-2000:]

    def command(self, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "lou"), *argv],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        """Every living process of this home that is not of the test's desktop."""
        return [one for one in psutil.process_iter() if self._owns(one)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            return (
                process.environ().get("LOU_HOME") == self.env["LOU_HOME"]
                and process.status() != psutil.STATUS_ZOMBIE
                and not process.name().startswith(("dbus-", "gnome-"))
                and process.pid != os.getpid()
            )
        except psutil.Error:
            return False

    def count(self, *begin: str) -> int:
        """The live processes of this home whose arguments begin like that, program not counted."""
        return len(self.running(*begin))

    def running(self, *begin: str) -> list[psutil.Process]:
        """Those of `count`."""
        return [one for one in self.processes() if words_of(one)[1 : len(begin) + 1] == begin]

    def end(self) -> None:
        for one in self.processes():
            if words_of(one)[-1:] == ("serve",):
                one.send_signal(signal.SIGTERM)
        wait_until(lambda: not self.processes(), WITHIN_S, "everything ended")
        if self.process:
            self.process.wait(WITHIN_S)
        self.words.close()


def words_of(process: psutil.Process) -> tuple[str, ...]:
    """Its command line; empty when it has just ended."""
    try:
        return tuple(process.cmdline())
    except psutil.Error:
        return ()


def client(spine: Spine, server: str, mode: str = "auto", **options: Any) -> Client:
    """The official client, launching the bridge with next to no environment."""
    command = str(BIN / "lou-connect")
    parameters = StdioServerParameters(command=command, args=[server], env=spine.env)
    return Client(stdio_client(parameters, spine.words), mode=mode, **options)


@contextmanager
def running(home: Path, **env: str) -> Iterator[Spine]:
    spine = Spine(home, **env)
    try:
        yield spine.start()
    finally:
        spine.end()
