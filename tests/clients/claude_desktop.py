"""A program that behaves like Claude Desktop, as users and its source describe it.

It reads its file once at start and keeps it in memory; it starts every server twice, with six
environment variables and no others; it waits 60 s for an answer; it ignores list_changed; it writes
its whole memory back when a preference changes and when it quits; on a bad day it writes only its
preferences, and every server is gone. Commands come as JSON lines on stdin, answers go to stdout.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

PASSED = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
FILE = Path(os.environ["HOME"]) / ".config/Claude/claude_desktop_config.json"


class Session:
    """One server process, spoken to as the handshake of 2025-11-25 wants it."""

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self.name = name
        env = {key: os.environ[key] for key in PASSED if key in os.environ}
        self.process = subprocess.Popen(
            [entry["command"], *entry.get("args", [])],
            env=env | entry.get("env", {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._count = 0

    def open(self) -> int:
        """The handshake and the list of tools; how many there are."""
        self.ask(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "claude-ai", "version": "0.1.0"},
            },
        )
        self._send({"method": "notifications/initialized"})
        return len(self.ask("tools/list", {})["tools"])

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        answer = self.answers.get(timeout=PATIENCE_S)
        if not answer:
            raise ConnectionError(f"{self.name} ended")
        return answer.get("result") or {"error": answer.get("error")}

    def close(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(PATIENCE_S)

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if "id" in message and "method" not in message:  # a notification is not looked at
                self.answers.put(message)
        self.answers.put({})


class Desktop:
    """What it remembers, and the servers it started."""

    def __init__(self) -> None:
        try:
            self.memory = json.loads(FILE.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.memory = {}
        self.sessions: list[Session] = []

    def start(self) -> dict[str, Any]:
        servers = self.memory.get("mcpServers", {})
        self.sessions = [Session(name, each) for _ in range(2) for name, each in servers.items()]
        return {"tools": {session.name: self._opened(session) for session in self.sessions}}

    def _opened(self, session: Session) -> int:
        try:
            return session.open()
        except (OSError, queue.Empty):  # "could not be started", and the rest goes on
            return 0

    def call(self, server: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        session = next(each for each in self.sessions if each.name == server)
        return session.ask("tools/call", {"name": tool, "arguments": arguments})

    def prefer(self, **preferences: Any) -> dict[str, Any]:
        self.memory.setdefault("preferences", {}).update(preferences)
        return self._write(self.memory)

    def bad_day(self) -> dict[str, Any]:
        self.memory = {"preferences": self.memory.get("preferences", {"theme": "dark"})}
        return self._write(self.memory)

    def quit(self) -> dict[str, Any]:
        for session in self.sessions:
            session.close()
        return self._write(self.memory)

    def _write(self, content: dict[str, Any]) -> dict[str, Any]:
        beside = FILE.with_name("claude_desktop_config.json.tmp")
        beside.write_text(json.dumps(content, indent=2), encoding="utf-8")
        beside.replace(FILE)
        return {}


def main() -> None:
    desktop = Desktop()

    def leave(*_: object) -> None:
        desktop.quit()
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    verbs = {
        "start": desktop.start,
        "call": desktop.call,
        "prefer": desktop.prefer,
        "bad_day": desktop.bad_day,
    }
    if os.path.samestat(os.fstat(0), Path(os.devnull).stat()):  # started as from a menu
        desktop.start()
        signal.pause()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            break
        answer = verbs[request.pop("do")](**request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    desktop.quit()


if __name__ == "__main__":
    main()
