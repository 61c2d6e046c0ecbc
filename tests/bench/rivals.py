"""What the bridge is measured against, and the bare clients that measure it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from servers.bridge.connect import dial
from servers.contract import endpoint

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache" / "rivals"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}

BARE = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    link, _ = listener.accept()
    if os.fork():
        link.close()
        continue
    rest = b""
    while said := link.recv(1 << 16):
        *lines, rest = (rest + said).split(b"\\n")
        out = []
        for line in lines:
            at = line.find(b'"id":')
            if at > 0:
                end = line.index(b",", at)
                out.append(b'{"jsonrpc":"2.0",' + line[at:end] + b',"result":{"content":[]}}\\n')
        link.sendall(b"".join(out))
    os._exit(0)
"""

HTTP = """
import sys
import uvicorn
from mcp.server.mcpserver import MCPServer
server = MCPServer("http")
@server.tool()
async def echo(text: str) -> str:
    return text
uvicorn.run(server.streamable_http_app(host="127.0.0.1"), port=int(sys.argv[1]), log_level="error")
"""


class Link(Protocol):
    """Where lines go in and come out."""

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...


class Piped:
    """A program that speaks lines on stdin and stdout."""

    def __init__(self, *argv: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=env,
        )
        assert self.process.stdin
        assert self.process.stdout
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()

    def read(self) -> bytes:
        return os.read(self._out, 1 << 16)

    def write(self, data: bytes) -> None:
        os.write(self._in, data)

    def pss(self) -> float:
        """Megabytes."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(rollup.split("\nPss:")[1].split()[0]) / 1024

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Connected:
    """A server's own socket, to see what the bridge adds."""

    def __init__(self, name: str) -> None:
        link = dial(endpoint.server_socket(name))
        assert link
        link.settimeout(None)
        self._link = link

    def read(self) -> bytes:
        return self._link.recv(1 << 16)

    def write(self, data: bytes) -> None:
        self._link.sendall(data)

    def close(self) -> None:
        self._link.close()


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def one_line(link: Link) -> bytes:
    said = b""
    while not said.endswith(b"\n"):
        more = link.read()
        assert more, "the other end hung up"
        said += more
    return said


def greet(link: Link) -> None:
    link.write(line(INITIALIZE))
    assert b'"result"' in one_line(link)
    link.write(line(INITIALIZED))


def first_answer_ms(*argv: str, env: dict[str, str] | None = None) -> float:
    """Milliseconds from the spawn of a bridge to its answer to `initialize`."""
    began = time.perf_counter()
    with closing(Piped(*argv, env=env)) as bridge:
        bridge.write(line(INITIALIZE))
        answer = one_line(bridge)
        took = (time.perf_counter() - began) * 1e3
    assert b'"result"' in answer, (argv, answer)
    return took


def call(number: int, tool: str, arguments: dict[str, Any]) -> bytes:
    params = {"name": tool, "arguments": arguments}
    return line({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})


def call_times(link: Link, tool: str, arguments: dict[str, Any], count: int) -> list[float]:
    """Milliseconds of each call, one after the other, after a warm-up of a tenth."""
    times = []
    for number in range(1, count + count // 10 + 1):
        asked = call(number, tool, arguments)
        began = time.perf_counter()
        link.write(asked)
        answer = one_line(link)
        times.append((time.perf_counter() - began) * 1e3)
        assert b'"error"' not in answer[:80], answer
    return times[count // 10 :]


def calls_per_second(
    link: Link, tool: str, arguments: dict[str, Any], count: int, in_flight: int = 64
) -> float:
    """Answers a second with `in_flight` calls always on their way."""
    asked = iter([call(10_000 + number, tool, arguments) for number in range(count)])
    began = time.perf_counter()
    link.write(b"".join(next(asked) for _ in range(in_flight)))
    answered = 0
    while answered < count:
        fresh = link.read().count(b"\n")
        answered += fresh
        more = b"".join(itertools.islice(asked, fresh))
        if more:
            link.write(more)
    return count / (time.perf_counter() - began)


class RealServer:
    """One of Lou's own servers, started and configured as the app does, its events unread."""

    def __init__(self, name: str, keys: dict[str, str]) -> None:
        argv = (sys.executable, "-I", "-m", "servers", name, "--lou-instance=bench")
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout
        events = self.process.stdout.fileno()
        self._drain = threading.Thread(
            target=lambda: all(iter(lambda: os.read(events, 1 << 16), b""))
        )
        self._drain.start()
        here = Path(endpoint.run_folder()).parent
        folders = {kind: str(here / kind) for kind in ("data", "cache")}
        params = {"keys": keys, "settings": {"folders": folders}, "disabled_tools": []}
        message = {"type": "request", "id": "1", "method": "configure", "params": params}
        assert self.process.stdin
        self.process.stdin.write(line(message))
        self.process.stdin.flush()
        wait_for_socket(endpoint.server_socket(name))

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self._drain.join(20)
        self.process.stdout.close()
        self.process.wait(20)


class BareServer:
    """The least a server can do, so that what is left is the bridge's own share."""

    def __init__(self, name: str) -> None:
        path = endpoint.server_socket(name)
        endpoint.make_private(str(Path(path).parent))
        self.process = subprocess.Popen([sys.executable, "-I", "-S", "-c", BARE, path])
        wait_for_socket(path)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class HttpServer:
    """What `mcp-remote` talks to: the official SDK over Streamable HTTP on loopback."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.process = subprocess.Popen([sys.executable, "-c", HTTP, str(port)])
        bounded(lambda: can_connect(port))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def mcp_remote() -> tuple[str, ...]:
    """The command of the npm bridge, installed when it is not there yet."""
    return npm_script("mcp-remote", "0.15.1", "dist/proxy.js")


def npm_script(name: str, version: str, script: str) -> tuple[str, ...]:
    """The command that starts a script of an npm package, installed when it is not there yet."""
    folder = INSTALLED / f"{name}-{version}"
    found = folder / "node_modules" / name / script
    node = shutil.which("node")
    assert node, f"node is needed to measure against {name}"
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        install = ("npm", "install", "--no-audit", "--no-fund", "--silent", f"{name}@{version}")
        subprocess.run(install, cwd=folder, check=True, timeout=300)
    return (node, str(found))


def pypi_script(name: str, version: str, script: str) -> tuple[str, ...]:
    """A command of a PyPI package in an environment of its own, made when it is not there yet."""
    return (str(pypi_environment(f"{name}-{version}", f"{name}=={version}") / script),)


def pypi_environment(name: str, *packages: str) -> Path:
    """The folder of the commands of an environment with these packages, made if it is missing."""
    folder = INSTALLED / name
    commands, whole = folder / "bin", folder / "installed"
    if not whole.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=300)
        install = (commands / "pip", "install", "--quiet", *packages)
        subprocess.run(install, check=True, timeout=600)
        whole.touch()
    return commands


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_for_socket(path: str) -> None:
    def there() -> bool:
        found = dial(path)
        if found:
            found.close()
        return found is not None

    bounded(there)


def bounded(condition: Any, timeout_s: float = 30.0) -> None:
    """Until `condition` holds; what it watches is another process, so it must be asked again."""
    pause, until = socket.socketpair(), time.monotonic() + timeout_s
    pause[0].settimeout(0.02)
    try:
        while not condition():
            assert time.monotonic() < until, "it did not come up"
            try:
                pause[0].recv(1)
            except TimeoutError:
                continue
    finally:
        for end in pause:
            end.close()
