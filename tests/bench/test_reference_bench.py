"""The reference servers of the registry, spoken to directly and through Lou: the same answers."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figures
from tests.host.clients import Lines, lines
from tests.host.supervised import supervised
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_200), pytest.mark.anyio]

PACKAGES = {
    "server-everything": "2026.8.31",
    "server-memory": "2026.8.31",
}
CAPABILITIES = {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {"form": {}}}
ANSWERS: dict[str, Any] = {
    "elicitation/create": {"action": "accept", "content": {"name": "Ann"}},
    "sampling/createMessage": {
        "role": "assistant", "model": "m", "content": {"type": "text", "text": "Ann"},
    },
    "roots/list": {"roots": []},
}  # fmt: skip
NOT_CALLED = {"get-env", "toggle-simulated-logging", "toggle-subscriber-updates"}
"""Lou gives a server its own environment; the others go on after the call."""
_CHANCE = re.compile(r"\d+:\d\d:\d\d [AP]M")
_ARGUMENTS = {"string": "hello", "number": 1, "integer": 1, "boolean": False}


class Walk:
    """One client that asks for everything a server has."""

    def __init__(self, client: Lines) -> None:
        self.client = client
        self.said: list[str] = []
        self.found: dict[str, str] = {}

    async def ask(self, method: str, params: dict[str, Any], name: str = "") -> Any:
        number = self.client.send(method, params)
        while True:
            message = await asyncio.wait_for(self.client.line(), PATIENCE_S)
            if message.get("id") == number and "method" not in message:
                del message["id"]
                self.found[f"{method} {name}"] = _CHANCE.sub("*", json.dumps(message))
                return message.get("result", {})
            if "id" in message:
                self.said.append(message["method"])
                answer = {
                    "jsonrpc": "2.0",
                    "id": message["id"],
                    "result": ANSWERS[message["method"]],
                }
                self.client.writer.write(json.dumps(answer).encode() + b"\n")

    async def all(self) -> None:
        info = {"name": "bench", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": CAPABILITIES, "clientInfo": info}
        await self.ask("initialize", params)
        self.client.writer.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        for _ in range(3):  # what it lists depends on the roots that it asks for
            await self.ask("ping", {})
        listed = await self.ask("resources/list", {})
        await self.ask("resources/templates/list", {})
        for each in listed.get("resources", [])[:5]:
            await self.ask("resources/read", {"uri": each["uri"]}, each["uri"])
        for each in (await self.ask("prompts/list", {})).get("prompts", []):
            given = {argument["name"]: "1" for argument in each.get("arguments", [])}
            await self.ask("prompts/get", {"name": each["name"], "arguments": given}, each["name"])
        for tool in (await self.ask("tools/list", {}))["tools"]:
            if tool["name"] not in NOT_CALLED:
                call = {"name": tool["name"], "arguments": _arguments(tool["inputSchema"])}
                meta = {"_meta": {"progressToken": "token"}}
                await self.ask("tools/call", {**call, **meta}, tool["name"])


def _arguments(schema: dict[str, Any]) -> dict[str, Any]:
    known = schema.get("properties", {})
    found = {}
    for name in schema.get("required", []):
        kind = known[name].get("type")
        found[name] = known[name].get("enum", [_ARGUMENTS.get(str(kind), [])])[0]
    return found


async def _differences(command: Sequence[str]) -> tuple[list[str], int, int]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=-1, stdout=-1, stderr=-3, limit=1 << 26
    )
    assert process.stdin is not None
    assert process.stdout is not None
    direct = Walk(Lines(process.stdout, process.stdin))
    await direct.all()
    process.kill()
    await process.wait()
    settings = {"upstream": {"command": command[0], "args": list(command[1:])}}
    async with supervised("-m", "servers", "relay", "mine") as server:
        await server.ready(settings=settings)
        async with lines(server.socket) as client:
            through = Walk(client)
            await through.all()
    names = {*direct.found, *through.found}
    different = [name for name in names if direct.found.get(name) != through.found.get(name)]
    return different, len(names), len(direct.said) - len(through.said)


async def test_nothing_is_lost_of_the_reference_servers(home: Path, figure: Figures) -> None:
    packages = [f"@modelcontextprotocol/{name}@{version}" for name, version in PACKAGES.items()]
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], cwd=home, check=True
    )
    different: list[str] = []
    compared = unasked = 0
    for name in PACKAGES:
        program = str(home / f"node_modules/@modelcontextprotocol/{name}/dist/index.js")
        found, count, missing = await _differences(["node", program])
        different += [f"{name}: {each}" for each in found]
        compared, unasked = compared + count, unasked + abs(missing)
    what = f"relay: of {compared} answers of reference servers, different"
    figure(what, len(different), at_most=0)
    figure("relay: questions of reference servers that did not arrive", unasked, at_most=0)
    assert not different
