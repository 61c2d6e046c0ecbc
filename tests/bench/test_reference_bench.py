"""The reference servers of the registries, spoken to directly and through Lou: the same answers.

Installs the servers from npm and PyPI; the two that drive a browser need Debian's chromium.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.bench.reference_servers import CHROMIUM, FEWEST_CALLS, SERVERS, ReferenceServer
from tests.conftest import Figures
from tests.host.clients import Lines, lines
from tests.host.supervised import supervised
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600), pytest.mark.anyio]

CAPABILITIES = {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {"form": {}}}
ANSWERS: dict[str, Any] = {
    "elicitation/create": {"action": "accept", "content": {"name": "Ann"}},
    "sampling/createMessage": {
        "role": "assistant", "model": "m", "content": {"type": "text", "text": "Ann"},
    },
    "roots/list": {"roots": []},
}  # fmt: skip
_CHANCE = re.compile(
    r"\d+:\d\d:\d\d [AP]M|\d{4}-\d\d-\d\d[T ][\d:.+Z-]+"
    r"|\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d [^\"\\]*|\[?\+?\d+ms\]?|/tmp/[\w./-]*-\d{13}\S*"
)
"""What differs from run to run without Lou, too: times."""
MORE_RUNS = 3
"""Of a server with an answer that differed."""
_ARGUMENTS = {"string": "hello", "number": 1, "integer": 1, "boolean": False}
_HEAD = "<!doctype html><title>Page</title><link rel=icon href=data:,>"
PAGE = f"{_HEAD}<h1>Hello</h1><p>caf\u00e9 \U0001f600</p><a href=/>a</a>"
"""With an icon: a browser asks for one at a time of its own, and reports that it is missing."""


class Walk:
    """One client that asks for everything a server has."""

    def __init__(self, client: Lines) -> None:
        self.client = client
        self.said: list[str] = []
        self.found: dict[str, str] = {}
        self.calls = 0

    async def ask(self, method: str, params: dict[str, Any], name: str = "") -> Any:
        number = self.client.send(method, params)
        while True:
            message = await asyncio.wait_for(self.client.line(), PATIENCE_S)
            if message.get("id") == number and "method" not in message:
                del message["id"]
                key = f"{len(self.found)} {method} {name}"
                self.found[key] = _CHANCE.sub("*", json.dumps(message))
                return message.get("result", {})
            if "id" in message:
                self.said.append(message["method"])
                answer = {"id": message["id"], "result": ANSWERS[message["method"]]}
                self.client.writer.write(json.dumps({"jsonrpc": "2.0", **answer}).encode() + b"\n")

    async def all(self, server: ReferenceServer, calls: Sequence[tuple[str, Any]]) -> None:
        info = {"name": "bench", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": CAPABILITIES, "clientInfo": info}
        await self.ask("initialize", params)
        self.client.writer.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        for _ in range(3):  # what it lists depends on the roots that it asks for
            await self.ask("ping", {})
        await self._read()
        tools = (await self.ask("tools/list", {}))["tools"]
        await self._call(server, calls, tools)

    async def _read(self) -> None:
        listed = await self.ask("resources/list", {})
        templates = await self.ask("resources/templates/list", {})
        for each in listed.get("resources", []):
            await self.ask("resources/read", {"uri": each["uri"]}, each["uri"])
        for each in templates.get("resourceTemplates", []):
            ref = {"type": "ref/resource", "uri": each["uriTemplate"]}
            for name in re.findall(r"\{(\w+)\}", each["uriTemplate"]):
                await self._complete(ref, name)
        for each in (await self.ask("prompts/list", {})).get("prompts", []):
            named = [argument["name"] for argument in each.get("arguments", [])]
            given = dict.fromkeys(named, "1")
            await self.ask("prompts/get", {"name": each["name"], "arguments": given}, each["name"])
            for name in named:
                await self._complete({"type": "ref/prompt", "name": each["name"]}, name)

    async def _complete(self, ref: dict[str, str], name: str) -> None:
        params = {"ref": ref, "argument": {"name": name, "value": "1"}}
        await self.ask("completion/complete", params, name)

    async def _call(
        self, server: ReferenceServer, calls: Sequence[tuple[str, Any]], tools: list[Any]
    ) -> None:
        plain = [
            (tool["name"], _arguments(tool["inputSchema"]))
            for tool in tools
            if tool["name"] not in server.not_called
        ]
        wanted = [*calls, *(plain if len(calls) < FEWEST_CALLS else [])]
        while len(wanted) < FEWEST_CALLS:
            wanted += plain
        for name, arguments in wanted:
            self.calls += 1
            call = {"name": name, "arguments": arguments, "_meta": {"progressToken": "token"}}
            await self.ask("tools/call", call, name)


def _arguments(schema: dict[str, Any]) -> dict[str, Any]:
    known = schema.get("properties", {})
    found = {}
    for name in schema.get("required", []):
        kind = known[name].get("type")
        found[name] = known[name].get("enum", [_ARGUMENTS.get(str(kind), [])])[0]
    return found


def _make_folder(folder: Path) -> None:
    """The same files, with the same times, for each run."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("one\ntwo\n")
    (folder / "sub/b.md").write_text("# B\n")
    (folder / "page.html").write_text(PAGE)
    (folder / "sub/picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    when = "2026-01-01T00:00:00Z"
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.com"), ("DATE", when))
    }
    for words in ("init -q -b main", "add .", "commit -q -m first"):
        subprocess.run(["git", *words.split()], cwd=folder, env={**os.environ, **who}, check=True)
    (folder / "a.txt").write_text("one\ntwo\nthree\n")
    for path in sorted(folder.rglob("*"), reverse=True):
        os.utime(path, (0, 0))


@contextlib.contextmanager
def _page(folder: Path) -> Iterator[str]:
    """The address of `page.html` on loopback."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/page.html"
        server.shutdown()


async def _both(home: Path, server: ReferenceServer) -> tuple[Walk, Walk]:
    """What the server answers directly, and through Lou."""
    folder = home / "folder"
    _make_folder(folder)
    with _page(folder) as url:

        def filled(value: Any) -> Any:
            text = json.dumps(value).replace("{folder}", str(folder)).replace("{url}", url)
            return json.loads(text)

        places = ("python/bin" if "==" in server.package else "node_modules/.bin", server.program)
        words, env = filled(server.words), filled(server.env)
        program = str(home.joinpath(*places))
        process = await asyncio.create_subprocess_exec(
            program,
            *words,
            stdin=-1,
            stdout=-1,
            stderr=-3,
            limit=1 << 26,
            cwd=home,
            env=os.environ | env,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        direct = Walk(Lines(process.stdout, process.stdin))
        await direct.all(server, filled(server.calls))
        process.stdin.close()
        await process.wait()
        _make_folder(folder)
        settings = {"upstream": {"command": program, "args": words, "env": env, "cwd": str(home)}}
        async with supervised("-m", "servers", "relay", "mine") as relay:
            await relay.ready(settings=settings)
            async with lines(relay.socket) as client:
                through = Walk(client)
                await through.all(server, filled(server.calls))
    return direct, through


def _differences(direct: Walk, through: Walk) -> set[str]:
    names = {*direct.found, *through.found}
    different = {name for name in names if direct.found.get(name) != through.found.get(name)}
    for name in sorted(different):
        print(name, direct.found.get(name), through.found.get(name), sep="\n  ")
    return different


def _install(home: Path) -> None:
    packages = [server.package for server in SERVERS.values()]
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
    subprocess.run([*npm, *(each for each in packages if "==" not in each)], cwd=home, check=True)
    subprocess.run([sys.executable, "-m", "venv", "python"], cwd=home, check=True)
    pip = [str(home / "python/bin/pip"), "install", "--quiet"]
    subprocess.run([*pip, *(each for each in packages if "==" in each)], cwd=home, check=True)


async def test_nothing_is_lost_of_the_reference_servers(home: Path, figure: Figures) -> None:
    _install(home)
    different: list[str] = []
    for name, server in SERVERS.items():
        if CHROMIUM in server.words and not Path(CHROMIUM).exists():
            print(f"{name}: not run, {CHROMIUM} is missing")
            continue
        direct, through = await _both(home, server)
        once, again = _differences(direct, through), set[str]()
        for _ in range(MORE_RUNS if once else 0):  # a browser's own race does not come again
            again |= once & _differences(*await _both(home, server))
        what = f"relay: {name}, {direct.calls} calls, of {len(direct.found)} answers different"
        figure(what, len(again), at_most=0)
        figure(
            f"relay: {name}, answers that differed in one of {MORE_RUNS + 1} runs",
            len(once - again),
        )
        unasked = abs(len(direct.said) - len(through.said))
        figure(f"relay: {name}, questions that did not arrive", unasked, at_most=0)
        assert direct.calls >= FEWEST_CALLS
        different += [f"{name}: {each}" for each in again]
    assert not different
