"""What a file says about Lou, state by state."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients import catalog, masking
from app.clients.files.backups import FileRecord
from app.clients.planning import plan
from app.clients.planning.entries import Bridge, entries, entry_name, launch
from app.clients.planning.file_state import FileState, RefusedError
from app.clients.planning.plan import DesiredEntries
from tests.clients.conftest import WISH, row

CURSOR = row("cursor")
MOVED = DesiredEntries(WISH.servers, Bridge("/somewhere/else/lou-connect"))


def connected(desired: DesiredEntries = WISH) -> plan.Change:
    return plan.connect(CURSOR, b'{"mcpServers": {"x": {}}}', desired, FileRecord())


def test_each_state_is_told() -> None:
    change = connected()
    assert plan.find_state(CURSOR, None, WISH, FileRecord()).state is FileState.ABSENT
    assert plan.find_state(CURSOR, change.before, WISH, FileRecord()).state is FileState.ABSENT
    assert plan.find_state(CURSOR, change.after, WISH, change.record).state is FileState.CONNECTED
    assert plan.find_state(CURSOR, change.after, MOVED, change.record).state is FileState.OUTDATED
    assert plan.find_state(CURSOR, change.after, MOVED, FileRecord()).state is FileState.FOREIGN
    assert plan.find_state(CURSOR, b"{", WISH, FileRecord()).state is FileState.UNREADABLE
    assert (
        plan.find_state(CURSOR, b'{"a": 1, "a": 2}', WISH, FileRecord()).state
        is FileState.AMBIGUOUS
    )


def test_without_a_record_what_lou_would_write_is_still_lous() -> None:
    change = connected()
    assert plan.find_state(CURSOR, change.after, WISH, FileRecord()).state is FileState.CONNECTED
    assert json.loads(plan.disconnect(CURSOR, change.after, WISH, FileRecord()).after or b"") == {
        "mcpServers": {"x": {}}
    }


@pytest.mark.parametrize("key", ["command", "args", "env"])
@given(data=st.data())
def test_one_changed_byte_of_what_an_entry_runs_makes_it_foreign(
    key: str, data: st.DataObject
) -> None:
    desired = DesiredEntries(WISH.servers, Bridge("/opt/lou/bin/lou-connect", "/home/me/.lou"))
    change = connected(desired)
    found = json.loads(change.after or b"")
    entry = found["mcpServers"]["lou-search"]
    text = json.dumps(entry[key])
    at = data.draw(st.sampled_from([m.start() for m in re.finditer(r"[a-z]", text)]))
    entry[key] = json.loads(text[:at] + "Z" + text[at + 1 :])
    content = json.dumps(found).encode()
    finding = plan.find_state(CURSOR, content, desired, change.record)
    assert finding.state is FileState.FOREIGN
    assert finding.foreign == ("lou-search",)
    with pytest.raises(RefusedError):
        plan.connect(CURSOR, content, desired, change.record)
    assert (
        "lou-search"
        in (plan.disconnect(CURSOR, content, desired, change.record).after or b"").decode()
    )


def test_a_switch_that_the_client_put_into_the_entry_is_respected_and_shown() -> None:
    cline = row("cline")
    change = plan.connect(cline, b"{}", WISH, FileRecord())
    found = json.loads(change.after or b"")
    found["mcpServers"]["lou-search"] |= {"disabled": True, "autoApprove": ["web_search"]}
    content = json.dumps(found).encode()
    finding = plan.find_state(cline, content, WISH, change.record)
    assert finding.state is FileState.CONNECTED
    assert finding.switched_off == ("lou-search",)
    moved = plan.connect(cline, content, MOVED, change.record)
    kept = json.loads(moved.after or b"")["mcpServers"]["lou-search"]
    assert kept["command"] == "/somewhere/else/lou-connect"
    assert kept["disabled"] is True
    assert kept["autoApprove"] == ["web_search"]


def test_a_paused_server_keeps_its_entry_and_is_not_missed() -> None:
    change = connected()
    paused = DesiredEntries(("search",), WISH.bridge, ("my_server",))
    assert plan.find_state(CURSOR, change.after, paused, change.record).state is FileState.CONNECTED
    assert not plan.connect(CURSOR, change.after, paused, change.record).is_needed
    gone = DesiredEntries(("search",), WISH.bridge)
    assert plan.find_state(CURSOR, change.after, gone, change.record).state is FileState.OUTDATED
    after = json.loads(plan.connect(CURSOR, change.after, gone, change.record).after or b"")
    assert set(after["mcpServers"]) == {"x", "lou-search"}


def test_entries_hold_no_key_no_token_and_no_port() -> None:
    for client in catalog.clients():
        text = json.dumps(entries(client, ("search",), Bridge("/b/lou-connect", "/h")))
        assert "/b/lou-connect" in text
        assert "search" in text
        assert not re.search(r"token|key|\bport|secret|127\.0|http", text, re.IGNORECASE), client.id
        assert '"LOU_HOME": "/h"' in text


@given(st.lists(st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True), unique=True, max_size=6))
def test_entry_names_obey_the_client_and_never_collide(servers: list[str]) -> None:
    for client in catalog.clients():
        names = [entry_name(client, server) for server in servers]
        assert len(set(names)) == len(names)
        for name in names:
            assert client.name_pattern.fullmatch(name)
            assert len(name) <= client.name_limit
            assert name.startswith("lou")


def test_the_launch_is_known_in_every_shape() -> None:
    for client in catalog.clients():
        one = next(iter(entries(client, ("search",), WISH.bridge).values()))
        other = next(iter(entries(client, ("search",), MOVED.bridge).values()))
        assert launch(client, one) == launch(client, {**one, "note": "kept"})
        assert launch(client, one) != launch(client, other)


def test_the_snippet_is_what_a_person_pastes() -> None:
    found = json.loads(plan.snippet(row("raycast"), WISH))
    assert found["mcpServers"]["lou-search"]["args"] == ["search", "raycast"]
    for client in filter(lambda each: each.has_file, catalog.clients()):
        pasted = plan.snippet(client, WISH).encode()
        assert plan.find_state(client, pasted, WISH, FileRecord()).state is FileState.CONNECTED, (
            client.id
        )


def test_the_difference_cuts_what_nobody_reads() -> None:
    text = masking.unified("f.json", b'{"a": "' + b"x" * 5000 + b'"}', b"{}")
    assert "4,6" in text
    assert max(len(line) for line in text.splitlines()) < 500
    assert masking.unified("f", b"a\n", b"a\n") == ""
    one_line = json.dumps({"mcpServers": {f"s{at}": {"command": "npx"} for at in range(40)}})
    added = one_line.replace('"s39"', '"lou": {"command": "lou-connect"}, "s39"')
    shown = masking.unified("f", one_line.encode(), added.encode()).splitlines()
    assert [line for line in shown if line.startswith("+")][1:] == [
        '+"lou": {',
        '+"command": "lou-connect"},',
    ]
    assert masking.unified("f", None, b"a\n").startswith("--- no file")
