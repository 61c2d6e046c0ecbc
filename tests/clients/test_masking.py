"""What a person sees of a change holds no value of anybody else; what is written holds them all."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from app.clients.catalog import Client
from app.clients.files.backups import FileRecord
from app.clients.masking import Foreign, add, unified
from app.clients.planning.plan import DesiredEntries, connect, find_state
from tests.clients.conftest import User, row
from tests.clients.test_blank_files import WISH

SECRET = "hunter2hunter2"
ENTRY: dict[str, Any] = {
    "command": "npx",
    "args": ["-y", "server", "--api-key", SECRET + "A", f"--token={SECRET}B"],
    "env": {"GITHUB_PAT": SECRET + "C", "PLAIN": "hunter2-plain", "QUOTED": 'hunter2"quoted'},
}
REMOTE = {
    "url": f"https://u:{SECRET}D@x.example/mcp?apiKey={SECRET}E",
    "headers": {"Authorization": f"Bearer {SECRET}F", "X-Odd": "hunter2odd"},
}
YAML = f"""models:
  - name: m
    apiKey: {SECRET}G
ROOT:
  one:
    cmd: npx
    args:
      - --api-key
      - {SECRET}A
    envs:
      GITHUB_PAT: '{SECRET}C'
      PLAIN: hunter2-plain
"""
TOML = f"""api_key = "{SECRET}G"
[mcp_servers.one]
command = "npx"
args = ["--api-key", "{SECRET}A", "--token={SECRET}B"]
env = {{ GITHUB_PAT = "{SECRET}C", PLAIN = 'hunter2-plain' }}
"""


def _json(client: Client, **style: Any) -> str:
    document = {client.layout.root[0]: {"one": ENTRY, "two": REMOTE}, "x.apiKey": SECRET + "G"}
    return json.dumps(document, **style)


def _shown(client: Client, text: str, desired: DesiredEntries = WISH) -> str:
    change = connect(client, text.encode(), desired, FileRecord())
    foreign = Foreign()
    for content, record in ((change.before, FileRecord()), (change.after, change.record)):
        add(foreign, client, content, find_state(client, content, desired, record).present)
    assert change.after is not None
    assert change.after.decode().count("hunter2") == text.count("hunter2")
    return unified("f", change.before, change.after, foreign.masked)


@pytest.mark.parametrize("id", ["claude-desktop", "cursor", "vscode", "zed", "opencode", "amp"])
@pytest.mark.parametrize("indent", [None, 2, 4])
def test_a_json_file_shows_no_value_of_others(id: str, indent: int | None) -> None:
    client = row(id)
    shown = _shown(client, _json(client, indent=indent))
    assert "hunter2" not in shown
    assert "lou-search" in shown


def test_values_written_with_escapes_are_masked_too() -> None:
    client = row("cursor")
    text = _json(client, indent=2).replace(SECRET, "h\\u0075nter2hunter2")
    assert "nter2" not in _shown(client, text)


@pytest.mark.parametrize(
    ("id", "text"),
    [("codex", TOML), ("goose", YAML.replace("ROOT", "extensions")),
     ("vscode", '{\n // "OLD_TOKEN": "hunter2hunter2"\n "servers": {}\n}')],
)  # fmt: skip
def test_other_formats_and_comments_show_none_either(id: str, text: str) -> None:
    shown = _shown(row(id), text)
    assert "hunter2" not in shown
    assert "search" in shown


def test_what_lou_writes_is_shown_as_it_is() -> None:
    client = row("cursor")
    entry = {"command": "x", "env": {"API_KEY": "search", "HOME": "/opt/lou"}}
    shown = _shown(client, json.dumps({"mcpServers": {"one": entry}}, indent=1))
    assert '+   "command": "/opt/lou/bin/lou-connect",' in shown
    assert '"search"' in shown
    assert '"API_KEY": "[hidden]"' in shown


def test_the_difference_of_every_verb_is_masked(user: User) -> None:
    client, client_files = row("cursor"), user.client_files()
    path = user.write(".cursor/mcp.json", _json(client, indent=2).encode())
    before = path.read_bytes()
    assert "hunter2" not in client_files.diff(client, "connect")
    client_files.connect(client)
    assert path.read_bytes().count(b"hunter2") == before.count(b"hunter2")
    for action in ("disconnect", "undo"):
        assert "lou-search" in client_files.diff(client, action)
        assert "hunter2" not in client_files.diff(client, action)
    client_files.undo(client)
    assert path.read_bytes() == before


def test_a_very_long_change_is_shown_to_a_bound_that_says_so() -> None:
    before = b"".join(b"line %d\n" % at for at in range(9_000))
    shown = unified("a", None, before)
    assert "+line 0" in shown
    assert len(shown) < 30_000
    assert re.search(r"\n\.\.\. \([\d,]+ more lines\)$", shown)
