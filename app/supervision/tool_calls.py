"""Lists and calls the tools of a server for the faces of the app; clients call them directly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from app.errors import ServerError, did_you_mean
from app.supervision.supervisor import Supervisor
from app.views import ANSWERING, Answer, ServerState
from servers.contract import endpoint, messages, ownership

_LISTS_WITHIN_S = 10.0
_MARGIN_S = 5.0


async def listed(supervisor: Supervisor, name: str, disabled: tuple[str, ...]) -> list[Any]:
    """The tools, with messages.TOOL_FIELDS; of a server that does not run, those it had last."""
    if supervisor.observed(name).state in ANSWERING:
        answer = await supervisor.request(name, messages.LIST_TOOLS, {}, _LISTS_WITHIN_S)
        return list(answer.get("tools", ()))
    return remembered(name, disabled)


def masked(tools: list[Any], redact: Callable[[str], str]) -> list[Any]:
    """`tools`, with all titles and descriptions in them as they may be shown."""
    return [_masked(tool, redact) for tool in tools]


def _masked(found: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(found, list):
        return masked(found, redact)
    if not isinstance(found, dict):
        return found
    return {
        name: redact(each)
        if name in {"title", "description"} and isinstance(each, str)
        else _masked(each, redact)
        for name, each in found.items()
    }


def remembered(name: str, disabled: tuple[str, ...]) -> list[Any]:
    """The tools that the server listed when it was last ready."""
    try:
        found = json.loads(ownership.read(endpoint.answers_file(name)))
        tools = found["tools"]["tools"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [_fields(tool, disabled) for tool in tools if isinstance(tool, Mapping)]


async def call(
    supervisor: Supervisor,
    name: str,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    timeout_s: float,
    own: bool,
) -> Answer:
    """Call a tool, once the server has started; cancelling this cancels the call in the server.

    `own` says that no person asked for it, so that nothing counts it.

    Raises:
        ServerError: there is no such server or tool, or it gave no answer.
    """
    began = time.perf_counter()
    if supervisor.observed(name).state is ServerState.STARTING:
        await supervisor.settled(name, timeout_s)
    timeout_s = max(1.0, timeout_s - (time.perf_counter() - began))
    params = {"name": tool, "arguments": dict(arguments), "timeout_s": timeout_s}
    params["own"] = own
    answer = await supervisor.request(name, messages.CALL_TOOL, params, timeout_s + _MARGIN_S)
    return Answer(
        status=str(answer.get("status", "success")),
        data=answer.get("data"),
        text=str(answer.get("text") or ""),
        is_error=bool(answer.get("is_error")),
        ms=(time.perf_counter() - began) * 1000,
        extra={"content": answer["content"]} if "content" in answer else {},
    )


def require(tools: list[Any], server: str, tool: str) -> None:
    """Raise ServerError if a server lacks a tool; the hint names those it has."""
    names = [str(each.get("name")) for each in tools]
    if names and tool not in names:
        raise ServerError(
            f"{server} has no tool called {tool}.",
            f"{did_you_mean(tool, names)} It has: {', '.join(names)}.".lstrip(),
            code=messages.UNKNOWN_TOOL,
        )


def _fields(tool: Mapping[str, Any], disabled: tuple[str, ...]) -> dict[str, Any]:
    annotations = tool.get("annotations") or {}
    name = str(tool.get("name"))
    return {
        "name": name,
        "title": tool.get("title") or annotations.get("title") or name,
        "description": tool.get("description", ""),
        "input_schema": tool.get("inputSchema", {}),
        "output_schema": tool.get("outputSchema"),
        "annotations": annotations,
        "enabled": name not in disabled,
    }
