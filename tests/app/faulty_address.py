"""A server at an address whose faults a test chooses, and a client that calls it through Lou."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from aiohttp import web

from tests.app.faulty_command import FaultyCommand, result
from tests.app.running import Lou
from tests.host.clients import LIMIT, Lines
from tests.patience import PATIENCE_S

CONNECT = str(Path(sys.executable).with_name("lou-connect"))
_SLOW_S = 0.3


class FaultyAddress:
    """Listens on one port of loopback; `fault` is a key of `states`, or empty."""

    name = "web"
    states: ClassVar[dict[str, tuple[str, ...]]] = {
        "killed": ("backoff", "failed", "starting"),
        "restarted": ("ready",),
        "hung": ("ready", "unhealthy"),
        "404": ("ready",),
        "401": ("blocked",),
        "503": ("ready",),
        "slow": ("ready",),
    }
    """By fault: the states in which Lou may show the server while a client calls it."""

    def __init__(self) -> None:
        self.fault = ""
        self.port = 0
        self._mended = asyncio.Event()
        self._sessions: set[str] = set()
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    async def open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/mcp", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def close(self) -> None:
        """End as a killed process does: with every connection, and all that it knew."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()
        self._sessions.clear()

    async def begin(self, fault: str) -> None:
        self._mended.clear()
        self.fault = fault
        if fault in {"killed", "restarted"}:
            await self.close()
        if fault == "restarted":
            await self.open()
        elif fault == "404":
            self._sessions.clear()

    async def mend(self) -> None:
        self.fault = ""
        self._mended.set()
        if not self._runner:
            await self.open()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.fault == "hung":
            await self._mended.wait()
        elif self.fault == "slow":
            await asyncio.sleep(_SLOW_S)
        elif self.fault.startswith(("401", "503")):
            return web.Response(status=int(self.fault))
        if request.method != "POST":
            return web.Response(status=200 if request.method == "DELETE" else 405)
        message, session = json.loads(body), request.headers.get("Mcp-Session-Id", "")
        if message["method"] == "initialize":
            session = f"s{next(self._numbers)}"
            self._sessions.add(session)
        if session not in self._sessions:
            return web.Response(status=404)
        if "id" not in message:
            return web.Response(status=202)
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result(message)}
        return web.json_response(answer, headers={"Mcp-Session-Id": session})


class Caller:
    """One client on a bridge to the server `name`; `wrong` counts wrong answers."""

    def __init__(self, client: Lines) -> None:
        self._client = client
        self._numbers = itertools.count(1)
        self._marks: dict[int, str] = {}
        self.wrong = 0

    def call(self) -> int:
        """Call with a mark that no other call has; returns the request's id."""
        mark = f"mark {next(self._numbers)}"
        number = self._client.send("tools/call", {"name": "mark", "arguments": {"mark": mark}})
        self._marks[number] = mark
        return number

    @property
    def unanswered(self) -> set[int]:
        return {*self._marks}

    async def answer(self, number: int) -> bool:
        """Wait for the answer; returns whether it is a result, False if it is an error."""
        while True:
            message = await asyncio.wait_for(self._client.line(), PATIENCE_S)
            mark = self._marks.pop(message.get("id", 0), None)
            if mark is None:
                self.wrong += "method" not in message
                continue
            result = message.get("result")
            self.wrong += bool(result) and result["content"][0]["text"] != mark
            if message["id"] == number:
                return bool(result)


@asynccontextmanager
async def caller(lou: Lou, name: str) -> AsyncIterator[Caller]:
    process = await asyncio.create_subprocess_exec(
        CONNECT, name, stdin=-1, stdout=-1, stderr=-3, limit=LIMIT, env=lou.environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = Lines(process.stdout, process.stdin)
    await client.initialize()
    try:
        yield Caller(client)
    finally:
        process.stdin.close()
        await process.wait()


async def live_through(
    lou: Lou, server: FaultyAddress | FaultyCommand, client: Caller, fault: str
) -> bool:
    """Call during a fault and after it; returns whether the state was right each time.

    Raises:
        AssertionError: it was not, or the server did not come back by itself.
    """
    before = await asyncio.to_thread(lou.wait_for, server.name, "ready")
    await server.begin(fault)
    during = client.call()
    found = await asyncio.to_thread(lou.wait_for, server.name, *server.states[fault])
    if server.fault in {"exits in a call", "closes its stdout"}:
        await client.answer(during)
    await server.mend()
    if during in client.unanswered:
        await client.answer(during)
    async with asyncio.timeout(PATIENCE_S):
        while not await client.answer(client.call()):
            await asyncio.sleep(0.1)
    after = await asyncio.to_thread(lou.wait_for, server.name, "ready")
    if isinstance(server, FaultyCommand):
        return (after["pid"] != before["pid"]) == (fault in server.ending)
    return bool(found)
