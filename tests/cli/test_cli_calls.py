"""`lou calls` against a real Lou: what was called is listed, shown, searched and deleted."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app.control.client import ControlClient
from tests.app.running import Lou, lou
from tests.patience import wait_until


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("tracker", "ready")
        found.run("call", "tracker", "track_url_email", json.dumps(
            {"url": "https://example.com/jobs/1", "email": "jo@example.com", "note": "on monday"}
        ))  # fmt: skip
        found.run("call", "tracker", "find_tracked", "bogus=1")
        found.run("call", "tracker", "find_tracked", "status=new")
        wait_until(lambda: len(calls(found)) == 3)
        yield found


SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    params = asked.get("params", {})
    said = f"mail jo@example.com, token=abcdef123456, {params.get('arguments')}"
    results = {
        "initialize": {
            "protocolVersion": params.get("protocolVersion"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "mine", "version": "1"},
        },
        "tools/list": {"tools": [{"name": "say", "inputSchema": {"type": "object"}}]},
        "tools/call": {"content": [{"type": "text", "text": said}]},
    }
    if "id" in asked:
        result = results.get(asked["method"], {})
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


def calls(found: Lou, *words: str) -> list[dict[str, Any]]:
    return list(found.json("calls", *words)["calls"])


def test_calls_are_listed_for_people_and_programs(running: Lou) -> None:
    shown = running.run("calls").stdout.splitlines()
    assert shown[0].split() == ["ID", "TIME", "SERVER", "TOOL", "CLIENT", "OUTCOME", "MS", "SIZE"]
    assert [line.split()[4] for line in shown[1:]] == [
        "track_url_email", "find_tracked", "find_tracked",
    ]  # fmt: skip
    assert [call["outcome"] for call in calls(running)] == ["ok", "error", "ok"]
    assert calls(running, "-n", "1")[0]["id"] == 3


def test_filters_and_search_narrow_the_list(running: Lou) -> None:
    assert [call["id"] for call in calls(running, "--outcome", "error")] == [2]
    assert [call["id"] for call in calls(running, "--tool", "find_tracked")] == [3, 2]
    assert [call["id"] for call in calls(running, "tracker", "--text", "EXAMPLE.com/jobs")] == [
        3,
        1,
    ]
    assert calls(running, "search") == []
    assert running.run("calls", "--outcome", "fine").returncode == 2


def test_one_call_is_shown_without_address_and_note(running: Lou) -> None:
    found = running.json("calls", "--id", "1")
    assert found["request"] == {
        "url": "https://example.com/jobs/1", "email": "[e-mail]", "note": "[private]",
    }  # fmt: skip
    assert found["answer"]["structuredContent"]["entry"]["email"] == "[e-mail]"
    assert found["masked"] == ["email", "note"]
    shown = running.run("calls", "--id", "1").stdout
    assert "Request:" in shown
    assert "Not as it was sent: email, note." in shown
    kept = (running.home / "lou/data").glob("calls.sqlite*")
    assert not any(b"jo@example" in path.read_bytes() for path in kept)
    missing = running.run("calls", "--id", "99")
    assert (missing.returncode, "not kept" in missing.stderr) == (1, True)


def test_a_shown_call_can_be_called_again(running: Lou) -> None:
    command = running.json("calls", "--id", "3")["command"]
    done = running.run(*shlex.split(command)[1:])
    assert (done.returncode, "entries" in done.stdout) == (0, True)


def test_own_calls_are_marked_and_nowhere_else(
    running: Lou, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = running.json("metrics", "tracker")["total"]["calls"]
    newest = calls(running, "-n", "1")[0]["id"]
    for name, text in running.environment.items():
        monkeypatch.setenv(name, text)
    with ControlClient() as control:
        control.ask("call", server="tracker", tool="tracker_stats", arguments={}, own=True)
    wait_until(lambda: calls(running, "--own", "-n", "1")[0]["id"] > newest)
    (own,) = calls(running, "--own", "-n", "1")
    assert (own["tool"], own["own"]) == ("tracker_stats", True)
    assert calls(running, "-n", "1")[0]["id"] == newest
    assert running.json("metrics", "tracker")["total"]["calls"] == before
    assert "tracker_stats" not in running.run("logs", "tracker").stdout


def test_a_server_of_the_users_is_kept_and_masked_alike(running: Lou) -> None:
    script = running.home / "server.py"
    script.write_text(SERVER)
    assert running.run("servers", "add", "mine", "--", sys.executable, str(script)).returncode == 0
    running.wait_for("mine", "ready")
    assert "jo@example.com" in running.run("call", "mine", "say", "count=1").stdout
    wait_until(lambda: calls(running, "mine"))
    found = running.json("calls", "--id", str(calls(running, "mine")[0]["id"]))
    assert found["request"] == {"count": 1}
    (block,) = found["answer"]["content"]
    assert block["text"] == "mail [e-mail], token=[redacted], {'count': 1}"


def test_calls_are_cleared_and_switched_off(running: Lou) -> None:
    assert running.run("calls", "--clear").returncode == 0
    assert calls(running, "--own") == []
    config = running.home / "lou/config.json"
    parsed = json.loads(config.read_bytes())
    config.write_text(json.dumps({**parsed, "settings": {"keep_calls": False}}))
    wait_until(lambda: running.json("calls")["kept"] is False)
    running.run("call", "tracker", "find_tracked")
    assert "Lou keeps no calls" in running.run("calls").stdout
    assert list((running.home / "lou/data").glob("calls.sqlite*")) == []
