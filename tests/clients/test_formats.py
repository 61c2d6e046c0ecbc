"""Every format keeps what is not Lou's, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clients import catalog
from app.clients.files.backups import FileRecord
from app.clients.planning import plan
from tests.clients import mutation
from tests.clients.generated import files
from tests.clients.roundtrip import (
    MOVED,
    ONE,
    there_and_back,
    there_and_back_with_a_switch,
    there_and_back_with_foreign_edits,
)

FORMATS = {
    "json": "claude-desktop",
    "json with comments": "gemini-cli",
    "jsonc": "zed",
    "toml": "codex",
    "toml list": "vibe",
    "yaml": "goose",
    "yaml list": "continue",
}


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_connect_then_disconnect_leaves_every_byte(name: str, data: st.DataObject) -> None:
    client = catalog.client(FORMATS[name])
    content = data.draw(files(client))
    there_and_back(client, content)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_client_adds_to_lous_entry_survives_a_repair(name: str, data: st.DataObject) -> None:
    client = catalog.client(FORMATS[name])
    there_and_back_with_foreign_edits(client, data.draw(files(client)))


@pytest.mark.parametrize("name", [name for name in FORMATS if name.startswith("json")])
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_byte_comes_back_after_a_client_switched_lous_entry_off(
    name: str, data: st.DataObject
) -> None:
    client = catalog.client(FORMATS[name])
    there_and_back_with_a_switch(client, data.draw(files(client)))


@pytest.mark.parametrize("name", FORMATS)
def test_a_mutated_file_is_refused_with_words_or_edited_there_and_back(name: str) -> None:
    mutation.run(catalog.client(FORMATS[name]), 60 if name.startswith("yaml") else 300, seed=1)


def test_an_anchor_that_is_set_twice_is_read_without_a_warning() -> None:
    there_and_back(catalog.client("goose"), b"a: &x 1\nb: &x 2\nc: *x\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\t\nextensions:\t# mine\n  x:\t{cmd: c}\n",
        "a:\t1 \t# why\n\t\nextensions: {}\t\n",
        "a:\n- b\t\r\nextensions:\t\r\n  x:\r\n    cmd: c\t",
    ],
)
def test_tabs_behind_what_yaml_says_are_kept(text: str) -> None:
    there_and_back(catalog.client("goose"), text.encode())


@pytest.mark.parametrize("name", ["claude-desktop", "gemini-cli", "zed"])
def test_half_a_character_that_a_client_keeps_in_lous_entry_stays_an_escape(name: str) -> None:
    client = catalog.client(name)
    change = plan.connect(client, b"{}", ONE, FileRecord())
    noted = (change.after or b"").replace(b'"command"', b'"note": "\\ud83d \\udcff", "command"')
    moved = plan.connect(client, noted, MOVED, change.record)
    assert b'"note": "\\ud83d \\udcff"' in (moved.after or b"")


def test_a_comma_in_a_text_before_a_trailing_comma_is_no_trailing_comma() -> None:
    there_and_back(catalog.client("zed"), b'{\r\n  "a": "],",\r\n}')
