"""A user's own MCP server, made with the official SDK: `upstream_server.py [stdio|http PORT]`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import Completion, ToolAnnotations
from pydantic import BaseModel

mcp = MCPServer("upstream", version="9.9", title="Upstream", instructions="Ask me anything.")


class Sum(BaseModel):
    total: int
    parts: list[int]


@mcp.tool(title="Add", annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def add(a: int, b: int = 2) -> Sum:
    """Add two numbers."""
    return Sum(total=a + b, parts=[a, b])


@mcp.tool()
def fails() -> str:
    """Fail."""
    raise ToolError("it cannot be done")


@mcp.tool()
async def slow(ctx: Context[Any], seconds: float = 30.0) -> str:
    """Report progress and take a while."""
    await ctx.report_progress(1, 2, "half")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print("slow was cancelled", file=sys.stderr, flush=True)
        raise
    return "done"


@mcp.tool()
def tell_env(name: str) -> str:
    """What the environment says, also on stderr."""
    print(f"{name} is {os.environ.get(name)}", file=sys.stderr, flush=True)
    return str(sorted(os.environ))


@mcp.tool()
def die(code: int = 3) -> str:
    """End the process."""
    print("these are my last words", file=sys.stderr, flush=True)
    os._exit(code)


@mcp.tool()
def child() -> int:
    """Start a grandchild that ignores SIGTERM and tell its pid."""
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL).pid


@mcp.tool()
async def grow(ctx: Context[Any]) -> str:
    """Add a tool."""

    def grown() -> str:
        """A tool that was not there before."""
        return "grown"

    mcp.add_tool(grown)
    await ctx.session.send_tool_list_changed()
    return "ok"


@mcp.tool()
async def touch(ctx: Context[Any]) -> str:
    """Change a resource."""
    await ctx.session.send_resource_updated("note://fixed")
    return "ok"


@mcp.resource("note://fixed", title="Fixed", mime_type="text/plain")
def fixed() -> str:
    """A note."""
    return "a note"


@mcp.resource("note://{name}/text")
def templated(name: str) -> str:
    """A named note."""
    return f"note of {name}"


@mcp.prompt(title="Review")
def review(code: str) -> str:
    """Review code."""
    return f"Please review {code}"


@mcp.completion()
async def complete(ref: Any, argument: Any, context: Any) -> Completion:
    return Completion(values=[argument.value + "_done"], has_more=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["http"]:
        mcp.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        mcp.run("stdio")
