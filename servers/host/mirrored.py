"""Requests that a mirrored server answers itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from servers.host.answering import COMPLETE, Context, bounded
from servers.host.service import Mirror, Refusal

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
    """Let `server` pass on what `mirror` offers, and answer the rest with nothing."""
    offers = mirror.offers()
    for kind, method, params_type in _MIRRORED:
        if kind in offers:
            server.add_request_handler(method, params_type, _passing_on(mirror, method))
        elif method in _EMPTY:
            empty = {**COMPLETE, _EMPTY[method]: []}
            server.add_request_handler(method, params_type, _answering(empty))


def _answering(result: dict[str, Any]) -> Callable[[Context, Any], Awaitable[dict[str, Any]]]:
    async def answer(ctx: Context, params: Any) -> dict[str, Any]:
        return result

    return answer


def _passing_on(mirror: Mirror, method: str) -> Callable[[Context, Any], Awaitable[dict[str, Any]]]:
    async def ask(ctx: Context, params: Any) -> dict[str, Any]:
        wanted = {key: value for key, value in (ctx.params or {}).items() if key != "_meta"}
        try:
            found = await bounded(f"The request {method}", mirror.ask(method, wanted))
        except Refusal as refused:
            raise MCPError(refused.code, refused.message, refused.data) from None
        return {**COMPLETE, **found}

    return ask
