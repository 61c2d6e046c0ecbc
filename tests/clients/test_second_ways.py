"""Links, official commands and bundles: exact words, and never through a shell."""

from __future__ import annotations

import base64
import io
import json
import shlex
import zipfile
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from app.clients import catalog, manual_setup
from app.clients.manual_setup import ManualSetup
from app.clients.planning.entries import Bridge, entries
from app.clients.planning.plan import DesiredEntries
from app.errors import ClientConfigError
from tests.clients.conftest import row

BRIDGE = Bridge('/opt/my "lou" é/lou-connect')


def entry(client: str, server: str = "search") -> tuple[str, dict[str, object]]:
    ((name, found),) = entries(row(client), (server,), BRIDGE).items()
    return name, found


@pytest.mark.parametrize("client", ["cursor", "lm-studio"])
def test_a_link_carries_the_entry_itself(client: str) -> None:
    name, wanted = entry(client)
    query = parse_qs(urlsplit(manual_setup.install_link(row(client), name, wanted)).query)
    assert query["name"] == ["lou-search"]
    assert json.loads(base64.b64decode(query["config"][0])) == wanted


def test_the_link_of_vs_code_is_one_encoded_object() -> None:
    name, wanted = entry("vscode")
    scheme, _, rest = manual_setup.install_link(row("vscode"), name, wanted).partition("?")
    assert scheme == "vscode:mcp/install"
    assert json.loads(unquote(rest)) == {"name": name, **wanted}


def test_every_link_is_free_of_what_a_shell_reads() -> None:
    for client in catalog.clients():
        if client.link:
            name, wanted = entry(client.id)
            found = manual_setup.install_link(client, name, wanted)
            assert not set(found) & set(" \"'`$|;<>\\\n"), client.id


@pytest.mark.parametrize("name", ["a;b", "a&b", "-x", "a$(b)", "a\nb", 'a"b', ""])
def test_a_name_that_a_shell_would_read_is_refused(name: str) -> None:
    with pytest.raises(ClientConfigError, match="cannot be part of a link"):
        manual_setup.install_link(row("cursor"), name, {})


def test_the_official_commands_are_words() -> None:
    name, wanted = entry("claude-code")
    found = manual_setup.client_command(row("claude-code"), "add", name, wanted)
    assert found[:6] == ("claude", "mcp", "add-json", "-s", "user", "lou-search")
    assert json.loads(found[6]) == wanted
    name, wanted = entry("codex")
    assert manual_setup.client_command(row("codex"), "add", name, wanted) == (
        "codex", "mcp", "add", "lou-search", "--", BRIDGE.command, "search", "codex",
    )  # fmt: skip
    name, wanted = entry("opencode")
    assert manual_setup.client_command(row("opencode"), "add", name, wanted)[-3:] == (
        BRIDGE.command,
        "search",
        "opencode",
    )
    assert manual_setup.client_command(row("zed"), "add", *entry("zed")) == ()


def test_the_commands_are_lines_that_a_shell_reads_back_as_the_words() -> None:
    hand = ManualSetup(
        catalog.clients(), lambda: DesiredEntries(("search", "tracker"), BRIDGE, ()), "linux"
    )
    first, second = (shlex.split(line) for line in hand.commands("claude-code"))
    assert json.loads(first[-1]) == entry("claude-code")[1]
    assert second[-2] == "lou-tracker"
    assert shlex.split(hand.commands("codex", "remove")[0])[:3] == ["codex", "mcp", "remove"]
    assert hand.commands("zed") == ()


def test_on_windows_the_commands_are_quoted_as_its_shells_read_them() -> None:
    desired = DesiredEntries(("search",), Bridge("C:\\Program Files\\Lou\\lou-connect.exe"), ())
    (line,) = ManualSetup(catalog.clients(), lambda: desired, "windows").commands("codex")
    assert line.endswith(' -- "C:\\Program Files\\Lou\\lou-connect.exe" search codex')


def test_a_command_that_cannot_say_where_lou_lives_is_not_offered() -> None:
    desired = DesiredEntries(("search",), Bridge(BRIDGE.command, "/elsewhere"), ())
    hand = ManualSetup(catalog.clients(), lambda: desired, "linux")
    assert "/elsewhere" in hand.commands("claude-code")[0]
    assert hand.commands("codex") == ()


def test_a_bundle_holds_a_manifest_and_no_program() -> None:
    made = manual_setup.build_bundle(
        "search", "Search", "Searches.", bridge=BRIDGE, version="1.2.3"
    )
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
        manual_setup.build_bundle("search", "S", "", bridge=Bridge("/b", "/h"), version="1")
        for _ in range(2)
    )
    assert one == other
    assert b"LOU_HOME" in zipfile.ZipFile(io.BytesIO(one)).read("manifest.json")
