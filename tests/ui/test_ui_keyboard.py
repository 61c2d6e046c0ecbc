"""Every action by keyboard alone, and every part named for a screen reader: a walk over the whole.

What a person can press, type in or choose from is reached by Tab, or by the arrow keys in its
group, and a screen reader says its name. So it is on each page and in each dialog.
"""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QRadioButton,
    QTabBar,
    QTextEdit,
    QWidget,
)

from app.ui.widgets.rows import RowList
from tests.ui.finding import find
from tests.ui.rig import Rig
from tests.ui.scenes import close, names, show

TYPED = (QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit)
USED = (*TYPED, QAbstractButton, QAbstractItemView, QTabBar)
MOST_STEPS = 200


def used(top: QWidget) -> list[QWidget]:
    """What a person can act on in `top`, of what is on the screen."""
    return [each for each in top.findChildren(QWidget) if is_used(each)]


def is_used(widget: QWidget) -> bool:
    is_part = isinstance(widget.parentWidget(), (*TYPED, QAbstractItemView, QTabBar))
    is_ours = not isinstance(widget, QHeaderView) and not widget.objectName().startswith("qt_")
    can_be = widget.isVisible() and widget.isEnabled()
    return isinstance(widget, USED) and is_ours and can_be and not is_part


def tabbed(lou: Rig, top: QWidget) -> list[QWidget]:
    """What Tab gives the focus to in the window of `top`, until it comes round."""
    window = top.window()
    lou.activate(window)
    found: list[QWidget] = []
    for _ in range(MOST_STEPS):
        focus = QApplication.focusWidget()
        if focus is not None and found and focus is found[0]:
            return found
        if focus is not None and focus not in found:
            found.append(focus)
        QTest.keyClick(focus or window, Qt.Key.Key_Tab)
    raise AssertionError(f"Tab never comes round: {found}")


def is_reached(widget: QWidget, by_tab: list[QWidget]) -> bool:
    """Whether a key leads to `widget`: Tab, or arrow keys from a neighbour that Tab reaches."""
    if widget in by_tab:
        return True
    if isinstance(widget, QRadioButton):  # the arrow keys choose among those of a group
        group = widget.group()
        return group is not None and any(each in by_tab for each in group.buttons())
    follows = isinstance(widget, RowList) and widget.focusPolicy() == Qt.FocusPolicy.NoFocus
    return follows or not is_used(widget)  # the palette's line has the keys of its list


def name_of(widget: QWidget) -> str:
    """What a screen reader says of `widget`."""
    if isinstance(widget, QComboBox):  # Qt tells what is chosen in it as its name
        return widget.accessibleName()
    told = QAccessible.queryAccessibleInterface(widget)
    return told.text(QAccessible.Text.Name).strip() if told else ""


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {name_of(widget)!r} in {type(widget.parentWidget()).__name__}"


@pytest.mark.parametrize("name", names())
def test_a_person_with_a_keyboard_alone_reaches_everything(lou: Rig, name: str) -> None:
    top = show(lou, name)
    try:
        by_tab = tabbed(lou, top)
        if not all(is_reached(each, by_tab) for each in used(top)):
            by_tab += tabbed(lou, top)  # the focus in a list enables buttons before it
        missed = [described(each) for each in used(top) if not is_reached(each, by_tab)]
        assert not missed
    finally:
        close(top)


@pytest.mark.parametrize("name", names())
def test_a_screen_reader_has_a_name_for_everything(lou: Rig, name: str) -> None:
    top = show(lou, name)
    try:
        focused = [each for each in top.findChildren(QWidget) if _takes_focus(each)]
        unnamed = [described(each) for each in {*used(top), *focused} if not name_of(each)]
        assert unnamed == []
        assert not top.isWindow() or name_of(top)
    finally:
        close(top)


def _takes_focus(widget: QWidget) -> bool:
    is_part = isinstance(widget.parentWidget(), (*TYPED, QAbstractScrollArea))
    by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return bool(by_tab) and widget.isVisible() and not is_part and not widget.focusProxy()


def test_the_focus_alone_opens_no_page(lou: Rig) -> None:
    page = lou.page("about")
    lou.activate()
    pages = find(lou.window, QListWidget, "Pages")
    pages.clearFocus()
    pages.setFocus()
    lou.until(pages.hasFocus)
    QTest.qWait(50)
    assert page.isVisible()
    QTest.keyClick(pages, Qt.Key.Key_Down)
    lou.until(lambda: not page.isVisible())
    lou.page("servers")
    QTest.keyClick(pages, Qt.Key.Key_Down)
    lou.until(lou.window.page("try").isVisible)
