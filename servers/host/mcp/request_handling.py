"""What the request handlers of the SDK's server share: types, a time limit, error wording."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from servers.host.redact import redact
from servers.host.tools.service import ToolError

Context = ServerRequestContext[Any, Any]

COMPLETE = {"resultType": "complete"}
"""The SDK requires this in a result that is not one of its models; old clients do not get it."""
_WITHIN_S = 50.0


def client_of(known: types.InitializeRequestParams | None) -> tuple[str, str]:
    """The name and version in the client's `clientInfo`."""
    return (known.client_info.name, known.client_info.version) if known else ("unknown", "")


async def bounded(what: str, work: Awaitable[Any], not_found: int = types.INVALID_PARAMS) -> Any:
    """The result of `work`; `not_found` is the error code for a ToolError of that kind.

    Raises:
        MCPError: `work` raised a ToolError, or took longer than 50 s.
    """
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await work
    except TimeoutError:
        why = f"{what} was not answered within {_WITHIN_S:g} s."
        raise MCPError(types.INTERNAL_ERROR, why) from None
    except ToolError as failed:
        code = not_found if failed.kind == "not_found" else types.INVALID_PARAMS
        raise MCPError(code, redact(failed.message), failed.data) from None
