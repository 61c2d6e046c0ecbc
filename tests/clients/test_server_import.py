"""Servers of other clients: each entry as it should be taken over, and what a person is told."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.clients.imports import client_source, server_import
from app.config import config_model, secret_values
from app.config.config_model import Config, ServerEntry
from app.errors import AppError, SettingsError
from servers.contract.redaction import Redactor
from tests.app.running import LOU, Lou, lou
from tests.clients.import_inputs import EVERY, VALUES, Row
from tests.patience import wait_until

PLAIN = Config(config_model.defaults())


def _told(row: Row) -> str:
    """What is wrong with how Lou takes the row; empty when it is right."""
    _, text, right = row
    planned = server_import.plan(PLAIN, text, (), VALUES)
    if "left_out" in right:
        reason = " ".join(planned.skipped.values())
        return "" if right["left_out"] in reason and not planned.entries else f"{planned}"
    entry = planned.entries.get("one")
    if entry is None:
        return f"not there: {planned}"
    found = {
        **{name: getattr(entry, name) for name in ("command", "cwd", "url")},
        "args": list(entry.args), "env": dict(entry.env), "headers": dict(entry.headers),
        "disabled_tools": list(entry.disabled_tools), "off": entry.disabled,
        "keys": list(planned.secrets.values()),
        "clear": bool(server_import.left_in_clear(entry)),
    }  # fmt: skip
    wrong = {name: found[name] for name, value in right.items() if found[name] != value}
    if found["off"] and not planned.notes["one"]:
        return "it is off without a word"
    return f"{wrong}, not { ({name: right[name] for name in wrong}) }" if wrong else ""


@pytest.mark.parametrize("kind", EVERY)
def test_every_entry_is_taken_over_as_it_was_meant(kind: str, figure: Any) -> None:
    rows = EVERY[kind]
    wrong = {f"{row[0]}: {row[1]}": told for row in rows if (told := _told(row))}
    figure(f"entries of other clients, {kind}", len(rows) - len(wrong), f"of {len(rows)} right")
    assert wrong == {}


def test_secrets_become_references_to_keys_of_names_that_are_free() -> None:
    env = {"API_KEY": "s3cret"}
    names = ("brave", "1password", "a-b", "a_b", "mine")
    text = json.dumps({"mcpServers": {name: {"command": "x", "env": env} for name in names}})
    planned = server_import.plan(PLAIN, text, ["MINE_API_KEY"])
    used = [planned.entries[name].references() for name in names]
    assert len(set(used)) == len(names)
    assert {name for (name,) in used} == planned.secrets.keys()
    assert not planned.secrets.keys() & {"BRAVE_API_KEY", "MINE_API_KEY"}
    assert set(planned.joined(PLAIN).servers) == {"search", "tracker", *names}


def test_an_entry_that_asks_for_a_key_of_the_user_says_so() -> None:
    text = json.dumps({"mcpServers": {"one": {"command": "x", "env": {"A": "${keyring:MINE}"}}}})
    planned = server_import.plan(PLAIN, text, ["MINE"])
    assert planned.entries["one"].env == {"A": "${keyring:MINE}"}
    assert "your key MINE" in " ".join(planned.notes["one"])


def test_a_server_never_gets_the_name_of_a_device_of_windows() -> None:
    found = server_import.plan(Config(), '{"mcpServers": {"NUL": {"command": "x"}}}')
    assert list(found.entries) == ["nul-server"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_of_any_editor_is_read(encoding: str) -> None:
    text = '{"mcpServers": {"mine": {"command": "/opt/J\u00f6rg/x"}}}'
    assert client_source.text_of(text.encode(encoding)) == text
    with pytest.raises(AppError, match="no text"):
        client_source.text_of(text.encode("latin-1"))


def test_servers_of_one_name_in_several_projects_all_come() -> None:
    projects = {
        "/p": {"mcpServers": {"a": {"command": "x"}}},
        "/q": {"mcpServers": {"a": {"command": "y"}}},
        "/r": {"mcpServers": {"a": {"command": "x"}}},
    }
    planned = server_import.plan(PLAIN, json.dumps({"projects": projects}))
    assert {name: each.command for name, each in planned.entries.items()} == {"a": "x", "a-2": "y"}


def test_a_server_of_a_project_that_is_there_runs_in_its_folder(tmp_path: Path) -> None:
    entry = {"command": "x", "args": ["${workspaceFolder}/a"]}
    text = json.dumps({"projects": {str(tmp_path): {"mcpServers": {"a": entry}}}})
    found = server_import.plan(PLAIN, text).entries["a"]
    assert (found.cwd, found.args, found.disabled) == (str(tmp_path), (f"{tmp_path}/a",), False)


@pytest.mark.parametrize(
    "text",
    ["https://x.example/", "cursor://x/mcp/install?name=a&config=%%%",
     "", "  ", "// x", "[]", "{}", '{"mcpServers": []}', "nonsense", "a: [", "[a]\nb =", '{"a": 1',
     '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}',
     '{"mcpServers": {"a": {"command": "x"}}, "mcpServers": {}}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_configuration_is_refused_in_words(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        server_import.plan(PLAIN, text)
    assert refused.value.hint


def test_a_fault_in_the_text_is_told_with_its_place() -> None:
    with pytest.raises(SettingsError, match="Line 3, column"):
        server_import.plan(PLAIN, '{"mcpServers": {\n "a": {\n  "command" "x"}}}')


def test_what_is_shown_holds_the_whole_command_and_no_secret() -> None:
    entry = ServerEntry(
        "npx", ("-y", "a b", "--token", "s3cret99"), {"API_KEY": "s3cret99", "LD_PRELOAD": "/x.so"},
        cwd="/home/ann",
    )  # fmt: skip
    told = "\n".join(server_import.lines(server_import.described("one", entry)))
    assert "s3cret99" not in told
    assert "npx -y 'a b' --token '[hidden]'" in told
    assert "LD_PRELOAD = /x.so" in told
    assert "/home/ann" in told


def test_a_command_cannot_hide_a_part_of_itself() -> None:
    entry = ServerEntry("x", ("a\nrm", "\u202eb", "\x1b[2J"))
    told = server_import.lines(server_import.described("one", entry))
    assert "\\u000a" in told[1]
    assert not set("\n\u202e\x1b") & set("".join(told))


def test_secrets_that_stay_in_the_clear_are_known_to_the_log() -> None:
    entry = ServerEntry("x", ("--pin-code", "7391-aa"), {"PASSWORD": "orange juice"})
    redact = Redactor(config_model.plain_secrets(entry))
    assert "orange juice" not in redact("the password is orange juice")


@pytest.mark.parametrize(
    "text",
    ["re_" * 7_000, "eyJ." * 5_000, '"\\"' * 7_000, "a:" * 10_000, " " * 20_000, "-" * 20_000,
     "https://a/" + "Aa1" * 6_000, "password=" * 2_000, "token " * 3_000, "'" * 20_000],
)  # fmt: skip
def test_looking_for_secrets_takes_time_in_proportion_to_the_text(text: str) -> None:
    def seconds(times: int) -> float:
        began = time.thread_time()
        secret_values.spans_in(text * times)
        return time.thread_time() - began

    assert seconds(8) < 40 * max(seconds(1), 0.005)


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("search", "ready")
        yield found


def test_import_shows_and_refuses_where_nobody_can_agree(running: Lou, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    entry = {"command": "/bin/echo", "args": ["--token", "s3cret99"], "env": {"MODE": "fast"}}
    file.write_text(json.dumps({"mcpServers": {"shown": {**entry, "disabled": True}}}))
    before = (running.home / "lou/config.json").read_bytes()
    done = running.run("servers", "import", str(file))
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert "/bin/echo --token '[hidden]'" in done.stdout
    assert "MODE = fast" in done.stdout
    assert "s3cret99" not in done.stdout + done.stderr
    refused = running.json("servers", "import", str(file))
    assert refused["error"]["code"] == "not_agreed"
    assert (refused["added"], refused["servers"][0]["name"]) == ([], "shown")
    assert (running.home / "lou/config.json").read_bytes() == before


def test_import_with_yes_adds_and_an_entry_that_is_off_stays_off(running: Lou) -> None:
    text = '// mine\n{"context_servers": {"off": {"command": "/bin/cat", "enabled": false},}}'
    done = running.run("servers", "import", "-", "--yes", stdin=text)
    assert (done.returncode, "Added: off." in done.stdout) == (0, True), done.stderr
    found = {each["name"]: each for each in running.json("status")["servers"]}["off"]
    assert (found["state"], found["wanted"]) == ("off", False)
    running.run("servers", "remove", "off")


@pytest.mark.parametrize(("answer", "is_added"), [("y", True), ("n", False), ("", False)])
def test_import_asks_at_a_terminal(
    running: Lou, tmp_path: Path, answer: str, is_added: bool
) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"mcpServers": {"asked": {"command": "/bin/cat", "disabled": true}}}')
    leader, follower = pty.openpty()
    os.write(leader, f"{answer}\n".encode())
    done = subprocess.run(
        [LOU, "servers", "import", str(file)],
        env=running.environment, stdin=follower, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    os.close(leader)
    os.close(follower)
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("runs: /bin/cat") < done.stdout.index("Add them?")
    names = [each["name"] for each in running.json("status")["servers"]]
    assert ("asked" in names) is is_added
    if is_added:
        running.run("servers", "remove", "asked")


def test_import_takes_a_client_by_its_name(running: Lou) -> None:
    file = Path(running.environment["HOME"]) / ".cursor/mcp.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"mcpServers": {"there": {"command": "/bin/cat", "disabled": true}}}')
    assert running.json("servers", "import", "--from", "cursor", "--yes")["added"] == ["there"]
    running.run("servers", "remove", "there")
    unknown = running.run("servers", "import", "--from", "nobody", "--yes")
    assert (unknown.returncode, "Known are" in unknown.stderr) == (1, True)
    absent = running.run("servers", "import", "--from", "codex", "--yes")
    assert (absent.returncode, "no file with servers" in absent.stderr) == (1, True)


def test_import_needs_a_file_or_a_client(running: Lou) -> None:
    assert running.run("servers", "import").returncode == 2


def test_secrets_that_stay_in_the_clear_are_told_and_kept_out_of_the_log(running: Lou) -> None:
    program = str(Path(__file__).with_name("variables_server.py"))
    words = ("--env", "GITHUB_PAT=s3cret-98", "--", sys.executable, program, "--token", "s3cret-99")
    assert running.run("servers", "add", "clear", *words).returncode == 0
    checks = {check["code"]: check for check in running.json("doctor")["checks"]}
    told = checks["plain_key_clear"]["sentence"]
    assert "the argument after --token" in told
    assert "GITHUB_PAT" in told
    wait_until(lambda: "the password is" in running.run("logs", "clear").stdout, 60)
    shown = running.run("logs", "clear").stdout + running.run("status").stdout + json.dumps(checks)
    assert "s3cret-9" not in shown
    running.run("servers", "remove", "clear")
