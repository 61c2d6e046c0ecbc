"""Links, official commands and bundles: exact words, and never through a shell."""

from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from app.clients import bundle, catalog, links
from app.clients.entries import Bridge, entries
from app.errors import ClientConfigError
from tests.clients.conftest import row

BRIDGE = Bridge('/opt/my "lou" é/lou-connect')


def entry(client: str, server: str = "search") -> tuple[str, dict[str, object]]:
    ((name, found),) = entries(row(client), (server,), BRIDGE).items()
    return name, found


@pytest.mark.parametrize("client", ["cursor", "lm-studio"])
def test_a_link_carries_the_entry_itself(client: str) -> None:
    name, wanted = entry(client)
    query = parse_qs(urlsplit(links.link(row(client), name, wanted)).query)
    assert query["name"] == ["lou-search"]
    assert json.loads(base64.b64decode(query["config"][0])) == wanted


def test_the_link_of_vs_code_is_one_encoded_object() -> None:
    name, wanted = entry("vscode")
    scheme, _, rest = links.link(row("vscode"), name, wanted).partition("?")
    assert scheme == "vscode:mcp/install"
    assert json.loads(unquote(rest)) == {"name": name, **wanted}


def test_every_link_is_free_of_what_a_shell_reads() -> None:
    for client in catalog.clients():
        if client.link:
            name, wanted = entry(client.id)
            found = links.link(client, name, wanted)
            assert not set(found) & set(" \"'`$|;<>\\\n"), client.id


@pytest.mark.parametrize("name", ["a;b", "a&b", "-x", "a$(b)", "a\nb", 'a"b', ""])
def test_a_name_that_a_shell_would_read_is_refused(name: str) -> None:
    with pytest.raises(ClientConfigError, match="cannot be part of a link"):
        links.link(row("cursor"), name, {})


def test_the_official_commands_are_words() -> None:
    name, wanted = entry("claude-code")
    found = links.command(row("claude-code"), "add", name, wanted)
    assert found[:6] == ("claude", "mcp", "add-json", "-s", "user", "lou-search")
    assert json.loads(found[6]) == wanted
    name, wanted = entry("codex")
    assert links.command(row("codex"), "add", name, wanted) == (
        "codex", "mcp", "add", "lou-search", "--", BRIDGE.command, "search",
    )  # fmt: skip
    name, wanted = entry("opencode")
    assert links.command(row("opencode"), "add", name, wanted)[-2:] == (BRIDGE.command, "search")
    assert links.command(row("zed"), "add", *entry("zed")) == ()


@pytest.mark.anyio
async def test_a_command_gets_its_words_untouched(tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "claude"
    program.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ("claude", "mcp", "$(touch x)", '{"a": "b c"}', "")
    assert json.loads(await links.run(words)) == list(words[1:])


@pytest.mark.anyio
async def test_a_command_that_fails_is_told_with_its_own_words(tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "claude"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('already exists')\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientConfigError, match="already exists"):
        await links.run(("claude",))
    with pytest.raises(ClientConfigError, match="not on the search path"):
        await links.run(("codex",))


@pytest.mark.anyio
async def test_a_script_for_a_shell_is_never_run(tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "code.cmd"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientConfigError, match="script"):
        await links.run(("code.cmd",))


def test_a_bundle_holds_a_manifest_and_no_program() -> None:
    made = bundle.build("search", "Search", "Searches.", bridge=BRIDGE, version="1.2.3")
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["manifest.json", "README.md"]
        manifest = json.loads(packed.read("manifest.json"))
    assert manifest["manifest_version"] == "0.3"
    assert manifest["server"]["type"] == "binary"
    assert manifest["server"]["entry_point"] == "README.md"
    launch = manifest["server"]["mcp_config"]
    assert launch == {"command": BRIDGE.command, "args": ["search"], "env": {}}
    assert manifest["author"]["name"]
    assert "user_config" not in manifest


def test_a_bundle_is_the_same_each_time_it_is_made() -> None:
    one, other = (
        bundle.build("search", "S", "", bridge=Bridge("/b", "/h"), version="1") for _ in range(2)
    )
    assert one == other
    assert b"LOU_HOME" in zipfile.ZipFile(io.BytesIO(one)).read("manifest.json")
