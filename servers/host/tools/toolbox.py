"""The tools of this process: which there are, which are switched off, and how one is called.

Every call, whoever makes it, comes through `Toolbox.call`: switches, argument checks, time limit,
size limit and failures are the same for MCP clients and for the app.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from servers.host import self_test
from servers.host.redact import excerpt
from servers.host.tools import calls, tool_result
from servers.host.tools.calls import Call, current_call
from servers.host.tools.schema import ArgumentError, derive
from servers.host.tools.service import Mirror, Tool, ToolError, UpstreamError
from servers.host.tools.tool_result import MOST_BYTES, ToolResult

log = logging.getLogger(__name__)

_INCOMPLETE = "incomplete"
_INSTALL_AGAIN = "Install Lou again, the way it was installed; `lou doctor` tries every part."


class BoundTool(Protocol):
    """One tool, ready to be listed and called."""

    @property
    def name(self) -> str:
        """The name clients call it by."""

    @property
    def listing(self) -> Mapping[str, Any]:
        """Its entry in `tools/list`."""

    @property
    def internal(self) -> bool:
        """Whether only the app may call it."""

    @property
    def timeout_s(self) -> float:
        """How long one call may take."""

    async def run(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Do it."""


class FunctionTool:
    """A tool that is a typed async function."""

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
        }
        self._returns = signature.output is not None

    async def run(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Check the arguments, run the function, and shape what it returns."""
        result = await self._function(**self._take(arguments))
        if isinstance(result, str):
            return tool_result.plain(result)
        return tool_result.success(self._give(result)) if self._returns else ToolResult("[]")


class MirroredTool:
    """A tool of the server that this one mirrors; only that server knows what it takes."""

    internal = False

    def __init__(self, mirror: Mirror, listing: Mapping[str, Any], timeout_s: float) -> None:
        self.name = str(listing["name"])
        self.listing = listing
        self.timeout_s = timeout_s
        self._mirror = mirror

    async def run(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Pass the call on, and the answer back."""
        found = dict(await self._mirror.call(self.name, arguments))
        failed = bool(found.get("isError"))
        return ToolResult(
            tool_result.to_json(found.get("content", [])),
            tool_result.to_json(found["structuredContent"]) if "structuredContent" in found else "",
            tool_result.to_json(found["_meta"]) if found.get("_meta") else "",
            "error" if failed else "ok",
            "failed" if failed else "",
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client's own name and version; the app is "lou"."""

    client: str
    version: str
    report: Callable[[float, float | None, str], Awaitable[None]]


class UnknownToolError(LookupError):
    """There is no such tool for this caller."""


class Toolbox:
    """All tools. `record(call, outcome, ms, caller)` hears of every finished call."""

    def __init__(
        self,
        record: Callable[[Call, ToolResult, float, Caller], None],
        emit: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self.tools: dict[str, BoundTool] = {}
        self.disabled: frozenset[str] = frozenset()
        self._record = record
        self._emit = emit
        self._numbers = itertools.count(1)

    def fill(self, tools: Iterable[BoundTool]) -> None:
        """Offer `tools` from now on, and no others."""
        self.tools = {tool.name: tool for tool in tools}

    def listed(self) -> list[BoundTool]:
        """What clients see: in a fixed order, without what is switched off."""
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
        """Call one tool; every failure of it is an outcome.

        Raises:
            UnknownTool: no tool is called that.
            Refusal: the mirrored server answered with an error.
        """
        tool = self.tools.get(name)
        if tool is None or (tool.internal and not for_app):
            known = ", ".join(tool.name for tool in self.listed())
            raise UnknownToolError(f"No tool is called {excerpt(name, 80)!r}. There are: {known}.")
        seconds = min(tool.timeout_s, limit_s or tool.timeout_s)
        deadline = asyncio.get_running_loop().time() + seconds
        # The app's own questions are no calls that a person would count.
        record = _uncounted if tool.internal else self._record
        started = time.perf_counter()
        call = Call(
            f"{next(self._numbers):x}", name, caller.client, deadline, caller.report, self._emit
        )
        token = current_call.set(call)
        try:
            found = await self._attempt(tool, arguments, seconds)
        except BaseException as ended:
            cancelled = isinstance(ended, asyncio.CancelledError)
            lost = ToolResult("[]", verdict="cancelled" if cancelled else "error", kind="refused")
            record(call, lost, (time.perf_counter() - started) * 1000, caller)
            raise
        finally:
            current_call.reset(token)
        record(call, found, (time.perf_counter() - started) * 1000, caller)
        return found

    async def _attempt(
        self, tool: BoundTool, arguments: Mapping[str, Any], seconds: float
    ) -> ToolResult:
        if tool.name in self.disabled:
            return tool_result.failure(
                f"The tool {tool.name} is switched off in Lou. It can be switched on there.",
                "switched_off",
                verdict="refused",
            )
        try:
            async with asyncio.timeout(seconds) as limit:
                found = await tool.run(arguments)
        except ArgumentError as wrong:
            return tool_result.failure(str(wrong), "bad_argument")
        except ToolError as failed:
            return tool_result.failure(failed.message, failed.kind, failed.data)
        except UpstreamError:
            raise
        except Exception as broken:
            if isinstance(broken, TimeoutError) and limit.expired():
                return tool_result.failure(
                    f"{tool.name} did not finish within {seconds:g} s and was stopped.",
                    "timeout",
                    verdict="timeout",
                )
            log.exception("The tool %s failed unexpectedly", tool.name)
            return _broken(broken)
        return found if found.size <= MOST_BYTES else _too_large(tool.name, found.size)


def _broken(broken: Exception) -> ToolResult:
    """What the caller is told; of a part that is missing the app hears, too, for the status."""
    if not isinstance(broken, ImportError):
        return tool_result.failure("internal error; the log of this server says more", "internal")
    message = f"A part of Lou cannot be loaded: {self_test.in_words(broken)}."
    calls.emit("trouble", code=_INCOMPLETE, message=message, hint=_INSTALL_AGAIN, cleared=False)
    return tool_result.failure(f"{message} {_INSTALL_AGAIN}", _INCOMPLETE)


def _too_large(name: str, size: int) -> ToolResult:
    return tool_result.failure(
        f"The result of {name} has {size:,} bytes and clients take at most {MOST_BYTES:,}. "
        "Ask for less: a smaller limit, a narrower query, or one page at a time.",
        "too_large",
    )


def _annotations(tool: Tool) -> dict[str, Any]:
    return {
        "title": tool.title,
        "readOnlyHint": tool.read_only,
        "destructiveHint": tool.destructive,
        "idempotentHint": tool.idempotent or tool.read_only,
        "openWorldHint": tool.open_world,
    }


def _uncounted(call: Call, outcome: ToolResult, ms: float, caller: Caller) -> None:
    del call, outcome, ms, caller
