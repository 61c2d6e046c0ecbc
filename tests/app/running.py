"""A real Lou without a window, in a home of its own, and its command line."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S, wait_until

LOU = str(Path(sys.executable).with_name("lou"))


@dataclass
class Lou:
    """A running `lou serve`, and commands to it."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str, stdin: str = "", timeout: float = PATIENCE_S) -> Any:
        """One command; its exit code, stdout and stderr."""
        return subprocess.run(
            [LOU, *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def json(self, *words: str, stdin: str = "") -> Any:
        """The one document that a command prints."""
        done = self.run(*words, "--json", stdin=stdin)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def start(self, **options: Any) -> None:
        with (self.home / "serve.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [LOU, "serve"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                **options,
            )

    def wait_for(self, server: str, *states: str, timeout: float = PATIENCE_S) -> dict[str, Any]:
        """The status of a server once it is in one of these states."""
        found: dict[str, Any] = {}

        def is_there() -> bool:
            done = self.run("status", "--json")
            servers = json.loads(done.stdout)["servers"] if done.returncode == 0 else []
            found.clear()
            found.update(next((each for each in servers if each["name"] == server), {}))
            return found.get("state") in states

        try:
            wait_until(is_there, timeout)
        except AssertionError:
            message = f"{server} is not {states} but {found}; {self.said()}"
            raise AssertionError(message) from None
        return found

    def said(self) -> str:
        """What `lou serve` printed."""
        return (self.home / "serve.txt").read_text(errors="replace")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
            self.process = None


@contextlib.contextmanager
def lou(environment: dict[str, str] | None = None) -> Iterator[Lou]:
    """A home for a Lou that is not started yet; everything in it is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
    own = {
        name: text
        for name, text in (environment or os.environ).items()
        if not name.startswith(("LOU_", "XDG_")) or (environment and name == "XDG_RUNTIME_DIR")
    }
    if environment is None:
        own.pop("DBUS_SESSION_BUS_ADDRESS", None)
        own["HOME"] = str(home)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        own.pop(name, None)
    own["LOU_HOME"] = str(home / "lou")
    found = Lou(home, own)
    try:
        yield found
    finally:
        found.stop()
        shutil.rmtree(home, ignore_errors=True)
