"""What clients see of the search server."""

from __future__ import annotations

import json
import re

from servers.host.toolbox import FunctionTool
from servers.search.server import build


def listings() -> list[dict[str, object]]:
    tools = [FunctionTool(tool) for tool in build().tools]
    return [dict(tool.listing) for tool in tools if not tool.internal]


def test_the_tool_list_is_under_8_kb(figure) -> None:
    size = len(json.dumps({"tools": listings()}, separators=(",", ":")).encode())
    figure("search: tools/list", size / 1000, "KB", at_most=8, enforce=True)


def test_names_descriptions_and_schemas_work_in_every_client() -> None:
    for tool in listings():
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", str(tool["name"]))
        assert str(tool["description"]).isascii()
        assert len(str(tool["description"])) < 1000
        schema = json.dumps(tool["inputSchema"])
        for exotic in ("anyOf", "oneOf", "$ref", "null"):
            assert exotic not in schema
        assert tool["annotations"]["readOnlyHint"] is True  # type: ignore[index]


def test_the_tools_are_the_promised_ones() -> None:
    assert [tool["name"] for tool in listings()] == [
        "web_search",
        "fetch_page",
        "answer_question",
        "find_emails",
        "verify_email",
    ]
    internal = [tool.name for tool in build().tools if tool.internal]
    assert internal == ["provider_states", "clear_cache", "clear_library"]


def test_the_prompt_walks_from_search_to_tracking() -> None:
    prompt = build().prompts[0]
    text = prompt.render(goal="who sells tents", person="Jane Smith")
    places = [text.index(step) for step in ("web_search", "fetch_page", "find_emails", "track")]
    assert places == sorted(places)
    assert "Jane Smith" in text
