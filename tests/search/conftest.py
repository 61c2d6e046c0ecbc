"""A world of stand-ins and search servers that know no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from servers.host.tools import calls
from servers.host.tools.service import Configuration
from servers.search.server import SearchServer, build
from servers.search.tools import Tools
from tests.search.standins.world import World, world


class Running:
    """A search server in this process, over the world."""

    def __init__(self, server: SearchServer, place: World, folder: Path) -> None:
        self.server = server
        self.world = place
        self.folder = folder
        self.tools: Tools = server._tools

    def settings(self, **more: Any) -> dict[str, Any]:
        folders = {"cache": str(self.folder), "data": str(self.folder)}
        return self.world.settings(folders=folders, **more)

    async def start(self, keys: dict[str, str], **more: Any) -> None:
        await self.server.start(Configuration(keys=keys, settings=self.settings(**more)))

    async def configure(self, keys: dict[str, str], **more: Any) -> None:
        await self.server.configure(Configuration(keys=keys, settings=self.settings(**more)))

    def forget_answers(self) -> Awaitable[Any]:
        return self.tools.clear_cache()


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def place() -> AsyncIterator[World]:
    async with world() as made:
        yield made


@pytest.fixture
async def start(place: World, tmp_path: Path) -> AsyncIterator[Start]:
    """Start a search server: `await start({"BRAVE_API_KEY": ...}, chain=[...])`."""
    async with AsyncExitStack() as stack:

        async def begin(keys: dict[str, str] | None = None, **more: Any) -> Running:
            running = Running(build(), place, tmp_path)
            await running.start(keys or {}, **more)
            stack.push_async_callback(running.server.stop)
            return running

        yield begin


@pytest.fixture
def emitted() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The events that were sent to the app."""
    heard: list[tuple[str, dict[str, Any]]] = []
    calls.connect(calls.HostCallbacks(emit=lambda event, data: heard.append((event, data))))
    yield heard
    calls.connect(calls.HostCallbacks())


@pytest.fixture
def now() -> Callable[[], float]:
    return lambda: asyncio.get_running_loop().time()
