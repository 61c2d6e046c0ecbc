"""A running Lou, and a Claude Desktop installed in the same home, both as real processes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.app.running import Lou
from tests.patience import PATIENCE_S, wait_until

PROGRAM = Path(__file__).with_name("claude_desktop.py")
OTHERS = {"filesystem": {"command": "true", "args": []}}


@dataclass
class Claude:
    """The client in the home of a Lou."""

    lou: Lou
    process: subprocess.Popen[bytes] | None = None

    @property
    def file(self) -> Path:
        return self.lou.home / ".config/Claude/claude_desktop_config.json"

    @property
    def command(self) -> Path:
        return self.lou.home / "bin/claude-desktop"

    def install(self, content: dict[str, Any]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(content, indent=2))
        self.command.parent.mkdir(exist_ok=True)
        # Its process is called like the file, as the kernel names scripts.
        self.command.write_text(f"#!{sys.executable}\n" + PROGRAM.read_text())
        self.command.chmod(0o755)

    def open(self) -> None:
        env = {
            "HOME": str(self.lou.home),
            "LOGNAME": "me",
            "PATH": "/usr/bin:/bin",
            "SHELL": "/bin/sh",
            "TERM": "dumb",
            "USER": "me",
            "SECRET_TOKEN": "must not reach a server",
        }
        self.process = subprocess.Popen(
            [str(self.command)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def do(self, verb: str, **params: Any) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": verb, **params}).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "Claude Desktop ended"
        found: dict[str, Any] = json.loads(line)
        return found

    def quit(self) -> None:
        """As from its tray icon: it writes its memory back."""
        if self.process is not None:
            with self.process:  # closes its pipes and waits
                pass
            self.process = None

    def servers(self) -> set[str]:
        try:
            found = json.loads(self.file.read_bytes())
        except (OSError, ValueError):
            return set()
        return set(found.get("mcpServers", {}))

    def view(self) -> dict[str, Any]:
        found: dict[str, Any] = self.lou.json("clients", "list", "claude-desktop")["clients"][0]
        return found

    def steps(self) -> dict[str, float]:
        return {step["step"]: step["at"] for step in self.view()["proof"]}

    def wait_for_entry(self, within_s: float = 10.0) -> float:
        """How long it took until Lou's entries were in the file."""
        begun = time.monotonic()
        wait_until(
            lambda: {"lou-search", "lou-tracker"} <= self.servers(), within_s, "Lou's entries"
        )
        return time.monotonic() - begun

    def running(self) -> list[psutil.Process]:
        """Every Claude Desktop of this home, whoever started it."""
        found = []
        for process in psutil.process_iter(["name"]):
            with contextlib.suppress(psutil.Error):
                if process.info["name"] == "claude-desktop":
                    home = process.environ().get("HOME")
                    found += [process] if home == str(self.lou.home) else []
        return found

    def end(self) -> None:
        self.quit()
        for process in self.running():
            process.terminate()
            process.wait(PATIENCE_S)
