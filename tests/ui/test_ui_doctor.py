"""The Doctor page, what mends a failed check, and the path of a client that does not see Lou."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from app.clients.planning.entries import Bridge
from app.clients.views import EntryProofView, StepView
from app.doctor import client_logs, client_path
from app.ui import doctor_mends
from app.ui.widgets.buttons import Button
from app.views import Check, ServerView
from tests.ui.finding import button, find
from tests.ui.rig import Rig

BRIDGE = Bridge("/usr/bin/lou-connect")
READY = ServerView("search", True, "ready", title="Search", embedded=True)


def test_every_failed_check_that_can_be_mended_says_how() -> None:
    for code, place in {
        "keyring": "keys",
        "tracker_key": "store file",
        "server_search": "restart search",
        "command_mine": "edit mine",
        "plain_key_mine": "edit mine",
        "client_cursor": "connect cursor",
        "start_at_login": "mend login",
        "start_with_client": "mend launch",
        "config_readable": "config",
    }.items():
        mend = doctor_mends.mend_of(Check(code, False, "wrong"))
        assert mend
        assert mend.place == place
    assert doctor_mends.mend_of(Check("private_files", False, "wrong")) is None


def test_every_check_is_in_one_group_and_failed_ones_come_first() -> None:
    codes = ("running", "keyring", "server_a", "server_b", "client_x", "disk_space", "new_one")
    checks = [Check(code, code != "server_b", code) for code in codes]
    groups = doctor_mends.grouped(checks)
    assert sorted(check.code for _, own in groups for check in own) == sorted(codes)
    assert [check.code for check in dict(groups)["Servers"]] == ["server_b", "server_a"]
    assert "[NOT OK] server_b" in doctor_mends.report(checks, "Lou")


@pytest.fixture
def client(lou: Rig):
    """A client with everything reached but the last call."""
    proof = tuple(
        StepView(step, step, float(at))
        for step, at in (
            ("written", 1),
            ("restarted", 2),
            ("initialized", 3),
            ("listed", 4),
            ("called", 0),
        )
    )
    entries = (EntryProofView("search", 3.0, 4.0, 0.0),)
    return replace(
        lou.core.clients.view("claude-desktop"),
        installed=True, wanted=True, state="connected", reason="", hint="", files=(),
        proof=proof, entries=entries, missing=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "step", "said"),
    [
        ({}, "A tool was called", "called nothing yet"),
        ({"installed": False}, "Installed", "not found"),
        ({"state": "unreadable", "reason": "Line 3: a comma."}, "Its file can be read", "Line 3"),
        ({"state": "absent", "entries": ()}, "Lou's entries are in its file", "not in the file"),
        ({"state": "outdated", "reason": "1 entry points"}, "The entries are right", "1 entry"),
        (
            {"entries": (EntryProofView("search", 3.0, 0.0, 0.0),)},
            "The tools are listed",
            "asked for no tools of search",
        ),
        (
            {"entries": (EntryProofView("search", 3, 4, 0), EntryProofView("files", 0, 0, 0))},
            "A session is opened",
            "no session with files",
        ),
    ],
)
def test_the_path_of_a_client_names_the_step_that_fails(
    client, change: dict, step: str, said: str
) -> None:
    steps = client_path.walk(replace(client, **change), [READY], BRIDGE)
    failed = next(each for each in steps if each.is_reached is False)
    assert failed.title == step
    assert said in failed.sentence
    assert failed.fix
    after = steps[steps.index(failed) + 1 :]
    assert all(each.is_reached is None and not each.sentence for each in after)


def test_a_missing_bridge_and_a_stopped_server_are_named(client) -> None:
    steps = client_path.walk(client, [READY], replace(BRIDGE, is_missing=True))
    assert "lou-connect is missing" in next(s for s in steps if s.is_reached is False).sentence
    steps = client_path.walk(client, [replace(READY, state="failed")], BRIDGE, ["spawn ENOENT"])
    failed = next(s for s in steps if s.is_reached is False)
    assert failed.action == "servers search"
    assert "spawn ENOENT" in failed.sentence


def test_what_a_client_logged_about_lou_is_read_and_redacted(lou: Rig) -> None:
    folder = client_logs.folder("claude-desktop")
    if folder is None:
        pytest.skip("no folder is known on this system")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mcp-server-lou-search.log").write_text("fine\nError: token s3cr3t was refused\n")
    (folder / "mcp-server-files.log").write_text("Error: of another server\n")
    found = client_logs.complaints("claude-desktop", lambda text: text.replace("s3cr3t", "***"))
    assert found == ["Error: token *** was refused"]
    assert client_logs.complaints("cursor", str) == []


def test_the_page_shows_a_failed_check_with_its_button_and_copies_a_report(lou: Rig) -> None:
    lou.core.add_server("broken", {"command": "/nowhere/at/all"})
    page = lou.page("doctor")
    again = button(page, "Check again")
    lou.until(again.isEnabled)
    again.click()
    lou.until(lambda: any(each.text() == "Edit broken..." for each in page.findChildren(Button)))
    lou.until(again.isEnabled)
    assert "you" in find(page, QLabel, "summary").text()
    button(page, "Copy report").click()
    assert "[NOT OK] command_broken" in QGuiApplication.clipboard().text()
    lou.session.go("doctor claude-desktop")
    verdict = find(page, QLabel, "verdict")
    lou.until(verdict.text)
    assert "Claude Desktop" in verdict.text()
    lou.run(lou.core.remove_server("broken"))


def test_a_mend_writes_what_starts_lou(lou: Rig) -> None:
    from app.system.launch_file import endpoint

    endpoint_file = endpoint.launch_file()
    from pathlib import Path

    Path(endpoint_file).unlink()
    lou.session.go("mend launch")
    lou.until(lambda: Path(endpoint_file).exists())
