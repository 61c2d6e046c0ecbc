from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.host.supervised import Supervised, supervised

UPSTREAM = str(Path(__file__).parent / "upstream_server.py")
SECRET = "gh-t0ken-of-the-user"


def entry(**more: Any) -> dict[str, Any]:
    """How the user's server is configured."""
    env = {"TOKEN": "${keyring:MY_TOKEN}"}
    return {"upstream": {"command": sys.executable, "args": [UPSTREAM], "env": env, **more}}


@asynccontextmanager
async def relay(settings: dict[str, Any]) -> AsyncIterator[Supervised]:
    async with supervised("-m", "servers", "relay", "mine") as server:
        await server.ready(keys={"MY_TOKEN": SECRET}, settings=settings)
        yield server


@pytest.fixture(params=["stdio", "http"])
async def mine(home: Path, request: pytest.FixtureRequest) -> AsyncIterator[Supervised]:
    """A relay of the same server, reached in either way."""
    if request.param == "stdio":
        async with relay(entry()) as server:
            yield server
        return
    async with served_over_http() as (url, _), relay({"upstream": {"url": url}}) as server:
        yield server


@asynccontextmanager
async def served_over_http() -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The user's server on a port, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, UPSTREAM, "http", str(port), stdout=-3, stderr=-3
    )
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):
                await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}/mcp", process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True
