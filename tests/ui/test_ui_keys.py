"""The key dialog over a real keyring: set, replace, remove; never shown; always answerable."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit

from app.keys.vault import VaultState
from tests.ui.dialogs import KeysView
from tests.ui.rig import Rig
from tests.ui.test_ui_newcomers import answering

SECRET = "tvly-0123456789-canary"


def kept(lou: Rig) -> set[str]:
    """The names of the keys that are set."""
    return {key.name for key in lou.core.keys() if key.is_set}  # noqa: SIM118 - no dict


def is_set(lou: Rig, name: str) -> bool:
    return name in kept(lou)


@pytest.fixture(autouse=True, scope="module")
def keys_as_they_were(lou: Rig) -> Iterator[None]:
    """The window is shared with other tests, which begin with no key of a provider."""
    before = kept(lou)
    yield
    for name in kept(lou) - before - {"ENCRYPTION_KEY"}:  # the tracker makes that one
        lou.run(lou.core.unset_key(name))


def test_a_pasted_key_is_trimmed_kept_and_leaves_no_trace_in_the_window(lou: Rig) -> None:
    keys = KeysView(lou, "TAVILY_API_KEY")
    QGuiApplication.clipboard().setText(f"  {SECRET}\n")
    keys.paste()
    assert keys.entry.text() == SECRET
    assert keys.entry.echoMode() == QLineEdit.EchoMode.Password
    keys.save.click()
    lou.until(lambda: is_set(lou, "TAVILY_API_KEY"), what=lambda: keys.verdict)
    lou.until(lambda: "Saved" in keys.verdict)
    assert lou.run(lou.core.vault.get("TAVILY_API_KEY")) == SECRET
    assert QGuiApplication.clipboard().text() == ""
    shown = [each.text() for each in lou.app.allWidgets() if isinstance(each, QLabel | QLineEdit)]
    shown += [
        each.toPlainText() for each in lou.app.allWidgets() if isinstance(each, QPlainTextEdit)
    ]
    assert not any(SECRET in text for text in shown)


def test_server_gets_a_new_key_without_a_restart(lou: Rig) -> None:
    pid = lou.core.server("search").pid
    keys = KeysView(lou, "BRAVE_API_KEY")
    keys.type("brave-key")
    keys.save.click()
    lou.until(lambda: is_set(lou, "BRAVE_API_KEY"), what=lambda: keys.verdict)
    lou.until(lambda: not keys.is_busy())
    answer = lou.run(lou.core.call("search", "provider_states", {}))
    brave = next(each for each in answer.data["providers"] if each["name"] == "brave")
    assert brave["key_set"] is True
    assert lou.core.server("search").pid == pid


def test_secret_is_readable_only_while_the_eye_is_pressed(lou: Rig) -> None:
    keys = KeysView(lou, "EXA_API_KEY")
    keys.type("abc")
    QTest.mousePress(keys.eye, Qt.MouseButton.LeftButton)
    assert keys.entry.echoMode() == QLineEdit.EchoMode.Normal
    QTest.mouseRelease(keys.eye, Qt.MouseButton.LeftButton)
    assert keys.entry.echoMode() == QLineEdit.EchoMode.Password


def test_what_was_typed_for_one_key_is_not_there_for_the_next(lou: Rig) -> None:
    keys = KeysView(lou, "SERPER_API_KEY")
    keys.type("half a key")
    keys.dialog.choose("TAVILY_API_KEY")
    assert keys.entry.text() == ""


def test_a_test_of_a_key_can_be_stopped(lou: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        own = {"tavily": {"base_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}}
        lou.core.settings.update(lambda config: config.with_own("search", own))
        keys = KeysView(lou, "TAVILY_API_KEY")
        keys.type("tvly-typed")
        keys.test.click()
        assert keys.test.text() == "Stop"
        lou.until(lambda: keys.verdict == "Asking the provider...")
        keys.test.click()
        lou.until(lambda: keys.verdict == "Stopped.")
    assert keys.test.text() == "Test"
    assert keys.entry.isEnabled()
    keys.dialog.close()
    lou.core.settings.update(lambda config: config.with_own("search", {"tavily": {}}))


def test_the_keys_open_on_the_screen_above_a_small_window_in_its_corner(lou: Rig) -> None:
    KeysView(lou, "TAVILY_API_KEY").dialog.close()
    before = lou.window.geometry()
    lou.window.setGeometry(0, 0, 700, 400)
    keys = KeysView(lou, "TAVILY_API_KEY")
    assert keys.dialog.height() > lou.window.height()
    assert keys.dialog.screen().availableGeometry().contains(keys.dialog.pos())
    keys.dialog.close()
    lou.window.setGeometry(before)


def test_a_key_that_its_provider_rejects(lou: Rig) -> None:
    with answering(401, b'{"detail": {"error": "Unauthorized"}}') as url:
        own = {"tavily": {"base_url": url}}
        lou.core.settings.update(lambda config: config.with_own("search", own))
        keys = KeysView(lou, "TAVILY_API_KEY")
        lou.until(keys.entry.isEnabled)
        keys.type("tvly-of-yesterday")

        def is_rejected() -> bool:
            """Whether it is told; the server may not know the address yet, so ask again."""
            if keys.test.text() == "Test" and "rejected" not in keys.verdict:
                keys.test.click()
            return "rejected" in keys.verdict

        lou.until(is_rejected, 60, what=lambda: keys.verdict)
        assert "Copy it once more, or get a new one." in keys.verdict
        keys.dialog.close()
    lou.run(lou.core.unset_key("TAVILY_API_KEY"))
    lou.core.settings.update(lambda config: config.with_own("search", {"tavily": {}}))


def test_a_key_that_was_not_saved_is_forgotten_with_the_dialog(lou: Rig) -> None:
    keys = KeysView(lou, "SERPER_API_KEY")
    keys.type("never saved")
    keys.dialog.close()
    assert keys.entry.text() == ""


def test_what_is_too_long_for_a_key_is_refused_whole(lou: Rig) -> None:
    keys = KeysView(lou, "SERPER_API_KEY")
    QGuiApplication.clipboard().setText("k" * 100_000)
    keys.paste()
    assert keys.entry.text() == ""
    assert "too long" in keys.verdict
    assert not keys.save.isEnabled()


def test_another_server_with_a_key_of_its_own_leaves_the_chosen_one_chosen(lou: Rig) -> None:
    keys = KeysView(lou, "TAVILY_API_KEY")
    keys.type("half a key")
    entry = {"command": "/nowhere", "env": {"A": "${keyring:A_FIRST_KEY}"}, "disabled": True}
    lou.core.add_server("other", entry)
    lou.until(lambda: "A_FIRST_KEY" in keys.names())
    assert keys.is_shown("TAVILY_API_KEY")
    assert keys.entry.text() == "half a key"
    lou.run(lou.core.remove_server("other"))
    keys.dialog.close()


def test_the_trackers_key_can_be_kept_and_is_given_up_only_knowingly(
    lou: Rig, tmp_path: Path
) -> None:
    lou.until(lambda: is_set(lou, "ENCRYPTION_KEY"), what=lambda: keys.verdict)
    keys = KeysView(lou, "ENCRYPTION_KEY")
    before = lou.run(lou.core.vault.get("ENCRYPTION_KEY"))
    lou.until(keys.recovery.isVisible)
    keys.export_to(tmp_path / "recovery.txt")
    lou.until(lambda: "recovery.txt" in keys.verdict)
    assert (tmp_path / "recovery.txt").read_text().strip() == before
    lou.until(keys.entry.isEnabled)
    keys.type("another key")
    keys.save.click()
    asked = keys.question()
    assert any("recovery key" in each.text() for each in asked.findChildren(QLabel))
    asked.reject()
    lou.until(lambda: "as it was" in keys.verdict)
    assert lou.run(lou.core.vault.get("ENCRYPTION_KEY")) == before


def test_locked_keyring_is_explained_and_unlocking_brings_everything_back(lou: Rig) -> None:
    assert lou.desktop
    keys = KeysView(lou, "TAVILY_API_KEY")
    lou.desktop.lock()
    keys.type("one-more")
    keys.save.click()
    lou.until(lambda: lou.core.vault.state() == VaultState.LOCKED)
    lou.until(keys.strip.isVisible)
    assert "locked" in keys.strip.text
    assert not keys.entry.isEnabled()
    lou.until(lambda: not keys.is_busy())
    assert keys.entry.text() == "one-more"
    lou.desktop.unlock()
    lou.until(lambda: lou.core.vault.state() == VaultState.OPEN)
    lou.until(lambda: not keys.strip.isVisible())
    lou.until(keys.entry.isEnabled)


def test_window_stays_alive_while_the_keyring_hangs(lou: Rig) -> None:
    assert lou.desktop
    keys = KeysView(lou, "TAVILY_API_KEY")
    lou.until(keys.entry.isEnabled)
    keys.type("another")
    lou.desktop.hang()
    try:
        keys.save.click()
        longest, end = 0.0, time.monotonic() + 2
        while time.monotonic() < end:
            began = time.monotonic()
            QTest.qWait(5)
            longest = max(longest, time.monotonic() - began - 0.005)
    finally:
        lou.desktop.wake()
    assert longest < 0.5
    lou.until(lambda: not keys.is_busy())
    keys.dialog.close()


def test_what_was_mended_in_a_pasted_key_is_said(lou: Rig) -> None:
    keys = KeysView(lou, "EXA_API_KEY")
    QGuiApplication.clipboard().setText('EXA_API_KEY\n"exa-abc"')
    keys.paste()
    keys.save.click()
    lou.until(lambda: is_set(lou, "EXA_API_KEY"), what=lambda: keys.verdict)
    lou.until(lambda: "Saved" in keys.verdict)
    assert "quotation marks around it were left out" in keys.verdict
    assert lou.run(lou.core.vault.get("EXA_API_KEY")) == "exa-abc"
    assert QGuiApplication.clipboard().text() == ""
    lou.run(lou.core.unset_key("EXA_API_KEY"))


def test_what_is_no_key_is_refused_in_words_and_not_kept(lou: Rig) -> None:
    keys = KeysView(lou, "FIREBASE_CREDENTIALS")
    keys.type('{"apiKey": "x", "authDomain": "y"}')
    for button in (keys.test, keys.save):
        button.click()
        lou.until(lambda: "web config of a Firebase app" in keys.verdict)
        lou.until(lambda: not keys.is_busy())
    assert not is_set(lou, "FIREBASE_CREDENTIALS")
    keys.detail.forget()
