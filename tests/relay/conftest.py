"""Relays of one small server of the user's, reached by a command or at an address."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.host.supervised import Supervised, supervised
from tests.patience import PATIENCE_S

UPSTREAM = str(Path(__file__).parent / "upstream_server.py")
SECRET = "gh-t0ken-of-the-user"


def entry(**more: Any) -> dict[str, Any]:
    """How the user's server is configured."""
    env = {"TOKEN": "${keyring:MY_TOKEN}"}
    return {"upstream": {"command": sys.executable, "args": [UPSTREAM], "env": env, **more}}


@asynccontextmanager
async def relay(settings: dict[str, Any], **env: str) -> AsyncIterator[Supervised]:
    async with supervised("-m", "servers", "relay", "mine", env=env) as server:
        await server.ready(keys={"MY_TOKEN": SECRET}, settings=settings)
        yield server


@pytest.fixture(scope="module", params=["stdio", "http"])
async def shared_relay(request: pytest.FixtureRequest) -> AsyncIterator[Supervised]:
    """A relay of the same server, reached in either way; one for the tests of a module."""
    folder = tempfile.mkdtemp(prefix="lou-", dir="/tmp")
    async with AsyncExitStack() as stack:
        settings = entry()
        if request.param == "http":
            url, _ = await stack.enter_async_context(served_over_http())
            settings = {"upstream": {"url": url}}
        yield await stack.enter_async_context(relay(settings, LOU_HOME=folder))
    shutil.rmtree(folder)


@pytest.fixture
async def mine(shared_relay: Supervised) -> Supervised:
    """That relay; what it said before this test is forgotten."""
    await shared_relay.forget()
    return shared_relay


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
        async with asyncio.timeout(PATIENCE_S):
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
