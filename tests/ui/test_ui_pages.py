"""Clients, welcome, metrics and settings over the real core."""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit
from shiboken6 import isValid

from app.config import http_access
from app.system import desktop_entry, installation
from app.ui import client_wording
from app.ui.dialogs.changes import ChangesDialog
from app.ui.dialogs.confirm import result_of
from app.ui.dialogs.own_server import entry_of
from app.ui.dialogs.passphrase import PassphraseDialog
from app.ui.dialogs.server_review import ServerReviewDialog
from app.ui.form_fields import Kind
from app.ui.pages.http_settings import HttpRow
from app.ui.pages.welcome_steps import WelcomeStep
from app.ui.widgets.form import Editor
from app.ui.widgets.switch import Switch
from app.views import CallRecord, ClientEvent
from tests.ui import measures
from tests.ui.dialogs import AddServerView, PassphraseView
from tests.ui.finding import button, find
from tests.ui.pages import ClientsView, MetricsView, SettingView, WelcomeView
from tests.ui.rig import Rig

BEFORE = '{\n  // mine\n  "mcpServers": {\n    "files": {"command": "npx"}\n  }\n}\n'


@pytest.fixture
def claude(lou: Rig) -> Path:
    """The file of a Claude Desktop that is installed here."""
    folder = lou.home / ".config" / "Claude"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "claude_desktop_config.json"
    file.write_text(BEFORE.replace("  // mine\n", ""))
    lou.run(lou.core.clients.refresh("claude-desktop"))
    return file


def shown_changes(lou: Rig) -> ChangesDialog:
    lou.until(lambda: lou.window.findChildren(ChangesDialog))
    return lou.window.findChildren(ChangesDialog)[-1]


def test_a_client_is_connected_after_the_change_was_shown_and_disconnected_again(
    lou: Rig, claude: Path
) -> None:
    clients = ClientsView(lou, "claude-desktop")
    before = claude.read_bytes()
    lou.until(clients.connect.isVisible)
    clients.connect.click()
    dialog = shown_changes(lou)
    assert claude.read_bytes() == before
    dialog.accept()
    lou.until(lambda: "lou-search" in json.loads(claude.read_text())["mcpServers"])
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    lou.until(lambda: not clients.connect.isVisible())
    clients.disconnect.click()
    shown_changes(lou).accept()
    lou.until(lambda: claude.read_bytes() == before)


def test_a_cancelled_change_writes_nothing(lou: Rig, claude: Path) -> None:
    clients = ClientsView(lou, "claude-desktop")
    before = claude.read_bytes()
    lou.until(clients.connect.isVisible)
    clients.connect.click()
    shown_changes(lou).reject()
    measures.wait(0.2)
    assert claude.read_bytes() == before


def test_every_state_of_a_client_has_words(lou: Rig) -> None:
    lou.run(lou.core.clients.refresh())
    for view in lou.core.clients.views():
        assert client_wording.state_text(view).words
        assert client_wording.sentence(view)
        assert client_wording.verb(view)


def test_what_a_client_speaks_and_can_be_asked_is_said_on_its_page(lou: Rig, claude: Path) -> None:
    clients = ClientsView(lou, "claude-desktop")
    lou.until(clients.connect.isVisible)
    clients.connect.click()
    shown_changes(lou).accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    is_said = lambda text: any(text in each.text() for each in clients.page.findChildren(QLabel))  # noqa: E731
    for protocol, era in (("2025-11-25", "a greeting first"), ("2026-07-28", "no greeting first")):
        event = ClientEvent(
            "search", "1", "claude-ai", "initialized", "0.14.2", protocol, time.time(),
            capabilities=("roots", "x/own"),
        )  # fmt: skip
        lou.core.connections.notify(event)
        said = f"It speaks MCP {protocol}, with {era}."
        lou.until(partial(is_said, said))
    assert is_said("Servers of your own can use of it: its folders (roots), x/own.")
    lou.core.connections.notify(replace(event, stage="left"))
    lou.run(lou.core.clients.disconnect("claude-desktop"))


def test_welcome_ticks_itself_from_servers_to_the_first_call(lou: Rig) -> None:
    welcome = WelcomeView(lou)
    lou.until(lambda: welcome.is_done(welcome.servers))
    lou.core.connections.notify(ClientEvent("search", "1", "claude-ai", "initialized", at=1.0))
    lou.until(lambda: "opened a session" in welcome.text(welcome.proof))
    lou.core.calls.notify(CallRecord("search", "web_search", 5.0, "ok", client="lou"))
    assert not welcome.is_done(welcome.proof)
    lou.core.calls.notify(CallRecord("search", "web_search", 5.0, "ok", client="claude-ai", at=2.0))
    lou.until(lambda: welcome.is_done(welcome.proof))
    assert button(welcome.page, "Done").isVisible()


def test_welcome_offers_the_menu_entry_where_uv_installed_lou(
    lou: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    welcome = WelcomeView(lou)
    extras = find(welcome.page, WelcomeStep, "If you like")
    assert not extras.isVisible(), "source code needs no entry"
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    (tmp_path / "uv-receipt.toml").touch()
    installation.current.cache_clear()
    try:
        lou.page("servers")
        lou.page("welcome")
        lou.until(extras.isVisible)
        assert not button(extras, "Do not ask").isVisible()
        button(extras, "Add Lou to the menu").click()
        lou.until(lambda: welcome.is_done(extras))
        assert "Exec=" in desktop_entry.places()[0].read_text()
        assert welcome.text(extras) == "Lou is in the menu of your desktop."
    finally:
        desktop_entry.remove()
        monkeypatch.undo()
        installation.current.cache_clear()


@pytest.mark.parametrize("answer", ["Tell me about new versions", "Do not ask"])
def test_welcome_asks_once_for_leave_to_ask_for_new_versions(lou: Rig, answer: str) -> None:
    change = lambda **found: lou.core.settings.update(lambda config: config.with_settings(**found))  # noqa: E731
    welcome = WelcomeView(lou)
    extras = find(welcome.page, WelcomeStep, "If you like")
    change(update_address="https://127.0.0.1:9/news.json", update_question_seen=False)
    lou.until(button(extras, answer).isVisible)
    assert "https://127.0.0.1:9/news.json" in welcome.text(extras)
    button(extras, answer).click()
    settings = lambda: lou.core.settings.config.settings  # noqa: E731
    lou.until(lambda: settings().update_question_seen and not button(extras, answer).isVisible())
    assert settings().ask_for_updates is answer.startswith("Tell")
    change(ask_for_updates=False)
    lou.page("servers")
    lou.page("welcome")
    assert not button(extras, answer).isVisible()
    change(update_address="", update_question_seen=False)


def test_welcome_says_why_a_server_waits_and_leads_to_what_mends_it(lou: Rig) -> None:
    welcome = WelcomeView(lou)
    assert welcome.mend.isHidden()
    lou.core.add_server("broken", {"command": "/nowhere/at/all"})
    lou.until(welcome.mend.isVisible)
    trouble = lou.core.server("broken").trouble
    assert trouble is not None
    lou.until(lambda: trouble.message in welcome.text(welcome.servers))
    welcome.mend.click()
    lou.until(lambda: not welcome.page.isVisible())
    lou.run(lou.core.remove_server("broken"))
    lou.page("welcome")
    lou.until(welcome.mend.isHidden)


def test_metrics_show_and_export_what_was_counted(lou: Rig, tmp_path: Path) -> None:
    for ms in (10.0, 20.0, 400.0):
        lou.core.metrics.call(CallRecord("search", "web_search", ms, "ok", client="x", id="m"))
    lou.core.metrics.call(CallRecord("search", "fetch_page", 5.0, "error", "quota", client="x"))
    metrics = MetricsView(lou)
    page = metrics.page
    lou.until(lambda: page.report is not None and page.report.total.errors >= 1)
    assert metrics.figure("Failed").startswith(f"{page.report.total.errors}")
    page.save_csv(tmp_path / "m.csv")
    with (tmp_path / "m.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["calls"]) for row in rows) == page.report.total.calls
    page.save_png(tmp_path / "m.png")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_a_switched_setting_is_in_force_and_on_disk(lou: Rig) -> None:
    row = SettingView(lou, "debug").row
    row.findChild(Switch).click()
    lou.until(lambda: lou.core.settings.config.settings.debug)
    lou.until(lambda: json.loads(lou.core.settings.path.read_text())["settings"]["debug"])
    row.findChild(Switch).click()
    lou.until(lambda: not lou.core.settings.config.settings.debug)


def test_a_number_out_of_bounds_is_refused_beside_its_field(lou: Rig) -> None:
    setting = SettingView(lou, "metrics_days")
    before = lou.core.settings.config.settings.metrics_days
    setting.line.setText("9999")
    lou.until(setting.problem.isVisible)
    assert lou.core.settings.config.settings.metrics_days == before
    setting.line.setText(str(before))
    lou.until(lambda: not setting.problem.isVisible())


def test_appearance_changes_the_whole_window_at_once(lou: Rig) -> None:
    box = SettingView(lou, "theme").box
    box.setCurrentText("Dark")
    lou.until(lambda: lou.theme.is_dark)
    box.setCurrentText("Light")
    lou.until(lambda: not lou.theme.is_dark)


def test_a_server_is_added_from_a_command_line_and_removed(lou: Rig) -> None:
    view = AddServerView(lou)
    view.form.set_values({"name": "mine", "run": "sleep 'a b'", "env": ["A=1"]})
    name, entry = entry_of(view.form.values())
    assert (name, entry["command"], entry["args"], entry["env"]) == (
        "mine", "sleep", ["a b"], {"A": "1"},
    )  # fmt: skip
    view.form.set_values({"name": "Not Allowed", "run": "sleep 1"})
    view.add.click()
    lou.until(view.problem.text)
    view.dialog.deleteLater()


@pytest.mark.parametrize("name", ["typed", "pasted"])
@pytest.mark.parametrize("sure", [False, True])
def test_a_server_is_shown_in_full_before_it_is_added(lou: Rig, name: str, sure: bool) -> None:
    view = AddServerView(lou)
    dialog = view.dialog
    dialog.show()
    (_type if name == "typed" else _paste)(view)
    view.add.click()
    lou.until(lambda: dialog.findChild(ServerReviewDialog))
    review = dialog.findChild(ServerReviewDialog)
    shown = review.findChild(QPlainTextEdit).toPlainText()
    assert "/bin/cat --token '[hidden]'" in shown
    assert "MODE = fast" in shown
    assert "s3cret99" not in shown
    assert name not in lou.core.settings.config.servers
    (review.accept if sure else review.reject)()
    lou.until(lambda: not isValid(review))
    if sure:
        lou.until(lambda: name in lou.core.settings.config.servers)
        lou.run(lou.core.remove_server(name))
    else:
        assert name not in lou.core.settings.config.servers
        dialog.close()


def _type(view: AddServerView) -> None:
    run = "/bin/cat --token s3cret99"
    view.form.set_values({"name": "typed", "run": run, "env": ["MODE=fast"]})


def _paste(view: AddServerView) -> None:
    entry = {"command": "/bin/cat", "args": ["--token", "s3cret99"], "env": {"MODE": "fast"}}
    view.ways.setCurrentIndex(1)
    text = json.dumps({"mcpServers": {"pasted": {**entry, "disabled": True}}})
    view.pasted.setPlainText(text)


def test_a_client_that_is_not_installed_is_not_offered(lou: Rig) -> None:
    absent = next(view for view in lou.core.clients.views() if view.id == "trae")
    assert not absent.installed
    assert not client_wording.can_connect(absent)
    assert "not installed" in client_wording.sentence(absent)


def test_a_new_passphrase_is_asked_twice_and_may_not_be_short(lou: Rig) -> None:
    dialog = PassphraseDialog(lou.theme, None, new=True)
    asked = PassphraseView(dialog)
    task = lou.loop.create_task(result_of(dialog, dialog.take))
    lou.until(dialog.isVisible)
    for first, again, said in (("short", "short", "12"), ("long enough!", "other", "same")):
        asked.first.setText(first)
        asked.again.setText(again)
        asked.save.click()
        assert said in asked.problem.text()
    asked.again.setText("long enough!")
    asked.save.click()
    lou.until(task.done)
    assert task.result() == "long enough!"


def test_keys_move_when_another_place_is_chosen_for_them_and_back(lou: Rig) -> None:
    lou.run(lou.core.set_key("SERPER_API_KEY", "a-key-that-moves"))
    box = SettingView(lou, "key_store").box
    box.setCurrentText("An encrypted file")
    asked = passphrase_dialog(lou)
    asked.dialog.reject()
    lou.until(lambda: box.currentText() == "The keyring")
    box.setCurrentText("An encrypted file")
    asked = passphrase_dialog(lou)
    for entry in (asked.first, asked.again):
        entry.setText("four words are enough")
    asked.save.click()
    lou.until(lambda: lou.core.settings.config.settings.key_store == "file")
    assert lou.run(lou.core.vault.get("SERPER_API_KEY")) == "a-key-that-moves"
    lou.until(lambda: box.currentText() == "An encrypted file")
    box.setCurrentText("The keyring")
    lou.until(lambda: lou.core.settings.config.settings.key_store == "system")
    assert lou.run(lou.core.vault.get("SERPER_API_KEY")) == "a-key-that-moves"
    assert lou.core.key_store.is_made("file")
    lou.run(lou.core.unset_key("SERPER_API_KEY"))


def passphrase_dialog(lou: Rig) -> PassphraseView:
    lou.until(lambda: [each for each in dialogs(lou) if each.isVisible()])
    return PassphraseView(next(each for each in dialogs(lou) if each.isVisible()))


def dialogs(lou: Rig) -> list[PassphraseDialog]:
    return lou.window.findChildren(PassphraseDialog)


def test_a_choice_is_shown_in_words_and_kept_as_its_value(lou: Rig) -> None:
    box = SettingView(lou, "log_level").box
    assert [box.itemText(place) for place in range(box.count())] == [
        *("Debug", "Info", "Warning", "Error")
    ]
    box.setCurrentText("Warning")
    lou.until(lambda: lou.core.settings.config.settings.log_level == "WARNING")
    box.setCurrentText("Info")
    lou.until(lambda: lou.core.settings.config.settings.log_level == "INFO")


def test_another_server_is_measured_with_all_its_tools(lou: Rig) -> None:
    lou.core.metrics.call(CallRecord("search", "web_search", 5.0, "ok", client="x", id="m"))
    metrics = MetricsView(lou)
    lou.until(lambda: metrics.tool.findData("web_search") > 0)
    metrics.tool.setCurrentIndex(metrics.tool.findData("web_search"))
    metrics.server.setCurrentIndex(metrics.server.findData("tracker"))
    assert metrics.tool.currentData() == ""
    metrics.server.setCurrentIndex(0)


def test_what_was_wrong_is_not_said_of_what_is_in_force(lou: Rig) -> None:
    setting = SettingView(lou, "metrics_days")
    assert setting.row.choice.field.kind is Kind.INTEGER
    setting.line.setText("many")
    lou.until(setting.problem.isVisible)
    lou.page("servers")
    lou.page("settings")
    assert setting.line.text() == str(setting.in_force())
    assert not setting.problem.isVisible()


def test_what_was_typed_last_is_kept_when_lou_ends_at_once(lou: Rig) -> None:
    setting = SettingView(lou, "exchange_folder")
    setting.line.setText("/srv/exchange")
    assert setting.row.findChild(QTimer).isActive()
    lou.window.hide()
    assert lou.core.settings.config.settings.of("tracker")["exchange_folder"] == "/srv/exchange"
    lou.page("settings")
    setting.line.clear()
    lou.page("servers")
    assert lou.core.settings.config.settings.of("tracker")["exchange_folder"] == ""


def test_the_wheel_scrolls_the_settings_and_changes_none(lou: Rig) -> None:
    box, place = SettingView(lou, "log_level").box, QPointF(5, 5)
    no = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase)
    turn = QWheelEvent(place, place, QPoint(), QPoint(0, -240), *no, False)
    before = box.currentIndex()
    QApplication.sendEvent(box, turn)
    assert (box.currentIndex(), turn.isAccepted()) == (before, False)


def test_web_pages_are_allowed_in_the_settings_and_refused_in_words(lou: Rig) -> None:
    page = lou.page("settings")
    row = next(each for each in page.findChildren(HttpRow) if each.server == "tracker")
    box = find(row, QPlainTextEdit, "Allowed web pages")
    assert not box.isVisible()
    found = lambda: http_access.access(lou.core.settings.config, "tracker")  # noqa: E731
    find(row, Switch).click()
    lou.until(lambda: found().is_on and box.isVisible())
    box.setPlainText("app.example")
    said = find(row, Editor).findChild(QLabel, "problem")
    lou.until(said.isVisible)
    assert "is no origin" in said.text()
    assert (found().origins, box.toPlainText()) == ((), "app.example")
    box.setPlainText("https://App.example/start")
    lou.until(lambda: found().origins == ("https://app.example",))
    lou.until(lambda: box.toPlainText() == "https://app.example" and not said.isVisible())
    find(row, Switch).click()
    lou.until(lambda: not found().is_on and not box.isVisible())
    assert found().origins == ("https://app.example",)
    lou.core.settings.update(lambda config: http_access.with_origins(config, "tracker", ()))
    lou.until(lambda: lou.state("tracker") == "ready")
