"""The first run by keyboard alone.

Enter does the main thing of a dialog, and typing begins in its first field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QPushButton,
    QScrollArea,
    QTabBar,
    QWidget,
)

from app.ui.dialogs.keys import KeysDialog
from tests.ui import scenes
from tests.ui.finding import button
from tests.ui.pages import TryView
from tests.ui.rig import Rig
from tests.ui.test_ui_newcomers import changes, claude

__all__ = ["claude"]
_MAIN = {
    "problem": "Close",
    "new passphrase": "Use it",
    "known passphrase": "Unlock",
    "new server": "Add",
    "pasted servers": "Add",
    "changed server": "Save",
    "reviewed server": "Cancel",
    "servers of clients": "Bring 1 server over",
    "import": "Import",
    "new entry": "Add",
    "changed entry": "Save",
    "conflict": "Save my choice",
    "changes": "Write",
    "keys": "Save",
    "question": "Cancel",
}


def focused() -> QWidget:
    found = QApplication.focusWidget() or QApplication.activeWindow()
    assert found is not None
    return found


def said(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QPushButton) else ""
    return text or widget.accessibleName()


def press(key: Qt.Key) -> None:
    QTest.keyClick(focused(), key)


def tab_to(name: str) -> None:
    """Press Tab until what is called `name` has the focus."""
    passed = []
    while said(focused()) != name:
        passed.append(said(focused()))
        assert len(passed) < 80, f"Tab does not reach {name!r}: {passed}"
        press(Qt.Key.Key_Tab)


@pytest.mark.parametrize("name", _MAIN)
def test_enter_does_the_main_thing_and_typing_begins_in_the_first_field(
    lou: Rig, name: str
) -> None:
    top = scenes.show(lou, name)
    assert [each.text() for each in top.findChildren(QPushButton) if each.isDefault()] == [
        _MAIN[name]
    ]
    assert not isinstance(top.focusWidget(), QScrollArea | QTabBar)
    scenes.close(top)


@pytest.fixture
def fresh(lou: Rig, claude: Path) -> Iterator[Path]:
    """A client with an empty file, and the welcome before it was left."""
    claude.write_text("{}")
    lou.run(lou.core.clients.refresh())
    lou.core.settings.update(lambda config: config.with_settings(welcome_seen=False))
    yield claude
    lou.core.settings.update(lambda config: config.with_settings(welcome_seen=True))
    lou.run(lou.core.clients.disconnect("claude-desktop"))
    lou.run(lou.core.unset_key("TAVILY_API_KEY"))


def test_the_first_run_by_keyboard_alone(lou: Rig, fresh: Path) -> None:
    page = lou.page("welcome")
    lou.activate()
    lou.until(button(page, "Connect Claude Desktop...").isVisible)

    keys = lou.core.keys
    tab_to("Add keys...")
    press(Qt.Key.Key_Return)
    lou.until(lambda: isinstance(QApplication.activeWindow(), KeysDialog))
    lou.until(lambda: said(focused()) == "Keys")
    press(Qt.Key.Key_Return)  # the first key of the list
    QTest.keyClicks(focused(), "tvly-typed-by-hand")
    press(Qt.Key.Key_Return)
    lou.until(lambda: any(key.name == "TAVILY_API_KEY" and key.is_set for key in keys()))
    press(Qt.Key.Key_Escape)

    lou.activate()
    tab_to("Connect Claude Desktop...")
    press(Qt.Key.Key_Return)
    asked = changes(lou)
    lou.until(lambda: asked.isActiveWindow() or lou.activate(asked) is None)
    press(Qt.Key.Key_Return)
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    assert "lou-search" in json.loads(fresh.read_text())["mcpServers"]

    lou.activate()
    tab_to("Try it without a client")
    press(Qt.Key.Key_Return)
    tried = TryView(lou)
    lou.until(lambda: tried.page.isVisible() and tried.form is not None)
    lou.activate()
    tab_to("Server")
    choose("Tracker")
    tab_to("Tool")
    lou.until(lambda: tried.tool.findData("track_url_email") >= 0)
    choose(tried.tool.itemText(tried.tool.findData("track_url_email")))
    before = tried.count()
    tab_to("Page")
    QTest.keyClicks(focused(), "https://example.org/")
    tab_to("E-mail")
    QTest.keyClicks(focused(), "newcomer@example.org")
    tab_to("Run")
    press(Qt.Key.Key_Return)
    lou.until(lambda: tried.count() > before)
    lou.until(lambda: tried.outcome.text() == "Done", what=tried.outcome.text)


def choices() -> list[str]:
    box = focused()
    assert isinstance(box, QComboBox)
    return [box.itemText(row) for row in range(box.count())]


def choose(wanted: str) -> None:
    """Go through the focused choice with the arrow keys."""
    box = focused()
    assert isinstance(box, QComboBox)
    while box.currentIndex() > 0:
        press(Qt.Key.Key_Up)
    while box.currentText() != wanted:
        before = box.currentIndex()
        press(Qt.Key.Key_Down)
        assert box.currentIndex() > before, f"{wanted} is not among {choices()}"


def test_keys_open_above_the_window_wherever_it_is(lou: Rig) -> None:
    lou.page("servers")
    lou.window.setGeometry(40, 60, 800, 700)
    lou.session.go("keys")
    dialog = next(each for each in lou.app.topLevelWidgets() if isinstance(each, KeysDialog))
    lou.until(dialog.isVisible)
    off = dialog.frameGeometry().center() - lou.window.frameGeometry().center()
    assert off.manhattanLength() <= 4
    dialog.close()
