"""Builds the SDK's low-level `Server` for a service; all sessions share it.

In: the service, its toolbox and its subscriptions. Out: a `Server` with a handler per method.
`MCPServer` is not used: it checks arguments and results a second time and doubles the cost of a
call. What it would add (schemas, structured results, annotations) is in `servers.host.tools`.
"""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.shared.exceptions import MCPError

from servers.host.mcp.request_handling import COMPLETE, Context, client_of
from servers.host.mcp.resources_and_prompts import serve_prompts, serve_resources
from servers.host.mcp.subscriptions import Subscriptions
from servers.host.tools.service import JsonRpcError, Service
from servers.host.tools.toolbox import Caller, Toolbox

_HINTS = {
    **dict.fromkeys(
        ("tools/list", "resources/list", "resources/templates/list", "prompts/list"),
        CacheHint(ttl_ms=60_000, scope="private"),
    ),
    "resources/read": CacheHint(ttl_ms=0, scope="private"),
}


def build_server(service: Service, toolbox: Toolbox, subscriptions: Subscriptions) -> Server[Any]:
    server: Server[Any] = Server(
        service.name,
        version=service.version,
        title=service.title,
        instructions=service.instructions,
        cache_hints=_HINTS,  # type: ignore[arg-type]
    )
    # Replaces the SDK's tracing, which costs time with every message even when nobody traces.
    server.middleware[:] = [subscriptions.admit]
    _serve_tools(server, toolbox)
    _serve_subscriptions(server, subscriptions)
    serve_resources(server, tuple(service.resources))
    serve_prompts(server, {prompt.name: prompt for prompt in service.prompts})
    return server


def init_options(server: Server[Any]) -> Any:
    """The options that tell clients of the handshake era that every list may change."""
    return server.create_initialization_options(
        NotificationOptions(tools_changed=True, prompts_changed=True, resources_changed=True)
    )


def _serve_tools(server: Server[Any], toolbox: Toolbox) -> None:
    async def list_tools(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        return {**COMPLETE, "tools": [dict(tool.listing) for tool in toolbox.listed()]}

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> dict[str, Any]:
        async def report(done: float, total: float | None, message: str) -> None:
            await ctx.session.report_progress(done, total, message or None)

        client, version = client_of(ctx.session.client_params)
        try:
            result = await toolbox.call(
                params.name, params.arguments or {}, Caller(client, version, report)
            )
        except JsonRpcError as error:
            raise MCPError(error.code, error.message, error.data) from None
        return {**COMPLETE, **result.wire()}

    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)


def _serve_subscriptions(server: Server[Any], subscriptions: Subscriptions) -> None:
    async def listen(
        ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        return await subscriptions.listen(ctx, params)

    async def subscribe(ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        subscriptions.watch(str(params.uri), ctx.session)
        return types.EmptyResult()

    async def unsubscribe(
        ctx: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        subscriptions.unwatch(str(params.uri), ctx.session)
        return types.EmptyResult()

    server.add_request_handler(
        "subscriptions/listen", types.SubscriptionsListenRequestParams, listen
    )
    server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, subscribe)
    server.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, unsubscribe)
