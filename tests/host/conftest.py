"""The echo server as a supervised process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.host.supervised import Supervised, supervised

KEY = "s3cr3t-value-of-test"


@pytest.fixture(scope="module")
async def shared_echo() -> AsyncIterator[Supervised]:
    """The echo server, ready; one for the tests of a module."""
    folder = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
    env = {"HOME": str(folder), "LOU_HOME": str(folder / "lou")}
    try:
        async with supervised(env=env) as server:
            await server.ready(keys={"TEST_KEY": KEY})
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def echo(shared_echo: Supervised) -> Supervised:
    """The shared echo server; what it said before this test is forgotten."""
    await shared_echo.request("configure", keys={"TEST_KEY": KEY})
    await shared_echo.forget()
    return shared_echo


@pytest.fixture
async def own_echo(home: Path) -> AsyncIterator[Supervised]:
    """An echo server for one test, ready."""
    async with supervised() as server:
        await server.ready(keys={"TEST_KEY": KEY})
        yield server
