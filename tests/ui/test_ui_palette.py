"""The palette reaches anything, and the shortcuts do what the About page says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

from app.ui import targets
from app.ui.dialogs.palette import PaletteDialog
from app.ui.pages.about import SHORTCUTS
from app.ui.targets import PaletteTarget
from tests.ui.finding import find
from tests.ui.rig import Rig

CONTROL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


def press(lou: Rig, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    """Press a key in the window, once that is the active one."""
    lou.activate()
    QTest.keyClick(lou.window, key, modifier)


def palette(lou: Rig) -> PaletteDialog:
    lou.page("servers")
    press(lou, Qt.Key.Key_K, CONTROL)
    lou.until(lambda: [d for d in lou.window.findChildren(PaletteDialog) if d.isVisible()])
    return next(d for d in lou.window.findChildren(PaletteDialog) if d.isVisible())


def typed(lou: Rig, text: str) -> None:
    line = find(palette(lou), QLineEdit, "What to find")
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("text", "page"),
    [("metr", "metrics"), ("web_search", "try"), ("log size", "settings"), ("cursor", "clients")],
)
def test_a_few_letters_and_enter_lead_there(lou: Rig, text: str, page: str) -> None:
    typed(lou, text)
    lou.until(lambda: lou.window.page(page).isVisible())


def test_a_tool_is_chosen_and_a_server_switched_from_the_palette(lou: Rig) -> None:
    typed(lou, "verify an")
    tool = lou.window.page("try")._tool
    lou.until(lambda: tool.currentData() == "verify_email")
    typed(lou, "switch tracker off")
    lou.until(lambda: lou.state("tracker") == "off")
    typed(lou, "switch tracker on")
    lou.until(lambda: lou.state("tracker") == "ready")


def test_arrows_choose_escape_closes_and_nothing_found_is_said(lou: Rig) -> None:
    dialog = palette(lou)
    line = find(dialog, QLineEdit, "What to find")
    QTest.keyClick(line, Qt.Key.Key_Down)
    assert dialog._list.currentIndex().row() == 1
    QTest.keyClicks(line, "nothing is called so")
    assert any("Nothing is called" in each.text() for each in dialog.findChildren(QLabel))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    lou.until(lambda: not dialog.isVisible())


def test_the_best_target_comes_first() -> None:
    found = [
        PaletteTarget("All logs", "Page", "a"),
        PaletteTarget("Logs", "Page", "b"),
        PaletteTarget("Catalogs", "", "c"),
    ]
    assert [target.place for target in targets.matching(found, "LOGS")] == ["b", "a", "c"]
    assert targets.matching(found, "") == found


def test_every_target_leads_somewhere(lou: Rig) -> None:
    found = targets.everything(lou.core)
    assert len({target.kind.split()[0] for target in found}) >= 7
    pages = {spec.name for spec in targets.PAGES}
    known = pages | set(lou.session._dialogs._known) | {"quit", "window"}
    assert {target.place.split()[0] for target in found} <= known


@pytest.mark.parametrize(
    ("key", "modifier", "page"),
    [
        (Qt.Key.Key_Comma, CONTROL, "settings"),
        (Qt.Key.Key_F1, NONE, "about"),
        (Qt.Key.Key_1, CONTROL, "servers"),
        (Qt.Key.Key_9, CONTROL, "settings"),
    ],
)
def test_shortcuts_open_pages(
    lou: Rig, key: Qt.Key, modifier: Qt.KeyboardModifier, page: str
) -> None:
    lou.page("logs")
    press(lou, key, modifier)
    lou.until(lambda: lou.window.page(page).isVisible())


def test_the_about_page_lists_the_shortcuts_and_says_where_things_are(lou: Rig) -> None:
    texts = {label.text() for label in lou.page("about").findChildren(QLabel)}
    assert {keys for keys, _ in SHORTCUTS} <= texts
    assert any("MIT" in text for text in texts)


def test_escape_hides_a_message(lou: Rig) -> None:
    lou.page("servers")
    lou.session.context.offer("It is done.", "", "", lambda: None)
    strip = lou.window._offer
    assert strip.isVisible()
    press(lou, Qt.Key.Key_Escape)
    assert not strip.isVisible()
