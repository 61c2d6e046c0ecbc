"""`lou clients`, as a real process, with Lou running and without."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.app.running import Lou, lou


@pytest.fixture
def alone() -> Iterator[Lou]:
    with lou() as found:
        (found.home / ".cursor").mkdir()
        yield found


def test_without_a_running_lou_the_files_are_there_all_the_same(alone: Lou) -> None:
    file = alone.home / ".cursor/mcp.json"
    listed = alone.run("clients", "list")
    assert listed.returncode == 0, listed.stderr
    assert "cursor" in listed.stdout
    assert "claude-code" not in listed.stdout
    assert "claude-code" in alone.run("clients", "list", "--all").stdout
    diff = alone.run("clients", "diff", "cursor")
    assert "+++ " in diff.stdout
    assert not file.exists()
    done = alone.json("clients", "connect", "cursor")
    assert done["client"]["state"] == "connected"
    assert set(json.loads(file.read_bytes())["mcpServers"]) == {"lou-search", "lou-tracker"}
    assert alone.run("clients", "diff", "cursor").stdout == "Nothing would change.\n"
    assert alone.run("clients", "undo", "cursor").returncode == 0
    assert not file.exists()
    assert alone.run("clients", "undo", "cursor").returncode == 0
    assert file.exists()
    assert alone.run("clients", "disconnect", "cursor").returncode == 0
    assert not file.exists()


def test_the_entry_opens_the_lou_of_this_home(alone: Lou) -> None:
    alone.run("clients", "connect", "cursor")
    entry = json.loads((alone.home / ".cursor/mcp.json").read_bytes())["mcpServers"]["lou-search"]
    assert entry["env"] == {"LOU_HOME": str(alone.home / "lou")}
    assert entry["args"] == ["search", "cursor"]
    assert entry["command"].endswith("/lou-connect")


def test_the_ways_by_hand_are_told_and_nothing_is_written(alone: Lou) -> None:
    told = alone.run("clients", "by-hand", "cursor").stdout
    assert '"lou-search"' in told
    assert "cursor://anysphere.cursor-deeplink/mcp/install?name=lou-tracker" in told
    found = alone.json("clients", "by-hand", "claude-code")
    assert [line.split()[:3] for line in found["add"]] == [["claude", "mcp", "add-json"]] * 2
    assert found["remove"][0] == "claude mcp remove -s user lou-search"
    assert not (alone.home / ".cursor/mcp.json").exists()


def test_failures_have_a_code_a_reason_and_a_way_out(alone: Lou) -> None:
    done = alone.run("clients", "connect", "nobody")
    assert done.returncode == 1
    assert "No client is called" in done.stderr
    (alone.home / ".cursor/mcp.json").write_text('{\n  "a": oops\n}')
    done = alone.run("clients", "connect", "cursor", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "unreadable"
    assert "Line 2, column 8" in error["message"]
    assert error["hint"]
    assert alone.run("clients").returncode == 2
    assert alone.run("clients", "connect").returncode == 2


def test_a_file_that_could_not_be_changed_beside_one_that_was_is_explained(alone: Lou) -> None:
    broken = alone.home / ".config/devin/mcp_config.json"
    for folder in (broken.parent, alone.home / ".codeium/windsurf"):
        folder.mkdir(parents=True)
    broken.write_text('{\n  "a": oops\n}')
    done = alone.run("clients", "connect", "windsurf")
    assert done.returncode == 0, done.stderr
    assert "windsurf/mcp_config.json: connected" in done.stdout
    assert "Line 2, column 8" in done.stdout
    assert "Lou leaves the file as it is" in done.stdout


def test_a_foreign_entry_is_replaced_only_when_asked(alone: Lou) -> None:
    file = alone.home / ".cursor/mcp.json"
    mine = '{"mcpServers": {"lou-search": {"command": "mine"}}}'
    file.write_text(mine)
    done = alone.run("clients", "connect", "cursor")
    assert (done.returncode, file.read_text()) == (1, mine)
    assert "--replace" in done.stderr
    assert alone.run("clients", "connect", "cursor", "--replace").returncode == 0
    assert "mine" not in file.read_text()


def test_an_undo_that_would_lose_changes_wants_force(alone: Lou) -> None:
    file = alone.home / ".cursor/mcp.json"
    alone.run("clients", "connect", "cursor")
    file.write_text(file.read_text() + "\n")
    done = alone.run("clients", "undo", "cursor")
    assert (done.returncode, "--force" in done.stderr) == (1, True)
    assert file.exists()
    assert alone.run("clients", "undo", "cursor", "--force").returncode == 0
    assert not file.exists()


def test_with_lou_running_the_same_words_do_the_same(alone: Lou) -> None:
    alone.start()
    alone.wait_for("tracker", "ready", "blocked", "failed")
    view = alone.json("clients", "connect", "cursor")["client"]
    assert (view["state"], view["guard"]) == ("connected", "watching")
    listed = {each["id"]: each for each in alone.json("clients", "list")["clients"]}
    assert listed["cursor"]["state"] == "connected"
    done = alone.run("clients", "diff", "nobody", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "unknown_client")
    assert alone.json("clients", "disconnect", "cursor")["client"]["state"] == "absent"


def test_the_doctor_looks_at_every_connected_client(alone: Lou) -> None:
    alone.start()
    alone.wait_for("tracker", "ready", "blocked", "failed")
    file = alone.home / ".cursor/mcp.json"
    alone.run("clients", "connect", "cursor")

    def found() -> dict[str, object]:
        checks = alone.json("doctor")["checks"]
        return next(each for each in checks if each["code"] == "client_cursor")

    assert found()["ok"]
    file.write_text('{"broken')
    alone.run("clients", "list")
    assert not found()["ok"]
    assert "Line 1" in str(found()["sentence"])
    assert found()["fix"]
