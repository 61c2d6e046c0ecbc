"""Does once what every server with the SDK does at its start, in a process that forks such servers.

In: how the services are made. Out: nothing but memory: schemas, validators and modules that the
forks share instead of making each its own. Services are made, and not started.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from servers.host.hosted_server import HostedServer


def rehearse(builds: Iterable[Callable[[], Any]]) -> None:
    """Make each service, and answer the first requests of a client; leaves no loop behind."""
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: F401, PLC0415 - not on every system
    asyncio.run(_answer(builds))


async def _answer(builds: Iterable[Callable[[], Any]]) -> None:
    for build in builds:
        host = HostedServer(build(), lambda _event, _data: None)  # nobody listens
        host.show()
        await host.answers()
