"""Ways to reach a server as a client: the official SDK over the socket, and bare lines."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as types
from mcp.shared.message import SessionMessage

from tests.patience import PATIENCE_S

LIMIT = 1 << 25


@asynccontextmanager
async def over_socket(path: str) -> AsyncIterator[Any]:
    """A transport of the official client to the Unix socket at `path`."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LIMIT)
    inward, incoming = anyio.create_memory_object_stream[Any](100)
    outgoing, outward = anyio.create_memory_object_stream[Any](100)

    async def pump_in() -> None:
        while line := await reader.readline():
            message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            await inward.send(SessionMessage(message))
        inward.close()

    async def pump_out() -> None:
        async for item in outward:
            line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
            writer.write(line.encode() + b"\n")
            await writer.drain()

    tasks = (asyncio.create_task(pump_in()), asyncio.create_task(pump_out()))
    try:
        yield incoming, outgoing
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in (inward, incoming, outgoing, outward):
            stream.close()
        writer.close()


class Lines:
    """JSON-RPC by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.numbers = itertools.count(1)

    async def line(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), PATIENCE_S)
        assert line, "the server hung up"
        return json.loads(line)

    def send(self, method: str, params: Any = None, **more: Any) -> int:
        number = next(self.numbers)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}, **more}
        self.writer.write(json.dumps(message).encode() + b"\n")
        return number

    async def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        """The whole answer; notifications on the way are left out."""
        number = self.send(method, params)
        while True:
            answer = await self.line()
            if answer.get("id") == number:
                return answer

    async def initialize(self, version: str = "2025-11-25", name: str = "test") -> dict[str, Any]:
        params = {
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": name, "version": "1"},
        }
        answer = await self.ask("initialize", params)
        self.writer.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return answer


@asynccontextmanager
async def lines(path: str) -> AsyncIterator[Lines]:
    reader, writer = await asyncio.open_unix_connection(path, limit=LIMIT)
    try:
        yield Lines(reader, writer)
    finally:
        writer.close()


def envelope(version: str = "2026-07-28", name: str = "modern") -> dict[str, Any]:
    """The `_meta` of a 2026-07-28 request."""
    return {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": name, "version": "2"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
