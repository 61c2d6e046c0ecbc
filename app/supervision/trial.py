"""Starts a server once that is not in config.json, to see whether it works.

In: its entry. Out: the tools that it listed, or why it did not start. Nothing is saved.
"""

from __future__ import annotations

import asyncio
from typing import Any

from app.config.config_model import ServerEntry
from app.errors import ServerError
from app.supervision import tool_calls
from app.supervision.reconciler import Reconciler
from app.supervision.supervisor import Supervisor
from app.views import ServerState, ServerStatus

NAME = "_trial"
_WITHIN_S = 90.0
"""A first `npx` or `uvx` downloads its package."""
_ENDED = (ServerState.BLOCKED, ServerState.BACKOFF, ServerState.FAILED)


async def tools_of(
    supervisor: Supervisor, reconciler: Reconciler, entry: ServerEntry
) -> list[dict[str, Any]]:
    """Start the server, list its tools, stop it; raises ServerError if it fails or lacks one."""
    with reconciler.trying(NAME, entry):
        supervisor.add(NAME)
        try:
            supervisor.want(NAME, True)
            status = await _result(supervisor)
            if status.state is not ServerState.READY:
                raise _refusal(status)
            return await tool_calls.listed(supervisor, NAME, ())
        finally:
            await asyncio.shield(supervisor.remove(NAME))


async def _result(supervisor: Supervisor) -> ServerStatus:
    """The status of the server once it is ready or has failed for the first time."""
    changed = asyncio.Event()
    unsubscribe = supervisor.changed.subscribe(lambda _name: changed.set())
    try:
        async with asyncio.timeout(_WITHIN_S):
            while True:
                changed.clear()
                status = supervisor.observed(NAME)
                if status.state is ServerState.READY or status.state in _ENDED:
                    return status
                await changed.wait()
    except TimeoutError:
        return supervisor.observed(NAME)
    finally:
        unsubscribe()


def _refusal(status: ServerStatus) -> ServerError:
    trouble = status.trouble
    if trouble is None:
        return ServerError(
            f"The server was not ready within {_WITHIN_S:.0f} s.",
            "Check its command; a first start may have to download its program.",
            code="timed_out",
        )
    return ServerError(trouble.message.replace(NAME, "The server"), trouble.hint, code=trouble.code)
