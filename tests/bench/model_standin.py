"""Plays the model's API on loopback: it calls one tool of Lou, then says that it is done.

Spoken are Anthropic's messages, OpenAI's responses and chat completions, and Google's contents.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TOOL = "seen"
DONE = "It is done."


def _tool_of(tools: list[Any]) -> str:
    """The name under which a client offers the tool to its model; empty if it does not."""
    names = [tool.get("name") or tool.get("function", {}).get("name", "") for tool in tools]
    return next((name for name in names if name.endswith(TOOL)), "")


def _messages(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Anthropic's events."""
    name = (
        "" if '"tool_result"' in json.dumps(body["messages"]) else _tool_of(body.get("tools", []))
    )
    usage = {"input_tokens": 1, "output_tokens": 1}
    begin = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [],
             "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    block: dict[str, Any] = {"type": "text", "text": ""}
    delta: dict[str, Any] = {"type": "text_delta", "text": DONE}
    if name:
        block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": "{}"}
    stop = {"stop_reason": "tool_use" if name else "end_turn", "stop_sequence": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": begin},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(event["type"], event) for event in events]


def _responses(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """OpenAI's events; tools may stand in a namespace of their server."""
    tools = [*body.get("tools", [])]
    spaces = {each["name"]: each for each in tools if each.get("type") == "namespace"}
    inner = [(space, tool) for space, each in spaces.items() for tool in each.get("tools", [])]
    found = next(((space, tool["name"]) for space, tool in inner if tool["name"] == TOOL), None)
    name = found[1] if found else _tool_of(tools)
    said = "function_call_output" in json.dumps(body["input"])
    text = {"type": "output_text", "text": DONE, "annotations": []}
    item: dict[str, Any] = {"type": "message", "id": "m1", "role": "assistant", "content": [text]}
    if name and not said:
        item = {"type": "function_call", "id": "f1", "call_id": "c1", "name": name,
                "arguments": "{}", **({"namespace": found[0]} if found else {})}  # fmt: skip
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    whole = {"id": "r1", "object": "response", "status": "completed", "output": [item]}
    return [
        ("response.created", {"type": "response.created", "response": {"id": "r1"}}),
        ("response.output_item.done", {
            "type": "response.output_item.done", "output_index": 0, "item": item,
        }),
        ("response.completed", {
            "type": "response.completed", "response": {**whole, "usage": usage},
        }),
    ]  # fmt: skip


def _completions(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """OpenAI's chunks."""
    said = any(each["role"] == "tool" for each in body["messages"])
    name = "" if said else _tool_of(body.get("tools") or [])
    function = {"name": name, "arguments": "{}"}
    call = {"index": 0, "id": "c1", "type": "function", "function": function}
    delta = {"role": "assistant", **({"tool_calls": [call]} if name else {"content": DONE})}
    head = {"id": "x1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    end = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if name else "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return [
        ("", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}),
        ("", {**head, "choices": [end], "usage": usage}),
    ]


def _contents(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Google's chunks."""
    said = "functionResponse" in json.dumps(body["contents"])
    declared = [each.get("functionDeclarations", []) for each in body.get("tools", [])]
    name = "" if said else _tool_of([tool for tools in declared for tool in tools])
    part = {"functionCall": {"name": name, "args": {}}} if name else {"text": DONE}
    content = {"role": "model", "parts": [part]}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    chosen = {"content": content, "finishReason": "STOP", "index": 0}
    return [("", {"candidates": [chosen], "usageMetadata": usage, "modelVersion": "m"})]


_SPOKEN = {
    "streamGenerateContent": _contents,
    "messages": _messages,
    "responses": _responses,
    "completions": _completions,
}


async def _answer(request: web.Request) -> web.StreamResponse:
    make = _SPOKEN.get(request.path.rstrip("/").replace(":", "/").rpartition("/")[2])
    if make is None or request.method != "POST":
        return web.json_response({"data": [], "models": []})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for name, event in make(await request.json()):
        head = f"event: {name}\n" if name else ""
        await response.write(f"{head}data: {json.dumps(event)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n" if make is _completions else b"")
    return response


@asynccontextmanager
async def model() -> AsyncIterator[str]:
    """The address of the model."""
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{tail:.*}", _answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
    await runner.cleanup()
