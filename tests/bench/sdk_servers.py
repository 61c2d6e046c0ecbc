"""The echo tool on the official SDK alone: `sdk_servers.py high|low SOCKET`.

`high` is `MCPServer`, `low` the low-level `Server`; both as the SDK means them to be used over a
stream, without tracing, many sessions in one process, uvloop.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import anyio
import mcp_types as types
import uvloop
from mcp.server.lowlevel.server import Server
from mcp.server.mcpserver import MCPServer
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from pydantic import BaseModel


class Said(BaseModel):
    text: str
    times: int


def high() -> Server[Any]:
    server = MCPServer("echo", version="1")

    @server.tool()
    async def echo(text: str, times: int = 1) -> Said:
        """Say a text back."""
        return Said(text=text * times, times=times)

    low: Server[Any] = server._lowlevel_server
    return low


def low() -> Server[Any]:
    async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        return types.ListToolsResult(tools=[types.Tool(name="echo", input_schema=schema)])

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        given = params.arguments or {}
        said = {"text": given["text"] * given["times"], "times": given["times"]}
        block = types.TextContent(type="text", text=json.dumps(said))
        return types.CallToolResult(content=[block], structured_content=said)

    return Server("echo", version="1", on_list_tools=list_tools, on_call_tool=call_tool)


async def serve(server: Server[Any], path: str) -> None:
    server.middleware.clear()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inward, incoming = anyio.create_memory_object_stream[Any](0)
        outgoing, outward = anyio.create_memory_object_stream[Any](0)

        async def pump_in() -> None:
            async with inward:
                while line := await reader.readline():
                    message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                    await inward.send(SessionMessage(message))

        async def pump_out() -> None:
            async with outward:
                async for item in outward:
                    line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                    writer.write(line.encode() + b"\n")

        async with anyio.create_task_group() as group:
            group.start_soon(pump_in)
            group.start_soon(pump_out)
            await serve_dual_era_loop(
                server,
                incoming,
                outgoing,
                lifespan_state={},
                init_options=server.create_initialization_options(),
            )
            group.cancel_scope.cancel()
        writer.close()

    listening = await asyncio.start_unix_server(session, path, limit=1 << 24, backlog=1024)
    async with listening:
        print("ready", flush=True)
        await listening.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(high() if sys.argv[1] == "high" else low(), sys.argv[2]))
