"""Servers of one's own in the window: added, tried, changed, copied, removed, brought over."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog

from app.config import config_model, custom_servers
from app.config.config_model import Config
from app.errors import SettingsError
from app.ui.dialogs.own_server import ServerDialog, entry_of, values_of
from app.ui.dialogs.takeover import TakeoverDialog
from tests.ui.dialogs import AddServerView
from tests.ui.finding import button
from tests.ui.pages import StripView
from tests.ui.rig import Rig

SERVER = [sys.executable, str(Path(__file__).with_name("flooding_server.py"))]


def opened(lou: Rig, place: str, kind: type[QDialog]) -> QDialog:
    """The dialog that `place` opens."""
    lou.session.go(place)
    lou.until(lambda: [each for each in lou.window.findChildren(kind) if each.isVisible()])
    return next(each for each in lou.window.findChildren(kind) if each.isVisible())


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "npx", "args": ["-y", "@a/b", "x y", ""], "env": {"A": "1=2", "B": ""}},
        {"command": "/a b/c", "cwd": "/tmp", "requiredTools": ["one", "two"]},
        {"url": "https://a.example/mcp", "headers": {"Authorization": "Bearer ${keyring:K}"}},
    ],
)
def test_the_form_of_an_entry_gives_back_that_entry(entry: dict) -> None:
    parsed = config_model.parse_entry("mine", entry)
    name, again = entry_of({k: v for k, v in values_of("mine", parsed, {}).items() if v != ""})
    assert (name, config_model.parse_entry(name, again)) == ("mine", parsed)


def test_an_edit_keeps_place_and_switches_and_takes_settings_along() -> None:
    config = Config().with_settings(servers={"b": {"log_lines_per_second": 5}})
    for name in "abc":
        entry = config_model.parse_entry(name, {"command": name, "disabledTools": ["t"]})
        config = config.with_server(name, entry)
    after = custom_servers.edited(config, "b", "new", {"command": "other"})
    assert list(after.servers) == ["a", "new", "c"]
    assert after.servers["new"].disabled_tools == ("t",)
    assert after.settings.of("new") == {"log_lines_per_second": 5}
    for wrong in ("a", "Not Allowed"):
        with pytest.raises(SettingsError):
            custom_servers.edited(config, "b", wrong, {"command": "other"})


def test_a_server_is_tried_before_it_is_saved(lou: Rig) -> None:
    view = AddServerView(lou, lou.window)
    view.dialog.show()
    test = button(view.dialog, "Test")
    command = f"'{SERVER[0]}' '{SERVER[1]}' 0 1"
    view.form.set_values({"name": "tried", "run": "/nowhere/at/all"})
    test.click()
    lou.until(lambda: "/nowhere/at/all" in view.problem.text())
    view.form.set_values({"name": "tried", "run": command})
    test.click()
    lou.until(lambda: "It works and has" in view.problem.text(), what=view.problem.text)
    assert "tried" not in lou.core.settings.config.servers
    lou.until(lambda: all(each.name in ("search", "tracker") for each in lou.core.supervisor.all()))
    view.dialog.close()


def test_a_server_is_renamed_copied_removed_and_brought_back(lou: Rig) -> None:
    servers = lambda: lou.core.settings.config.servers  # noqa: E731
    lou.core.add_server("first", {"command": "/bin/cat", "disabled": True})
    dialog = opened(lou, "edit first", ServerDialog)
    view = AddServerView(lou, dialog=dialog)
    assert view.form.typed()["run"] == "/bin/cat"
    values = {"name": "second", "run": "/bin/cat -u"}
    view.form.set_values({**values, "sessions": "own"})
    button(dialog, "Save").click()
    lou.until(lambda: "second" in servers())
    own = lambda: lou.core.settings.config.settings.of("second")  # noqa: E731
    assert own() == {"sessions": "own"}
    assert "first" not in servers()
    assert (servers()["second"].args, servers()["second"].disabled) == (("-u",), True)
    dialog = opened(lou, "copy second", ServerDialog)
    copied = AddServerView(lou, dialog=dialog).form.typed()
    assert (copied["name"], copied["sessions"]) == ("second-2", "own")
    dialog.reject()
    lou.session.go("remove second")
    lou.until(lambda: [d for d in lou.window.findChildren(QDialog) if d.isVisible()])
    asked = next(d for d in lou.window.findChildren(QDialog) if d.isVisible())
    button(asked, "Remove").click()
    lou.until(lambda: "second" not in servers())
    offer = StripView(lou.window, "offer")
    lou.until(lambda: offer.button.text() == "Undo")
    offer.button.click()
    lou.until(lambda: "second" in servers())
    assert (servers()["second"].args, own()) == (("-u",), {"sessions": "own"})
    lou.run(lou.core.remove_server("second"))


def test_servers_of_a_client_are_brought_over_and_taken_back(lou: Rig) -> None:
    folder = lou.home / ".config" / "Claude"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "claude_desktop_config.json"
    env = {"API_TOKEN": "s3cr3t-0123456789abcdef"}
    both = {"one": {"command": "/bin/cat", "env": env}, "two": {"command": "/bin/cat"}}
    file.write_text(json.dumps({"mcpServers": both}))
    dialog = opened(lou, "takeover", TakeoverDialog)
    assert [tick.text() for tick, _ in dialog._ticks] == ["one", "two"]
    dialog._ticks[1][0].setChecked(False)
    button(dialog, "Bring 1 server over").click()
    lou.until(lambda: "one" in lou.core.settings.config.servers)
    assert "s3cr3t" not in lou.core.settings.path.read_text()
    assert "two" not in lou.core.settings.config.servers
    key = lou.core.settings.config.servers["one"].references()[0]
    offer = StripView(lou.window, "offer")
    lou.until(lambda: offer.isVisible() and offer.button.text() == "Undo")
    offer.button.click()
    lou.until(lambda: "one" not in lou.core.settings.config.servers)
    lou.until(lambda: key not in lou.core.vault.names())
    file.unlink()


def test_a_new_server_is_offered_to_a_connected_client_that_stays_connected(lou: Rig) -> None:
    folder = lou.home / ".config" / "Claude"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "claude_desktop_config.json").write_text("{}")
    lou.run(lou.core.clients.connect("claude-desktop"))
    view = AddServerView(lou, lou.window)
    lou.core.add_server("later", {"command": "/bin/cat"})
    lou.until(lambda: lou.core.clients.view("claude-desktop").missing)
    client = lou.core.clients.view("claude-desktop")
    assert client.missing == ("lou-later",)
    assert "later" in client.reason
    assert "not in its file yet" in client.reason
    view.dialog.deleteLater()
    lou.run(lou.core.clients.connect("claude-desktop"))
    assert lou.core.clients.view("claude-desktop").state == "connected"
    lou.run(lou.core.remove_server("later"))
    lou.run(lou.core.clients.disconnect("claude-desktop"))
