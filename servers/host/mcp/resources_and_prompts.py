"""Handlers for resources and prompts on the SDK's server.

In: the resources and prompts of a service. Out: request handlers, which answer from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from servers.host.mcp.request_handling import COMPLETE, Context, bounded
from servers.host.redact import excerpt
from servers.host.tools.service import Prompt, Resource

_NOT_FOUND = -32002


def serve_resources(server: Server[Any], resources: tuple[Resource, ...]) -> None:
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


def serve_prompts(server: Server[Any], prompts: Mapping[str, Prompt]) -> None:

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
