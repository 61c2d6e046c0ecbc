"""Small servers on loopback that misbehave in exactly one way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from servers.outbound.http import HttpClient

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    opened = HttpClient("Lou/test")
    yield opened
    await opened.close()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Serve raw connections; the port."""
    async with AsyncExitStack() as stack:

        async def begin(handle: Serve, host: str = "127.0.0.1", port: int = 0) -> int:
            tasks: set[asyncio.Task[None]] = set()

            async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                tasks.add(task)
                try:
                    await handle(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    pass
                finally:
                    tasks.discard(task)
                    writer.close()

            server = await asyncio.start_server(kept, host, port, backlog=512)

            async def end() -> None:
                server.close()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

            stack.push_async_callback(end)
            return int(server.sockets[0].getsockname()[1])

        yield begin


async def head(reader: asyncio.StreamReader) -> bytes:
    """The request's first lines; its body stays unread."""
    return await reader.readuntil(b"\r\n\r\n")


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += ["Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
