"""The service in the official SDK's words: one low-level `Server` for all sessions.

The low-level server is used and not `MCPServer`, which checks arguments and results a second time
and costs twice as much a call. What it adds to ours (schemas, structured results, annotations,
prompts, templates) is in `schema`, `toolbox` and here.
"""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.shared.exceptions import MCPError

from servers.host.mcp.relay_handlers import serve_mirrored
from servers.host.mcp.request_handling import COMPLETE, Context, Watch, client_of
from servers.host.mcp.resources_and_prompts import serve_prompts, serve_resources
from servers.host.mcp.subscriptions import Subscriptions
from servers.host.tools.service import Mirror, Service, UpstreamError
from servers.host.tools.toolbox import Caller, Toolbox, UnknownToolError

_HINTS = {
    **dict.fromkeys(
        ("tools/list", "resources/list", "resources/templates/list", "prompts/list"),
        CacheHint(ttl_ms=60_000, scope="private"),
    ),
    "resources/read": CacheHint(ttl_ms=0, scope="private"),
}


def build_server(
    service: Service | Mirror, toolbox: Toolbox, audience: Subscriptions
) -> Server[Any]:
    """The SDK's server for `service`."""
    server: Server[Any] = Server(
        service.name,
        version=service.version,
        title=service.title,
        instructions=service.instructions,
        cache_hints=_HINTS,  # type: ignore[arg-type]
    )
    # The SDK puts a tracing span around every message, at a cost even when nobody traces.
    server.middleware[:] = [audience.admit]
    _serve_tools(server, toolbox)
    _serve_watching(server, audience, service.watch if isinstance(service, Mirror) else _watch)
    if isinstance(service, Mirror):
        serve_mirrored(server, service)
    else:
        serve_resources(server, tuple(service.resources))
        serve_prompts(server, {prompt.name: prompt for prompt in service.prompts})
    return server


def announced(server: Server[Any]) -> Any:
    """What handshake-era clients are told: that every list may change."""
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
            found = await toolbox.call(
                params.name, params.arguments or {}, Caller(client, version, report)
            )
        except UnknownToolError as unknown:
            raise MCPError(types.INVALID_PARAMS, str(unknown)) from None
        except UpstreamError as refused:
            raise MCPError(refused.code, refused.message, refused.data) from None
        return {**COMPLETE, **found.wire()}

    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)


async def _watch(uri: str) -> None:
    """A service tells of every change of its resources; there is nothing to ask for."""


def _serve_watching(server: Server[Any], audience: Subscriptions, watch: Watch) -> None:
    async def listen(
        ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        for uri in params.notifications.resource_subscriptions or ():
            await watch(uri)
        return await audience.listen(ctx, params)

    async def subscribe(ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        await watch(str(params.uri))
        audience.watch(str(params.uri), ctx.session)
        return types.EmptyResult()

    async def unsubscribe(
        ctx: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        audience.unwatch(str(params.uri), ctx.session)
        return types.EmptyResult()

    server.add_request_handler(
        "subscriptions/listen", types.SubscriptionsListenRequestParams, listen
    )
    server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, subscribe)
    server.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, unsubscribe)
