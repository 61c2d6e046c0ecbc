"""A server with what the official conformance suite asks for: `conformance_server.py [PORT]`.

The suite calls tools, prompts and resources by fixed names. Without a port it speaks on stdio.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from typing import Annotated, Any

import mcp_types as types
from mcp.server.mcpserver import Context, MCPServer, RequestStateSecurity
from mcp.server.mcpserver.prompts.base import Prompt, UserMessage
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, Field, create_model

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAC"
    "hwGA60e6kgAAAABJRU5ErkJggg=="
)
SOUND = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
MISSING_CAPABILITY = -32021
mcp = MCPServer(
    "conformance", version="1", request_state_security=RequestStateSecurity(keys=[b"k" * 32])
)


def text(said: str) -> types.TextContent:
    return types.TextContent(type="text", text=said)


def image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, said: str, kind: str = "text/plain") -> types.EmbeddedResource:
    inner = types.TextResourceContents(uri=uri, mime_type=kind, text=said)
    return types.EmbeddedResource(type="resource", resource=inner)


def form(message: str, **properties: Any) -> types.ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return types.ElicitRequest(params=params)


def sample(said: str) -> types.CreateMessageRequest:
    messages = [types.SamplingMessage(role="user", content=text(said))]
    params = types.CreateMessageRequestParams(messages=messages, max_tokens=50)
    return types.CreateMessageRequest(params=params)


@mcp.tool()
def test_simple_text() -> str:
    return "This is a simple text response for testing."


@mcp.tool()
def test_image_content() -> list[types.ImageContent]:
    return [image()]


@mcp.tool()
def test_audio_content() -> list[types.AudioContent]:
    return [types.AudioContent(type="audio", data=SOUND, mime_type="audio/wav")]


@mcp.tool()
def test_embedded_resource() -> list[types.EmbeddedResource]:
    return [embedded("test://embedded-resource", "This is an embedded resource content.")]


@mcp.tool()
def test_multiple_content_types() -> list[
    types.TextContent | types.ImageContent | types.EmbeddedResource
]:
    data = json.dumps({"test": "data", "value": 123})
    uri = "test://mixed-content-resource"
    return [text("Multiple content types test:"), image(), embedded(uri, data, "application/json")]


@mcp.tool()
def test_error_handling() -> str:
    raise RuntimeError("This tool intentionally returns an error for testing")


@mcp.tool()
async def test_tool_with_logging(ctx: Context[Any]) -> str:
    for said in ("started", "processing data", "completed"):
        await ctx.info(f"Tool execution {said}")
        await asyncio.sleep(0.05)
    return "done"


@mcp.tool()
async def test_logging_tool(ctx: Context[Any]) -> str:
    await ctx.info("logged")
    return "done"


@mcp.tool()
async def test_tool_with_progress(ctx: Context[Any]) -> str:
    for step in (0, 50, 100):
        await ctx.report_progress(step, 100, f"Completed step {step} of 100")
        await asyncio.sleep(0.05)
    return "done"


@mcp.tool()
async def test_sampling(prompt: str, ctx: Context[Any]) -> str:
    request = sample(prompt).params
    told = await ctx.session.create_message(
        messages=request.messages, max_tokens=100, related_request_id=ctx.request_id
    )
    return f"LLM response: {told.content.text if told.content.type == 'text' else ''}"


class Response(BaseModel):
    response: str


class Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: str = Field("active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = True


def titled(*names: str) -> list[dict[str, str]]:
    return [{"const": name, "title": f"The {name}"} for name in names]


def choice(kind: Any, **schema: Any) -> Any:
    return kind, Field(json_schema_extra=schema)


NAMES = ["one", "two"]
Enums = create_model(
    "Enums",
    untitledSingle=choice(str, enum=NAMES),
    titledSingle=choice(str, oneOf=titled(*NAMES)),
    untitledMulti=choice(list[str], items={"type": "string", "enum": NAMES}),
    titledMulti=choice(list[str], items={"anyOf": titled(*NAMES)}),
    legacyEnum=choice(str, enum=NAMES, enumNames=["The one", "The two"]),
)


async def elicited(ctx: Context[Any], message: str, schema: type[BaseModel]) -> str:
    told = await ctx.elicit(message=message, schema=schema)
    data = told.data.model_dump_json() if told.action == "accept" else "{}"
    return f"User response: action={told.action}, content={data}"


@mcp.tool()
async def test_elicitation(message: str, ctx: Context[Any]) -> str:
    return await elicited(ctx, message, Response)


@mcp.tool()
async def test_elicitation_sep1034_defaults(ctx: Context[Any]) -> str:
    return await elicited(ctx, "Who are you?", Defaults)


@mcp.tool()
async def test_elicitation_sep1330_enums(ctx: Context[Any]) -> str:
    return await elicited(ctx, "Which?", Enums)


Region = Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]


@mcp.tool()
def test_x_mcp_header(region: Region) -> str:
    return region


@mcp.tool()
async def test_missing_capability(ctx: Context[Any]) -> str:
    declared = ctx.session.client_capabilities
    if declared is None or declared.sampling is None:
        needed = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(code=MISSING_CAPABILITY, message="sampling is needed", data=needed)
    return "done"


@mcp.tool()
async def test_reconnection(ctx: Context[Any]) -> str:
    await ctx.info("before")
    await ctx.close_sse_stream()
    await asyncio.sleep(0.2)
    return "after"


@mcp.tool()
async def test_trigger_tool_change(ctx: Context[Any]) -> str:
    mcp.add_tool(lambda: "new", name="test_new")
    mcp.remove_tool("test_new")
    await ctx.notify_tools_changed()
    return "done"


@mcp.tool()
async def test_trigger_prompt_change(ctx: Context[Any]) -> str:
    mcp.add_prompt(Prompt.from_function(lambda: "new", name="test_new", description="new"))
    mcp.remove_prompt("test_new")
    await ctx.notify_prompts_changed()
    return "done"


ASKED: dict[str, dict[str, Any]] = {
    "elicitation": {"user_name": form("Your name?", name={"type": "string"})},
    "sampling": {"capital_question": sample("What is the capital of France?")},
    "list_roots": {"client_roots": types.ListRootsRequest()},
    "request_state": {"confirm": form("Sure?", ok={"type": "boolean"})},
    "multiple_inputs": {
        "user_name": form("Your name?", name={"type": "string"}),
        "greeting": sample("Generate a greeting"),
        "client_roots": types.ListRootsRequest(),
    },
    "tampered_state": {"confirm": form("Sure?", ok={"type": "boolean"})},
}
STATELESS = {"elicitation", "sampling", "list_roots"}


def _add_asking(name: str, wanted: dict[str, Any]) -> None:
    async def ask(ctx: Context[Any]) -> str | types.InputRequiredResult:
        if wanted.keys() <= (ctx.input_responses or {}).keys():
            told = [each.model_dump_json(by_alias=True) for each in ctx.input_responses.values()]
            return f"state-ok: {ctx.request_state} {' '.join(told)}"
        state = None if name in STATELESS else "round-1"
        return types.InputRequiredResult(input_requests=wanted, request_state=state)

    mcp.add_tool(ask, name=f"test_input_required_result_{name}")


for _name, _wanted in ASKED.items():
    _add_asking(_name, _wanted)


@mcp.tool()
async def test_input_required_result_multi_round(
    ctx: Context[Any],
) -> str | types.InputRequiredResult:
    number, responses = int(ctx.request_state or 0), ctx.input_responses or {}
    if number and f"step{number}" not in responses:
        number = 0
    if number == 2:
        return "both steps are done"
    wanted = {f"step{number + 1}": form(f"Step {number + 1}?", it={"type": "string"})}
    return types.InputRequiredResult(input_requests=wanted, request_state=str(number + 1))


@mcp.tool()
async def test_input_required_result_capabilities(ctx: Context[Any]) -> types.InputRequiredResult:
    declared = ctx.client_capabilities
    wanted: dict[str, Any] = {}
    if declared is None or declared.sampling is not None:
        wanted["sample"] = sample("Say hello")
    if declared is None or declared.elicitation is not None:
        wanted["ask"] = form("Your name?", name={"type": "string"})
    return types.InputRequiredResult(input_requests=wanted, request_state="asked")


class Address(BaseModel):
    street: str
    city: str


@mcp.tool()
def json_schema_2020_12_tool(name: str = "", address: Address | None = None) -> str:
    return name


@mcp.resource("test://static-text")
def static_text() -> str:
    return "This is the content of the static text resource."


@mcp.resource("test://static-binary", mime_type="image/png")
def static_binary() -> bytes:
    return base64.b64decode(PIXEL)


@mcp.resource("test://template/{id}/data")
def template(id: str) -> str:
    return json.dumps({"id": id, "data": f"Data for ID: {id}"})


@mcp.resource("test://watched-resource")
def watched() -> str:
    return "Watched resource content"


@mcp.prompt()
def test_simple_prompt() -> list[UserMessage]:
    return [UserMessage(text("This is a simple prompt for testing."))]


@mcp.prompt()
def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
    return [UserMessage(text(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"))]


@mcp.prompt()
def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's word
    return [UserMessage(embedded(resourceUri, "Embedded.")), UserMessage(text("Process it."))]


@mcp.prompt()
def test_prompt_with_image() -> list[UserMessage]:
    return [UserMessage(image()), UserMessage(text("Analyze it."))]


@mcp.prompt()
async def test_input_required_result_prompt(
    ctx: Context[Any],
) -> list[UserMessage] | types.InputRequiredResult:
    told = (ctx.input_responses or {}).get("user_context")
    if isinstance(told, types.ElicitResult):
        return [UserMessage(text(f"The context: {json.dumps(told.content)}"))]
    wanted = {"user_context": form("Which context?", context={"type": "string"})}
    return types.InputRequiredResult(input_requests=wanted)


@mcp.completion()
async def complete(*_: Any) -> types.Completion:
    return types.Completion(values=["one"], total=1, has_more=False)


async def _nothing(*_: Any) -> types.EmptyResult:
    return types.EmptyResult()


for _method, _params in {
    "logging/setLevel": types.SetLevelRequestParams,
    "resources/subscribe": types.SubscribeRequestParams,
    "resources/unsubscribe": types.UnsubscribeRequestParams,
}.items():
    mcp._lowlevel_server.add_request_handler(_method, _params, _nothing)


class Events(EventStore):
    """Keeps every event, so that streams can be resumed."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self.kept.append((stream_id, message))
        return str(len(self.kept))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str:
        number = int(last_event_id)
        stream = self.kept[number - 1][0]
        for at, (name, message) in enumerate(itertools.islice(self.kept, number, None), number + 1):
            if name == stream and message is not None:
                await send_callback(EventMessage(message, str(at)))
        return stream


if __name__ == "__main__":
    if sys.argv[1:]:
        mcp.run(
            transport="streamable-http",
            port=int(sys.argv[1]),
            event_store=Events(),
            retry_interval=100,
        )
    else:
        mcp.run(transport="stdio")
