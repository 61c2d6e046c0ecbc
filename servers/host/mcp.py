"""The service in the official SDK's words: one low-level `Server` for all sessions.

The low-level server is used and not `MCPServer`, which checks arguments and results a second time
and costs twice as much a call. What it adds to ours (schemas, structured results, annotations,
prompts, templates) is in `schema`, `toolbox` and here.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from servers.host.redact import redact
from servers.host.service import Mirror, Prompt, Refusal, Resource, Service, ToolFailure
from servers.host.toolbox import Caller, Toolbox, UnknownTool

log = logging.getLogger(__name__)

_READ_WITHIN_S = 50.0
_NOT_FOUND = -32002
_MOST_LISTENERS = 100_000
_HINTS = {
    **dict.fromkeys(
        ("tools/list", "resources/list", "resources/templates/list", "prompts/list"),
        CacheHint(ttl_ms=60_000, scope="private"),
    ),
    "resources/read": CacheHint(ttl_ms=0, scope="private"),
}
_COMPLETE = {"resultType": "complete"}
"""What the SDK wants in a result that is not one of its models; it drops it for old clients."""
_CHANGED: dict[str, Callable[[], ServerEvent]] = {
    "tools": ToolsListChanged,
    "resources": ResourcesListChanged,
    "prompts": PromptsListChanged,
}

Context = ServerRequestContext[Any, Any]
Watch = Callable[[str], Awaitable[None]]


class Audience:
    """Every client that wants to hear of changes, of both eras.

    Handshake-era sessions are kept by the SDK's own connection, which has no public name for
    "until it closes".
    """

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self.bus, max_subscriptions=_MOST_LISTENERS)
        self._sessions: dict[int, ServerSession] = {}
        self._watching: dict[str, dict[int, ServerSession]] = {}

    async def admit(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Middleware: remember a handshake-era client once it has initialized."""
        result = await call_next(ctx)
        if (
            ctx.method == "notifications/initialized"
            and ctx.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
        ):
            connection = ctx.session._connection
            self._sessions[id(connection)] = ctx.session
            connection.exit_stack.callback(self._leave, id(connection))
        return result

    def _leave(self, key: int) -> None:
        self._sessions.pop(key, None)
        for watchers in self._watching.values():
            watchers.pop(key, None)

    def watch(self, uri: str, session: ServerSession) -> None:
        """Tell `session` when the resource at `uri` changes."""
        self._watching.setdefault(uri, {})[id(session._connection)] = session

    def unwatch(self, uri: str, session: ServerSession) -> None:
        """Stop telling it."""
        self._watching.get(uri, {}).pop(id(session._connection), None)

    async def list_changed(self, kind: str) -> None:
        """Tell everybody that the list of `kind` is another one."""
        await self.bus.publish(_CHANGED[kind]())
        method = f"notifications/{kind}/list_changed"
        for session in tuple(self._sessions.values()):
            await session._connection.notify(method, None)

    async def resource_changed(self, uri: str) -> None:
        """Tell those who watch `uri`."""
        await self.bus.publish(ResourceUpdated(uri=uri))
        for session in tuple(self._watching.get(uri, {}).values()):
            await session.send_resource_updated(uri)


def build_server(service: Service | Mirror, toolbox: Toolbox, audience: Audience) -> Server[Any]:
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
        _serve_mirrored(server, service)
    else:
        _serve_resources(server, tuple(service.resources))
        _serve_prompts(server, {prompt.name: prompt for prompt in service.prompts})
    return server


def announced(server: Server[Any]) -> Any:
    """What handshake-era clients are told: that every list may change."""
    return server.create_initialization_options(
        NotificationOptions(tools_changed=True, prompts_changed=True, resources_changed=True)
    )


def client_of(session: ServerSession) -> tuple[str, str]:
    """The name and version the client gave itself."""
    known = session.client_params
    return (known.client_info.name, known.client_info.version) if known else ("unknown", "")


def _serve_tools(server: Server[Any], toolbox: Toolbox) -> None:
    async def list_tools(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        return {**_COMPLETE, "tools": [dict(tool.listing) for tool in toolbox.listed()]}

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> dict[str, Any]:
        async def report(done: float, total: float | None, message: str) -> None:
            await ctx.session.report_progress(done, total, message or None)

        client, version = client_of(ctx.session)
        try:
            found = await toolbox.call(
                params.name, params.arguments or {}, Caller(client, version, report)
            )
        except UnknownTool as unknown:
            raise MCPError(types.INVALID_PARAMS, str(unknown)) from None
        except Refusal as refused:
            raise MCPError(refused.code, refused.message, refused.data) from None
        return {**_COMPLETE, **found.wire()}

    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)


async def _watch(uri: str) -> None:
    """A service tells of every change of its resources; there is nothing to ask for."""


def _serve_watching(server: Server[Any], audience: Audience, watch: Watch) -> None:
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


def _serve_resources(server: Server[Any], resources: tuple[Resource, ...]) -> None:
    fixed = {found.uri: found for found in resources if "{" not in found.uri}
    templates = [(_pattern(found.uri), found) for found in resources if "{" in found.uri]

    async def list_fixed(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        listed = [{"uri": found.uri, **_facts(found)} for found in fixed.values()]
        return {**_COMPLETE, "resources": listed}

    async def list_templates(ctx: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        listed = [{"uriTemplate": found.uri, **_facts(found)} for _, found in templates]
        return {**_COMPLETE, "resourceTemplates": listed}

    async def read(ctx: Context, params: types.ReadResourceRequestParams) -> dict[str, Any]:
        uri = str(params.uri)
        found, names = _matching(uri, fixed, templates)
        if found is None:
            modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
            code = types.INVALID_PARAMS if modern else _NOT_FOUND
            raise MCPError(code, f"No resource is at {uri[:200]!r}.", {"uri": uri})
        text = await _bounded(f"The resource {uri[:200]}", found.read(**names))
        return {**_COMPLETE, "contents": [{"uri": uri, "mimeType": found.mime_type, "text": text}]}

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
        return {**_COMPLETE, "prompts": [_prompt(prompt) for prompt in prompts.values()]}

    async def get_prompt(ctx: Context, params: types.GetPromptRequestParams) -> dict[str, Any]:
        prompt = prompts.get(params.name)
        if prompt is None:
            known = ", ".join(prompts) or "none"
            said = f"No prompt is called {params.name[:80]!r}. There are: {known}."
            raise MCPError(types.INVALID_PARAMS, said)
        given = params.arguments or {}
        if missing := [name for name in prompt.arguments if name not in given]:
            raise MCPError(types.INVALID_PARAMS, f"Missing arguments: {', '.join(missing)}.")
        text = prompt.render(**{name: given[name] for name in prompt.arguments})
        message = {"role": "user", "content": {"type": "text", "text": text}}
        return {**_COMPLETE, "description": prompt.description, "messages": [message]}

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


def _serve_mirrored(server: Server[Any], mirror: Mirror) -> None:
    offers = mirror.offers()
    for kind, method, params_type in _MIRRORED:
        if kind in offers:
            server.add_request_handler(method, params_type, _passing_on(mirror, method))
        elif method in _EMPTY:
            empty = {**_COMPLETE, _EMPTY[method]: []}
            server.add_request_handler(method, params_type, _answering(empty))


def _answering(result: dict[str, Any]) -> Callable[[Context, Any], Awaitable[dict[str, Any]]]:
    async def answer(ctx: Context, params: Any) -> dict[str, Any]:
        return result

    return answer


def _passing_on(mirror: Mirror, method: str) -> Callable[[Context, Any], Awaitable[dict[str, Any]]]:
    async def ask(ctx: Context, params: Any) -> dict[str, Any]:
        wanted = {key: value for key, value in (ctx.params or {}).items() if key != "_meta"}
        try:
            found = await _bounded(f"The request {method}", mirror.ask(method, wanted))
        except Refusal as refused:
            raise MCPError(refused.code, refused.message, refused.data) from None
        return {**_COMPLETE, **found}

    return ask


async def _bounded(what: str, work: Awaitable[Any]) -> Any:
    """`work`, with its failures in words and an end in sight."""
    try:
        async with asyncio.timeout(_READ_WITHIN_S):
            return await work
    except TimeoutError:
        said = f"{what} was not answered within {_READ_WITHIN_S:g} s."
        raise MCPError(types.INTERNAL_ERROR, said) from None
    except ToolFailure as failed:
        raise MCPError(types.INVALID_PARAMS, redact(failed.message), failed.data) from None
