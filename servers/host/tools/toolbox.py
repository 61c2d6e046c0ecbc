"""The tools of this process: which exist, which are switched off, and how one is called.

In: tools of a service, and calls. Out: one `ToolResult` a call. Every call,
from MCP clients on a stream or over HTTP and from the app, goes through `Toolbox.call`, which
checks the switch and the arguments, limits time and size, measures, and words each failure.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from servers.contract import self_test
from servers.host.redact import excerpt
from servers.host.tools import calls, tool_result
from servers.host.tools.calls import Call, FinishedCall, current_call
from servers.host.tools.schema import ArgumentError, derive
from servers.host.tools.service import Tool, ToolError, UnknownToolError
from servers.host.tools.tool_result import MOST_BYTES, ToolResult

log = logging.getLogger(__name__)

_INCOMPLETE = "incomplete"
_INSTALL_AGAIN = "Install Lou again, the way it was installed; `lou doctor` tries every part."


class FunctionTool:
    """A typed async function, ready to be called; `listing` is its entry in `tools/list`."""

    def __init__(self, tool: Tool) -> None:
        signature = derive(tool)
        self.name = tool.name
        self.internal = tool.internal
        self.timeout_s = tool.timeout_s
        self._function = tool.run
        self._take = signature.take
        self._give = signature.give
        self.listing: Mapping[str, Any] = {
            "name": tool.name,
            "title": tool.title,
            "description": signature.summary,
            "inputSchema": signature.input,
            **({"outputSchema": signature.output} if signature.output else {}),
            "annotations": _annotations(tool),
            **({"_meta": {"anthropic/alwaysLoad": True}} if tool.always_loaded else {}),
        }
        self._returns = signature.output is not None

    async def run(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Check the arguments, run the function, and shape what it returns.

        Raises:
            ArgumentError: it does not take these arguments.
            ToolError: it failed, in words for the model.
        """
        result = await self._function(**self._take(arguments))
        if isinstance(result, str):
            return tool_result.plain(result)
        return tool_result.success(self._give(result)) if self._returns else ToolResult("[]")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client's own name ("lou" for the app), its version, its progress callback.

    `own` says that the app asks for itself, and no person asked for the call.
    """

    client: str
    version: str
    report: Callable[[float, float | None, str], Awaitable[None]]
    own: bool = False


class Toolbox:
    """All tools. `record` receives every finished call."""

    def __init__(self, record: Callable[[FinishedCall], None]) -> None:
        self.tools: dict[str, FunctionTool] = {}
        self.disabled: frozenset[str] = frozenset()
        self._record = record
        self._numbers = itertools.count(1)

    def fill(self, tools: Iterable[FunctionTool]) -> None:
        self.tools = {tool.name: tool for tool in tools}

    def listed(self) -> list[FunctionTool]:
        """The tools that clients see, in a fixed order: neither internal nor switched off."""
        return [
            tool
            for tool in self.tools.values()
            if not tool.internal and tool.name not in self.disabled
        ]

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        caller: Caller,
        *,
        for_app: bool = False,
        limit_s: float | None = None,
    ) -> ToolResult:
        """Call one tool; each failure of it becomes a result.

        `for_app` admits internal tools; `limit_s` shortens the tool's time limit.

        Raises:
            UnknownToolError: there is no such tool for this caller.
        """
        tool = self.tools.get(name)
        if tool is None or (tool.internal and not for_app):
            known = ", ".join(tool.name for tool in self.listed())
            raise UnknownToolError(f"No tool is called {excerpt(name, 80)!r}. There are: {known}.")
        seconds = min(tool.timeout_s, limit_s or tool.timeout_s)
        deadline = asyncio.get_running_loop().time() + seconds
        started = time.perf_counter()
        call = Call(f"{next(self._numbers):x}", name, caller.client, deadline, caller.report)
        token = current_call.set(call)
        try:
            result = await self._attempt(tool, arguments, seconds)
        except BaseException as raised:
            cancelled = isinstance(raised, asyncio.CancelledError)
            result = ToolResult("[]", verdict="cancelled" if cancelled else "error", kind="refused")
            raise
        finally:
            current_call.reset(token)
            ms = (time.perf_counter() - started) * 1000
            if not tool.internal:  # they answer the app's own questions, and are no person's calls
                self._record(
                    FinishedCall(
                        call.id, name, caller.client, caller.version, ms,
                        result.verdict, result.kind, result.size, caller.own,
                        lambda: result.size + len(repr(arguments)),
                        lambda: (arguments, result.kept()),
                    )
                )  # fmt: skip
        return result

    async def _attempt(
        self, tool: FunctionTool, arguments: Mapping[str, Any], seconds: float
    ) -> ToolResult:
        if tool.name in self.disabled:
            return tool_result.switched_off(tool.name)
        try:
            async with asyncio.timeout(seconds) as limit:
                result = await tool.run(arguments)
        except ArgumentError as error:
            return tool_result.failure(str(error), "bad_argument")
        except ToolError as error:
            return tool_result.failure(error.message, error.kind, error.data)
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                return tool_result.timed_out(tool.name, seconds)
            log.exception("The tool %s failed unexpectedly", tool.name)
            return _unexpected_failure(error)
        if result.size > MOST_BYTES:
            result = tool_result.too_large(tool.name, result.size, "clients take", MOST_BYTES)
        return result


def _unexpected_failure(error: Exception) -> ToolResult:
    """The result of a tool that raised `error`; a missing package is trouble for the app, too."""
    if not isinstance(error, ImportError):
        return tool_result.failure("internal error; the log of this server says more", "internal")
    message = f"A part of Lou cannot be loaded: {self_test.in_words(error)}."
    calls.trouble(_INCOMPLETE, message, _INSTALL_AGAIN)
    return tool_result.failure(f"{message} {_INSTALL_AGAIN}", _INCOMPLETE)


def _annotations(tool: Tool) -> dict[str, Any]:
    return {
        "title": tool.title,
        "readOnlyHint": tool.read_only,
        "destructiveHint": tool.destructive,
        "idempotentHint": tool.idempotent or tool.read_only,
        "openWorldHint": tool.open_world,
    }
