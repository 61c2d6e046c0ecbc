"""A real server process, supervised by a test over its stdin and stdout."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
ECHO = (str(ROOT / "tests" / "host" / "echo.py"),)


class Supervised:
    """Its messages are kept; wait for one with `event`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.raw: list[bytes] = []
        self.errors = b""
        self._numbers = itertools.count()
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Condition()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._overhear())]
        self._seen: dict[str, int] = {}
        self.socket = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    async def forget(self) -> None:
        """Start anew: no client is left of before, and nothing it said is remembered."""
        while len(self.all("client_left")) < len(
            {c["session"] for c in self.all("client_connected")}
        ):
            await self.event("client_left")
        self.events.clear()
        self.raw.clear()
        self._seen.clear()

    def all(self, event: str) -> list[dict[str, Any]]:
        return [data for name, data in self.events if name == event]

    async def event(self, name: str, **wanted: Any) -> dict[str, Any]:
        """The first event of that name (and content) that has not been waited for yet."""

        def found() -> dict[str, Any] | None:
            for index in range(self._seen.get(name, 0), len(self.events)):
                event, data = self.events[index]
                if event == name and wanted.items() <= data.items():
                    self._seen[name] = index + 1
                    return data
            return None

        async with self._news, asyncio.timeout(PATIENCE_S):
            while (data := found()) is None:
                await self._news.wait()
            return data

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)

    def send(self, method: str, **params: Any) -> str:
        name = f"t{next(self._numbers)}"
        self._answers[name] = asyncio.get_running_loop().create_future()
        message = {"type": "request", "id": name, "method": method, "params": params}
        self.write(json.dumps(message).encode() + b"\n")
        return name

    async def answer(self, name: str) -> dict[str, Any]:
        """The whole response or error message."""
        return await asyncio.wait_for(self._answers[name], PATIENCE_S)

    async def request(self, method: str, **params: Any) -> dict[str, Any]:
        answer = await self.answer(self.send(method, **params))
        assert answer["type"] == "response", answer
        return answer["result"]

    async def ready(self, **configuration: Any) -> dict[str, Any]:
        self.send("configure", **configuration)
        ready = await self.event("ready")
        self.socket = str(ready["endpoint"])
        return ready

    async def ended(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.exited()

    async def exited(self) -> int:
        code = await asyncio.wait_for(self.process.wait(), PATIENCE_S)
        await asyncio.wait(self._tasks, timeout=PATIENCE_S)
        return code

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.raw.append(line)
            message = json.loads(line)
            if message["type"] == "event":
                async with self._news:
                    self.events.append((message["event"], message["data"]))
                    self._news.notify_all()
            elif message["id"] in self._answers:
                self._answers[message["id"]].set_result(message)
            else:
                async with self._news:
                    self.events.append(("stray", message))
                    self._news.notify_all()

    async def _overhear(self) -> None:
        assert self.process.stderr is not None
        self.errors = await self.process.stderr.read()


@asynccontextmanager
async def supervised(
    *arguments: str, env: dict[str, str] | None = None, preexec: Any = None
) -> AsyncIterator[Supervised]:
    """`arguments` are of the interpreter; without any it is the echo server."""
    argv = (*(arguments or ECHO), "--lou-instance=test")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *argv, stdin=-1, stdout=-1, stderr=-1, limit=1 << 24, cwd=ROOT,
        env={**os.environ, **(env or {})}, preexec_fn=preexec,
    )  # fmt: skip
    server = Supervised(process)
    try:
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await server.exited()
