"""Builds the SDK's low-level `Server` for a service; all sessions share it.

In: the service, its toolbox and its subscriptions. Out: a `Server` with a handler per method.
`MCPServer` is not used: it checks arguments and results a second time and doubles the cost of a
call. What it would add (schemas, structured results, annotations) is in `servers.host.tools`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from servers.host.mcp.request_handling import COMPLETE, Context, bounded, client_of
from servers.host.mcp.subscriptions import Subscriptions
from servers.host.redact import excerpt
from servers.host.tools.service import JsonRpcError, Prompt, Resource, Service
from servers.host.tools.toolbox import Caller, Toolbox

_NOT_FOUND = -32002
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
    _serve_resources(server, tuple(service.resources))
    _serve_prompts(server, {prompt.name: prompt for prompt in service.prompts})
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
    async def subscribe(ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        subscriptions.watch(str(params.uri), ctx.session)
        return types.EmptyResult()

    async def unsubscribe(
        ctx: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        subscriptions.unwatch(str(params.uri), ctx.session)
        return types.EmptyResult()

    server.add_request_handler(
        "subscriptions/listen", types.SubscriptionsListenRequestParams, subscriptions.listen
    )
    server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, subscribe)
    server.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, unsubscribe)


def _serve_resources(server: Server[Any], resources: tuple[Resource, ...]) -> None:
    fixed = {found.uri: found for found in resources if "{" not in found.uri}
    templates = [(_pattern(found.uri), found) for found in resources if "{" in found.uri]

    async def list_fixed(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        listed = [{"uri": found.uri, **_facts(found)} for found in fixed.values()]
        return {**COMPLETE, "resources": listed}

    async def list_templates(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        listed = [{"uriTemplate": found.uri, **_facts(found)} for _, found in templates]
        return {**COMPLETE, "resourceTemplates": listed}

    async def read(ctx: Context, params: types.ReadResourceRequestParams) -> dict[str, Any]:
        uri = str(params.uri)
        found, names = _matching(uri, fixed, templates)
        modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        absent = types.INVALID_PARAMS if modern else _NOT_FOUND
        if found is None:
            raise MCPError(absent, f"No resource is at {excerpt(uri, 200)!r}.", {"uri": uri})
        text = await bounded(f"The resource {excerpt(uri, 200)}", found.read(**names), absent)
        return {**COMPLETE, "contents": [{"uri": uri, "mimeType": found.mime_type, "text": text}]}

    server.add_request_handler("resources/list", types.PaginatedRequestParams, list_fixed)
    server.add_request_handler(
        "resources/templates/list", types.PaginatedRequestParams, list_templates
    )
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read)


def _matching(
    uri: str, fixed: Mapping[str, Resource], templates: list[tuple[re.Pattern[str], Resource]]
) -> tuple[Resource | None, dict[str, str]]:
    if uri in fixed:
        return fixed[uri], {}
    for pattern, found in templates:
        if match := pattern.fullmatch(uri):
            return found, match.groupdict()
    return None, {}


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(
            f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part)
            for index, part in enumerate(parts)
        )
    )


def _facts(found: Resource) -> dict[str, str]:
    return {
        "name": found.name,
        "title": found.title,
        "description": found.description,
        "mimeType": found.mime_type,
    }


def _serve_prompts(server: Server[Any], prompts: Mapping[str, Prompt]) -> None:
    async def list_prompts(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        return {**COMPLETE, "prompts": [_prompt(prompt) for prompt in prompts.values()]}

    async def get_prompt(ctx: Context, params: types.GetPromptRequestParams) -> dict[str, Any]:
        prompt = prompts.get(params.name)
        if prompt is None:
            known = ", ".join(prompts) or "none"
            why = f"No prompt is called {excerpt(params.name, 80)!r}. There are: {known}."
            raise MCPError(types.INVALID_PARAMS, why)
        given = params.arguments or {}
        if missing := [name for name in prompt.arguments if name not in given]:
            raise MCPError(types.INVALID_PARAMS, f"Missing arguments: {', '.join(missing)}.")
        text = prompt.render(**{name: given[name] for name in prompt.arguments})
        message = {"role": "user", "content": {"type": "text", "text": text}}
        return {**COMPLETE, "description": prompt.description, "messages": [message]}

    server.add_request_handler("prompts/list", types.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", types.GetPromptRequestParams, get_prompt)


def _prompt(prompt: Prompt) -> dict[str, Any]:
    arguments = [
        {"name": name, "description": meaning, "required": True}
        for name, meaning in prompt.arguments.items()
    ]
    return {
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        "arguments": arguments,
    }
