"""A provider that is sick in one of eight ways; it speaks SearXNG when it speaks at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from servers.outbound.failure import Kind
from tests.search.standins import samples

_GOOD = json.dumps(samples.SEARXNG_OK).encode()
_LIE = b'{"error": "internal error", "results": null}'

TRUTHS: dict[str, set[Kind]] = {
    "dead": {Kind.UNREACHABLE},
    "silent": {Kind.TIMEOUT},
    "slow": {Kind.TIMEOUT},
    "flapping": {Kind.UPSTREAM},
    "limited": {Kind.RATE_LIMITED},
    "truncated": {Kind.UPSTREAM},
    "lying": {Kind.UPSTREAM},
    "garbage": {Kind.UPSTREAM},
}
"""The eight kinds, and what may truthfully be said of each."""


@dataclass
class Sick:
    """What it was asked; `asked` counts requests, or connections where none could be read."""

    kind: str
    base_url: str = ""
    asked: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await self._misbehave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _misbehave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.kind:
            case "silent":
                await reader.read(-1)
            case "slow":
                writer.write(_reply(_GOOD)[:-200])
                for _ in range(600):
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            case "flapping":
                writer.write(_reply(_GOOD) if self.asked % 2 else _reply(b"", "503 Unavailable"))
            case "limited":
                writer.write(_reply(b"Too Many Requests", "429 Too Many Requests"))
            case "truncated":
                writer.write(_reply(_GOOD)[:-500])
            case "lying":
                writer.write(_reply(_LIE))
            case "garbage":
                writer.write(b"\x16\x03\x01\x02\x00garbage\r\n\r\n")
        await writer.drain()


@asynccontextmanager
async def sick(kind: str) -> AsyncIterator[Sick]:
    """A provider of that kind while the block lasts."""
    made = Sick(kind)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    made.base_url = f"http://127.0.0.1:{port}"
    if kind == "dead":
        server.close()
        await server.wait_closed()
    try:
        yield made
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


def _reply(body: bytes, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body
