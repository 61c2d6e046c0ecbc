"""A file that says nothing stands for an empty one: for every client, and in every format."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from app.clients import catalog
from app.clients.files.backups import FileRecord
from app.clients.planning.entries import Bridge
from app.clients.planning.file_state import FileState
from app.clients.planning.plan import DesiredEntries, connect, disconnect, find_state
from app.formats import text_edits

WISH = DesiredEntries(("search",), Bridge("/opt/lou/bin/lou-connect"))
BLANK = [b"", b" ", b"\n", b"\r\n \t\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"]
COMMENTED = {
    "json": [],
    "json+comments": [b"// mine", b"// mine\n// yours\n", b"/* mine\n */", b"\n// mine\r\n"],
    "toml": [b"# mine", b"# mine\r\n"],
    "yaml": [b"# mine\n", b"# mine\r\n\r\n"],
}
COMMENTED["jsonc"] = COMMENTED["json+comments"]
WITH_FILES = [client for client in catalog.clients() if client.has_file]


@pytest.mark.parametrize("client", WITH_FILES, ids=lambda client: client.id)
def test_a_blank_file_is_connected_and_given_back(client: catalog.Client) -> None:
    for content in BLANK + COMMENTED[client.layout.format]:
        assert find_state(client, content, WISH, FileRecord()).state is FileState.ABSENT, content
        change = connect(client, content, WISH, FileRecord())
        assert change.after is not None
        page = text_edits.decode(change.after, client.layout)
        assert list(text_edits.read(page.text, client.layout).servers) == ["lou-search"], content
        assert content.strip(b"\xef\xbb\xbf").strip() in change.after
        back = disconnect(client, change.after, WISH, change.record).after
        kept = content if client.layout.bom else content.removeprefix(b"\xef\xbb\xbf")
        assert back == kept, content


@pytest.mark.parametrize("client", WITH_FILES, ids=lambda client: client.id)
def test_the_client_can_read_what_was_made_of_a_blank_file(client: catalog.Client) -> None:
    for content in BLANK:
        after = connect(client, content, WISH, FileRecord()).after or b""
        text = after.decode("utf-8-sig" if client.layout.bom else "utf-8")
        if client.layout.format.startswith("json"):
            assert client.layout.root[0] in json.loads(text)
        if client.layout.format == "toml":
            assert client.layout.root[0] in tomllib.loads(text)


def test_a_client_of_plain_json_gets_no_comment_and_loses_none() -> None:
    found = find_state(catalog.client("claude-desktop"), b"// mine\n", WISH, FileRecord())
    assert found.state is FileState.UNREADABLE
    assert "comment" in found.reason


def test_a_file_that_was_emptied_after_it_was_connected_is_connected_again(tmp_path: Path) -> None:
    client = catalog.client("cursor")
    first = connect(client, b"{}", WISH, FileRecord())
    again = connect(client, b"", WISH, first.record)
    assert json.loads(again.after or b"")["mcpServers"].keys() == {"lou-search"}
