"""The key dialog over a real keyring: set, replace, remove; never shown; always answerable."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QPlainTextEdit

from app.keys.vault import VaultState
from app.ui.dialogs.keys import KeysDialog
from app.ui.setting_choices import with_own
from tests.ui.rig import Rig

SECRET = "tvly-0123456789-canary"


def opened(lou: Rig, key: str) -> KeysDialog:
    lou.session.go(f"keys {key}")
    dialog = lou.session._openers._keys
    assert isinstance(dialog, KeysDialog)
    lou.until(dialog.isVisible)
    lou.until(lambda: dialog._detail._key is not None and dialog._detail._key.name == key)
    return dialog


def is_set(lou: Rig, name: str) -> bool:
    return next(key.is_set for key in lou.session.desk.core.keys() if key.name == name)  # noqa: SIM118


def test_a_pasted_key_is_trimmed_kept_and_leaves_no_trace_in_the_window(lou: Rig) -> None:
    dialog = opened(lou, "TAVILY_API_KEY")
    QGuiApplication.clipboard().setText(f"  {SECRET}\n")
    edit = dialog._detail._entry._edit
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert edit.text() == SECRET
    assert edit.echoMode() == QLineEdit.EchoMode.Password
    dialog._detail._save.click()
    lou.until(lambda: is_set(lou, "TAVILY_API_KEY"))
    lou.until(lambda: "Saved" in dialog._detail._verdict.text())
    assert lou.run(lou.core.vault.get("TAVILY_API_KEY")) == SECRET
    assert QGuiApplication.clipboard().text() == ""
    shown = [each.text() for each in lou.app.allWidgets() if isinstance(each, QLabel | QLineEdit)]
    shown += [
        each.toPlainText() for each in lou.app.allWidgets() if isinstance(each, QPlainTextEdit)
    ]
    assert not any(SECRET in text for text in shown)


def test_server_gets_a_new_key_without_a_restart(lou: Rig) -> None:
    pid = lou.core.server("search").pid
    dialog = opened(lou, "BRAVE_API_KEY")
    dialog._detail._entry._edit.setText("brave-key")
    dialog._detail._save.click()
    lou.until(lambda: is_set(lou, "BRAVE_API_KEY"))
    lou.until(lambda: not dialog._detail._busy)
    answer = lou.run(lou.core.call("search", "provider_states", {}))
    brave = next(each for each in answer.data["providers"] if each["name"] == "brave")
    assert brave["key_set"] is True
    assert lou.core.server("search").pid == pid


def test_secret_is_readable_only_while_the_eye_is_pressed(lou: Rig) -> None:
    dialog = opened(lou, "EXA_API_KEY")
    entry = dialog._detail._entry
    entry._edit.setText("abc")
    eye = next(b for b in entry.findChildren(type(dialog._detail._save)))
    QTest.mousePress(eye, Qt.MouseButton.LeftButton)
    assert entry._edit.echoMode() == QLineEdit.EchoMode.Normal
    QTest.mouseRelease(eye, Qt.MouseButton.LeftButton)
    assert entry._edit.echoMode() == QLineEdit.EchoMode.Password


def test_what_was_typed_for_one_key_is_not_there_for_the_next(lou: Rig) -> None:
    dialog = opened(lou, "SERPER_API_KEY")
    dialog._detail._entry._edit.setText("half a key")
    dialog.choose("TAVILY_API_KEY")
    assert dialog._detail._entry._edit.text() == ""


def test_a_test_of_a_key_can_be_stopped(lou: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        own = {"tavily": {"base_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}}
        lou.core.settings.update(lambda config: with_own(config, "search", own))
        detail = opened(lou, "TAVILY_API_KEY")._detail
        detail._entry._edit.setText("tvly-typed")
        detail._test.click()
        assert detail._test.text() == "Stop"
        lou.until(lambda: detail._verdict.text() == "Asking the provider...")
        detail._test.click()
        lou.until(lambda: detail._verdict.text() == "Stopped.")
    assert detail._test.text() == "Test"
    assert detail._entry.isEnabled()
    detail.window().close()
    lou.core.settings.update(lambda config: with_own(config, "search", {"tavily": {}}))


def test_a_key_that_was_not_saved_is_forgotten_with_the_dialog(lou: Rig) -> None:
    dialog = opened(lou, "SERPER_API_KEY")
    dialog._detail._entry._edit.setText("never saved")
    dialog.close()
    assert dialog._detail._entry._edit.text() == ""


def test_what_is_too_long_for_a_key_is_refused_whole(lou: Rig) -> None:
    detail = opened(lou, "SERPER_API_KEY")._detail
    QGuiApplication.clipboard().setText("k" * 100_000)
    QTest.keyClick(detail._entry._edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert detail._entry._edit.text() == ""
    assert "too long" in detail._verdict.text()
    assert not detail._save.isEnabled()


def test_another_server_with_a_key_of_its_own_leaves_the_chosen_one_chosen(lou: Rig) -> None:
    dialog = opened(lou, "TAVILY_API_KEY")
    dialog._detail._entry._edit.setText("half a key")
    entry = {"command": "/nowhere", "env": {"A": "${keyring:A_FIRST_KEY}"}, "disabled": True}
    lou.core.add_server("other", entry)
    dialog._pull()
    assert dialog._detail._key.name == "TAVILY_API_KEY"
    assert dialog._detail._entry._edit.text() == "half a key"
    lou.run(lou.core.remove_server("other"))
    dialog.close()


def test_the_trackers_key_can_be_kept_and_is_given_up_only_knowingly(
    lou: Rig, tmp_path: Path
) -> None:
    lou.until(lambda: is_set(lou, "ENCRYPTION_KEY"))
    detail = opened(lou, "ENCRYPTION_KEY")._detail
    before = lou.run(lou.core.vault.get("ENCRYPTION_KEY"))
    lou.until(detail._export.isVisible)
    detail._export_to(str(tmp_path / "recovery.txt"))
    lou.until((tmp_path / "recovery.txt").exists)
    assert (tmp_path / "recovery.txt").read_text().strip() == before
    lou.until(lambda: not detail._busy)
    detail._entry._edit.setText("another key")
    detail._save.click()
    lou.until(lambda: detail.window().findChild(QDialog))
    asked = detail.window().findChild(QDialog)
    assert any("recovery key" in each.text() for each in asked.findChildren(QLabel))
    asked.reject()
    lou.until(lambda: "as it was" in detail._verdict.text())
    assert lou.run(lou.core.vault.get("ENCRYPTION_KEY")) == before


def test_locked_keyring_is_explained_and_unlocking_brings_everything_back(lou: Rig) -> None:
    assert lou.desktop
    dialog = opened(lou, "TAVILY_API_KEY")
    lou.desktop.lock()
    dialog._detail._entry._edit.setText("one-more")
    dialog._detail._save.click()
    lou.until(lambda: lou.core.vault.state() == VaultState.LOCKED)
    lou.until(dialog._strip.isVisible)
    assert "locked" in dialog._strip._title.text()
    assert not dialog._detail._entry.isEnabled()
    lou.until(lambda: not dialog._detail._busy)
    assert dialog._detail._entry._edit.text() == "one-more"
    lou.desktop.unlock()
    lou.until(lambda: lou.core.vault.state() == VaultState.OPEN)
    lou.until(lambda: not dialog._strip.isVisible())
    lou.until(dialog._detail._entry.isEnabled)


def test_window_stays_alive_while_the_keyring_hangs(lou: Rig) -> None:
    assert lou.desktop
    dialog = opened(lou, "TAVILY_API_KEY")
    lou.until(dialog._detail._entry.isEnabled)
    dialog._detail._entry._edit.setText("another")
    lou.desktop.hang()
    try:
        dialog._detail._save.click()
        longest, end = 0.0, time.monotonic() + 2
        while time.monotonic() < end:
            began = time.monotonic()
            QTest.qWait(5)
            longest = max(longest, time.monotonic() - began - 0.005)
    finally:
        lou.desktop.wake()
    assert longest < 0.5
    lou.until(lambda: not dialog._detail._busy)
    dialog.close()


def test_what_was_mended_in_a_pasted_key_is_said(lou: Rig) -> None:
    detail = opened(lou, "EXA_API_KEY")._detail
    QGuiApplication.clipboard().setText('EXA_API_KEY\n"exa-abc"')
    QTest.keyClick(detail._entry._edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    detail._save.click()
    lou.until(lambda: is_set(lou, "EXA_API_KEY"))
    lou.until(lambda: "Saved" in detail._verdict.text())
    assert "quotation marks around it were left out" in detail._verdict.text()
    assert lou.run(lou.core.vault.get("EXA_API_KEY")) == "exa-abc"
    assert QGuiApplication.clipboard().text() == ""


def test_what_is_no_key_is_refused_in_words_and_not_kept(lou: Rig) -> None:
    detail = opened(lou, "FIREBASE_CREDENTIALS")._detail
    detail._entry._edit.setText('{"apiKey": "x", "authDomain": "y"}')
    for button in (detail._test, detail._save):
        button.click()
        lou.until(lambda: "web config of a Firebase app" in detail._verdict.text())
        lou.until(lambda: not detail._busy)
    assert not is_set(lou, "FIREBASE_CREDENTIALS")
    detail.forget()
