"""Requests that a mirrored server answers itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from servers.host.mcp.request_handling import COMPLETE, Context, bounded
from servers.host.tools.service import Mirror, UpstreamError

_MIRRORED: tuple[tuple[str, str, Any], ...] = (
    ("resources", "resources/list", types.PaginatedRequestParams),
    ("resources", "resources/templates/list", types.PaginatedRequestParams),
    ("resources", "resources/read", types.ReadResourceRequestParams),
    ("prompts", "prompts/list", types.PaginatedRequestParams),
    ("prompts", "prompts/get", types.GetPromptRequestParams),
    ("completions", "completion/complete", types.CompleteRequestParams),
)
_EMPTY = {
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}


def serve_mirrored(server: Server[Any], mirror: Mirror) -> None:
    """Let `server` pass on what `mirror` offers, and answer for lists it does not have."""
    for kind, method, params_type in _MIRRORED:
        if method in _EMPTY or kind in mirror.offers():
            server.add_request_handler(method, params_type, _passing_on(mirror, kind, method))


def _passing_on(
    mirror: Mirror, kind: str, method: str
) -> Callable[[Context, Any], Awaitable[dict[str, Any]]]:
    async def ask(ctx: Context, params: Any) -> dict[str, Any]:
        if method in _EMPTY and kind not in mirror.offers():
            # Some clients take a refused list for a broken server.
            return {**COMPLETE, _EMPTY[method]: []}
        wanted = {key: value for key, value in (ctx.params or {}).items() if key != "_meta"}
        try:
            found = await bounded(f"The request {method}", mirror.ask(method, wanted))
        except UpstreamError as refused:
            raise MCPError(refused.code, refused.message, refused.data) from None
        return {**COMPLETE, **found}

    return ask
