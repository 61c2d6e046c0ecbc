"""The bridge as a real process, and the smallest servers that can stand behind it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from servers.contract import endpoint
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parent.parent.parent
BRIDGE = (sys.executable, "-I", "-S", "-E", str(ROOT / "servers/bridge/__main__.py"))

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


def echo(message: dict[str, Any]) -> dict[str, Any] | None:
    """Answers every request with its own method and params."""
    if "id" not in message or "method" not in message:
        return None
    found = {"method": message["method"], "params": message.get("params")}
    return {"jsonrpc": "2.0", "id": message["id"], "result": found}


class StandIn:
    """Listens where a server of that name would, and answers line by line."""

    def __init__(self, path: str, answer: Answer = echo) -> None:
        self.heard: list[dict[str, Any]] = []
        self._answer = answer
        self._path = path
        self._changed = threading.Condition()
        self._links: list[socket.socket] = []
        self._is_dead = False
        endpoint.make_private(str(Path(path).parent))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_for(self, method: str, count: int = 1) -> None:
        """Until that many messages of `method` were heard."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: [m.get("method") for m in self.heard].count(method) >= count, PATIENCE_S
            ), self.heard

    def say(self, message: Mapping[str, Any] | bytes) -> None:
        line = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        self._links[-1].sendall(line)

    def die(self) -> None:
        """As a killed process: every connection ends, the socket's path stays."""
        with self._changed:
            if self._is_dead:
                return
            self._is_dead = True
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
            self._listener.close()
            for link in self._links:
                with contextlib.suppress(OSError):  # the bridge left first
                    link.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        self.die()
        Path(self._path).unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                if self._is_dead:
                    link.close()
                    return
                self._links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        try:
            with link, link.makefile("rb") as lines:
                for line in lines:
                    self._take(link, line)
        except OSError:
            pass
        with self._changed:
            self._links.remove(link)

    def _take(self, link: socket.socket, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        with self._changed:
            self.heard.append(message)
            self._changed.notify_all()
        reply = self._answer(message)
        if reply is not None:
            link.sendall(json.dumps(reply, separators=(",", ":")).encode() + b"\n")


class BridgeProcess:
    """A live bridge between this test and whatever listens."""

    def __init__(self, name: str = "search", argv: tuple[str, ...] = BRIDGE, **env: str) -> None:
        self.process = subprocess.Popen(
            [*argv, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin", **lou_home(), **env},
        )
        self._rest = b""
        self.lines: list[dict[str, Any]] = []

    def say(self, *messages: Mapping[str, Any] | bytes) -> None:
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
            self.write(line)

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view) :]

    def hear(self, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next line; it must be JSON-RPC, whatever it is."""
        line = self.hear_line(timeout_s)
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0", line
        self.lines.append(message)
        return message

    def hear_line(self, timeout_s: float = PATIENCE_S) -> bytes:
        assert self.process.stdout
        until = time.monotonic() + timeout_s
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            assert left > 0, f"nothing was heard; stderr: {self.last_words() if left < -1 else ''}"
            if select.select([self.process.stdout], [], [], left)[0]:
                said = os.read(self.process.stdout.fileno(), 1 << 20)
                assert said, f"the bridge ended: {self.last_words()}"
                self._rest += said
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def ask(self, message: Mapping[str, Any], timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Say it, and wait for its answer; what else is heard is kept in `lines`."""
        self.say(message)
        return self.answer_to(message["id"], timeout_s)

    def answer_to(self, id_: Any, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        while True:
            heard = self.hear(timeout_s)
            if "method" not in heard and heard["id"] == id_:
                return heard

    def rss(self, key: str = "VmRSS") -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{key}:")[1].split()[0]) << 10

    def pss(self) -> int:
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(rollup.split("\nPss:")[1].split()[0]) << 10

    def end(self) -> int:
        """End of the client's input: the bridge goes by itself."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(PATIENCE_S)

    def last_words(self) -> bytes:
        self.process.kill()
        assert self.process.stderr
        return self.process.stderr.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


def lou_home() -> dict[str, str]:
    return {name: os.environ[name] for name in ("LOU_HOME", "LOU_TRANSPORT") if name in os.environ}
