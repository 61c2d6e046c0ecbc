"""Official clients of both eras, over the socket of a real server process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from tests.host.clients import over_socket
from tests.host.supervised import Supervised
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio
eras = pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])


@eras
async def test_a_client_sees_schemas_annotations_and_nothing_internal(
    echo: Supervised, mode: str
) -> None:
    async with Client(over_socket(echo.socket), mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert "secret_length" not in tools
    said = tools["echo"]
    assert said.input_schema == {
        "type": "object",
        "additionalProperties": False,
        "required": ["text"],
        "properties": {
            "text": {"type": "string", "description": "what to say"},
            "times": {
                "type": "integer",
                "description": "how often",
                "minimum": 1,
                "maximum": 20,
                "default": 1,
            },
            "voice": {"type": "string", "enum": ["loud", "soft"], "default": "soft"},
        },
    }
    assert said.output_schema == {
        "type": "object",
        "properties": {"text": {"type": "string"}, "times": {"type": "integer"}},
        "required": ["text", "times"],
    }
    assert said.annotations is not None
    assert (said.annotations.title, said.annotations.read_only_hint) == ("Echo", True)
    assert tools["fail"].annotations is not None
    assert tools["fail"].annotations.destructive_hint is True


@eras
async def test_a_call_returns_structure_and_text(echo: Supervised, mode: str) -> None:
    async with Client(over_socket(echo.socket), mode=mode) as client:
        await client.list_tools()  # from here on the client holds results against the schemas
        found = await client.call_tool("echo", {"text": "h\u00e9\U0001f600", "times": 2})
        nested = await client.call_tool("pages", {"words": ["a", "bb"]})
    assert found.structured_content == {"text": "h\u00e9\U0001f600" * 2, "times": 2}
    assert not found.is_error
    assert nested.structured_content == {
        "items": [{"text": "a", "times": 1}, {"text": "bb", "times": 1}],
        "next": None,
        "by": {"a": 1, "bb": 2},
    }


@eras
async def test_failures_are_read_by_the_model_and_by_programs(echo: Supervised, mode: str) -> None:
    async with Client(over_socket(echo.socket), mode=mode) as client:
        await client.list_tools()
        found = await client.call_tool("fail", {"kind": "quota"})
    assert found.is_error
    assert [block.text for block in found.content] == [
        "The quota is used up. Try again tomorrow.",
        '{"left":0}',
    ]
    assert found.meta is not None
    assert found.meta["lou/failure"] == {"kind": "quota", "left": 0}
    assert (await echo.event("call", tool="fail"))["error"] == "quota"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "`text` is missing"),
        ({"text": "x", "tims": 2}, "`tims` is not known"),
        ({"text": "x", "times": 21}, "less than or equal to 20"),
        ({"text": "x", "voice": "shrill"}, "'loud' or 'soft'"),
        ({"text": ["x"]}, "valid string"),
    ],
)
async def test_wrong_arguments_say_what_is_wrong_and_what_is_taken(
    echo: Supervised, arguments: dict[str, Any], problem: str
) -> None:
    async with Client(over_socket(echo.socket), mode="legacy") as client:
        found = await client.call_tool("echo", arguments)
    assert found.is_error
    assert problem in found.content[0].text
    assert "takes: text, times, voice" in found.content[0].text


async def test_a_list_that_a_model_wrote_as_text_is_read(echo: Supervised) -> None:
    async with Client(over_socket(echo.socket), mode="legacy") as client:
        found = await client.call_tool("pages", {"words": '["a"]'})
    assert not found.is_error


async def test_an_unexpected_failure_tells_the_model_nothing_and_the_log_all(
    echo: Supervised,
) -> None:
    async with Client(over_socket(echo.socket), mode="legacy") as client:
        found = await client.call_tool("crash", {})
    assert found.is_error
    assert "/secret/place" not in found.content[0].text
    logged = await echo.event("log", level="ERROR")
    assert "RuntimeError: the database at /secret/place is gone" in logged["message"]
    assert logged["call"] == (await echo.event("call", tool="crash"))["call"]


@eras
async def test_progress_reaches_the_client_that_asked(echo: Supervised, mode: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with Client(over_socket(echo.socket), mode=mode) as client:
        await client.call_tool("wait", {"seconds": 0, "steps": 2}, progress_callback=hear)
    assert heard == [(1, 2, "step 1"), (2, 2, "step 2")]
    call = await echo.event("call", tool="wait")
    assert (await echo.event("usage", api="clock"))["call"] == call["call"]


@eras
async def test_a_cancelled_call_stops(echo: Supervised, mode: str) -> None:
    async with Client(over_socket(echo.socket), mode=mode) as client:
        call = asyncio.create_task(client.call_tool("wait", {"seconds": 60}))
        await echo.event("usage", api="clock")
        call.cancel()
        assert (await echo.event("call", tool="wait"))["outcome"] == "cancelled"


async def test_a_call_that_takes_too_long_is_stopped_with_words(echo: Supervised) -> None:
    async with Client(over_socket(echo.socket), mode="legacy") as client:
        found = await client.call_tool("wait", {"seconds": 60})
    assert found.is_error
    assert found.content[0].text == "wait did not finish within 2 s and was stopped."
    assert (await echo.event("call", tool="wait"))["outcome"] == "timeout"


async def test_a_result_beyond_what_clients_take_is_refused_and_not_cut(echo: Supervised) -> None:
    async with Client(over_socket(echo.socket), mode="legacy") as client:
        whole = await client.call_tool("large", {"size": 490_000})
        refused = await client.call_tool("large", {"size": 600_000})
    assert not whole.is_error
    assert len(whole.content[0].text) == 490_000
    assert refused.is_error
    assert "Ask for less" in refused.content[0].text


@eras
async def test_resources_templates_and_prompts_are_served(echo: Supervised, mode: str) -> None:
    async with Client(over_socket(echo.socket), mode=mode) as client:
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        read = await client.read_resource("echo://said/hello")
        prompts = (await client.list_prompts()).prompts
        greeting = await client.get_prompt("greet", {"name": "Ada"})
        with pytest.raises(MCPError, match="No resource is at") as nowhere:
            await client.read_resource("echo://nowhere")
        with pytest.raises(MCPError, match="Nobody said that") as unsaid:
            await client.read_resource("echo://said/nothing")
        with pytest.raises(MCPError, match=r"There are: greet\."):
            await client.get_prompt("nope")
        with pytest.raises(MCPError, match="Missing arguments: name"):
            await client.get_prompt("greet")
    assert nowhere.value.code == unsaid.value.code
    assert [found.uri for found in listed] == ["echo://now"]
    assert [found.uri_template for found in templates] == ["echo://said/{word}"]
    assert (read.contents[0].text, read.contents[0].mime_type) == ("hello", "text/plain")
    assert [prompt.arguments[0].name for prompt in prompts] == ["name"]
    assert greeting.messages[0].content.text == "Say hello to Ada."


@eras
async def test_an_unknown_tool_is_named_with_those_there_are(echo: Supervised, mode: str) -> None:
    async with Client(over_socket(echo.socket), mode=mode) as client:
        with pytest.raises(MCPError, match=r"No tool is called 'nope'\. There are: echo,"):
            await client.call_tool("nope", {})
        with pytest.raises(MCPError, match="No tool is called"):
            await client.call_tool("secret_length", {})


async def test_a_switched_off_tool_vanishes_and_is_refused_in_words(echo: Supervised) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    async with (
        Client(over_socket(echo.socket), mode="legacy", message_handler=hear) as old,
        Client(over_socket(echo.socket), mode="auto") as new,
        new.listen(tools_list_changed=True) as changes,
    ):
        await old.list_tools()
        await echo.request("configure", keys={}, settings={}, disabled_tools=["echo"])
        async with asyncio.timeout(PATIENCE_S):
            assert (await heard.get()).method == "notifications/tools/list_changed"
            await anext(aiter(changes))
        for client in (old, new):
            listed = (await client.session.list_tools()).tools
            assert "echo" not in {tool.name for tool in listed}
            refused = await client.call_tool("echo", {"text": "x"})
            assert refused.is_error
            assert "switched off in Lou" in refused.content[0].text
        await echo.request("configure", keys={}, settings={}, disabled_tools=[])
        assert not (await old.call_tool("echo", {"text": "x"})).is_error


@pytest.mark.filterwarnings("ignore:resources/.*subscribe is removed")
async def test_watchers_of_both_eras_hear_that_a_resource_changed(echo: Supervised) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(message: Any) -> None:
        heard.put_nowait(message)

    async with (
        Client(over_socket(echo.socket), mode="legacy", message_handler=hear) as old,
        Client(over_socket(echo.socket), mode="auto") as new,
        new.listen(resource_subscriptions=["echo://now"]) as changes,
    ):
        await old.subscribe_resource("echo://now")
        await old.call_tool("echo", {"text": "something new"})
        async with asyncio.timeout(PATIENCE_S):
            assert str((await heard.get()).params.uri) == "echo://now"
            await anext(aiter(changes))
        await old.unsubscribe_resource("echo://now")
        await old.call_tool("echo", {"text": "something newer"})
        async with asyncio.timeout(PATIENCE_S):
            await anext(aiter(changes))
        assert heard.empty()


async def test_the_app_hears_who_connects_how_far_it_got_and_that_it_left(
    echo: Supervised,
) -> None:
    async with Client(over_socket(echo.socket), mode="legacy") as client:
        first = await echo.event("client_connected")
        assert (first["client"], first["stage"]) == ("mcp", "initialized")
        assert first["protocol"] == "2025-11-25"
        await client.list_tools()
        assert (await echo.event("client_connected"))["stage"] == "tools_listed"
    left = await echo.event("client_left")
    assert left["session"] == first["session"]
    assert len(echo.all("client_connected")) == 2, "its own look at itself is nobody's business"
