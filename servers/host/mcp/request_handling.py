"""What every request handler of the SDK's server shares: its types, its time, its failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from servers.host.redact import redact
from servers.host.tools.service import ToolError

Context = ServerRequestContext[Any, Any]
Watch = Callable[[str], Awaitable[None]]

COMPLETE = {"resultType": "complete"}
"""What the SDK wants in a result that is not one of its models; it drops it for old clients."""
_WITHIN_S = 50.0


def client_of(known: types.InitializeRequestParams | None) -> tuple[str, str]:
    """The name and version a client gave itself."""
    return (known.client_info.name, known.client_info.version) if known else ("unknown", "")


async def bounded(what: str, work: Awaitable[Any], absent: int = types.INVALID_PARAMS) -> Any:
    """`work`, with its failures in words and an end in sight; `absent` is said of what is not."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await work
    except TimeoutError:
        said = f"{what} was not answered within {_WITHIN_S:g} s."
        raise MCPError(types.INTERNAL_ERROR, said) from None
    except ToolError as failed:
        code = absent if failed.kind == "not_found" else types.INVALID_PARAMS
        raise MCPError(code, redact(failed.message), failed.data) from None
