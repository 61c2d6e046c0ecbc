"""What clients see of the search server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from servers.contract import manifest
from servers.host.tools.toolbox import FunctionTool
from servers.search.components import known
from servers.search.providers import PROVIDERS
from servers.search.server import build

ROOT = Path(__file__).parents[2]


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
    assert internal == ["provider_states", "clear_cache", "clear_library", "self_test"]


def test_the_prompt_walks_from_search_to_tracking() -> None:
    prompt = build().prompts[0]
    text = prompt.render(goal="who sells tents", person="Jane Smith")
    places = [text.index(step) for step in ("web_search", "fetch_page", "find_emails", "track")]
    assert places == sorted(places)
    assert "Jane Smith" in text


def test_the_engine_knows_no_http() -> None:
    script = (
        "import sys, servers.search.websearch.engine; "
        "print({'aiohttp', 'yarl', 'apsw'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "set()"


def test_every_provider_is_one_short_file_and_one_line_in_the_table() -> None:
    folder = ROOT / "servers/search/providers"
    for provider in PROVIDERS:
        lines = (folder / f"{provider.spec.name}.py").read_text().splitlines()
        assert len(lines) <= 200, provider.spec.name
    table = (folder / "__init__.py").read_text()
    assert all(table.count(f"    {type(provider).__name__}(),") == 1 for provider in PROVIDERS)


def test_every_key_of_a_provider_is_a_row_in_the_manifest() -> None:
    used = {key for spec in known() for key in spec.keys}
    assert used == {key.name for key in manifest.keys_of("search")}


def test_the_tools_for_every_question_stay_loaded() -> None:
    kept = [tool["name"] for tool in listings() if "_meta" in tool]
    assert kept == ["web_search", "fetch_page"]
    assert all(tool["_meta"] == {"anthropic/alwaysLoad": True} for tool in listings()[:2])
