"""What stands above each other ends on one line, and the smallest dialog still shows its rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from app.ui.widgets.card import Card, Scrolled
from tests.ui.rig import Rig
from tests.ui.scenes import close, names, show

ENDING = (QLineEdit, QComboBox, QPlainTextEdit, QAbstractItemView, QAbstractButton, Card)
_NEAR = 24
"""Pixels: what ends so close to the outermost line was meant to end on it."""
_ROUNDING = 1


def outermost(top: QWidget) -> Iterator[QWidget]:
    """What has an edge that is seen, and does not stand in another such thing."""
    for each in top.findChildren(QWidget):
        parent = each.parentWidget()
        while parent is not None and parent is not top and not isinstance(parent, ENDING):
            parent = parent.parentWidget()
        is_seen = each.isVisible() and not each.visibleRegion().isEmpty()
        if isinstance(each, ENDING) and parent is top and is_seen:
            yield each


def off_the_line(top: QWidget) -> dict[str, int]:
    """What ends a little left of the line at the right of `top`, and by how many pixels."""
    ends = {each: each.mapTo(top, QPoint(each.width(), 0)).x() for each in outermost(top)}
    line = max(ends.values())
    return {
        f"{type(each).__name__} {each.accessibleName() or getattr(each, 'text', str)()}": line - end
        for each, end in ends.items()
        if _ROUNDING < line - end < _NEAR
    }


@pytest.mark.parametrize("name", names())
def test_what_stands_at_the_right_ends_on_one_line(lou: Rig, name: str) -> None:
    top = show(lou, name)
    lou.until(lambda: not off_the_line(top), what=lambda: f"{off_the_line(top)}")
    close(top)


def test_what_ends_beside_the_line_is_found(lou: Rig) -> None:
    top = QWidget()
    QLineEdit(top).setGeometry(0, 0, 92, 30)
    QLabel("A label has no edge", top).setGeometry(0, 40, 95, 30)
    QComboBox(top).setGeometry(0, 80, 100, 30)
    top.show()
    assert [*off_the_line(top).values()] == [8]
    top.close()


@pytest.mark.parametrize("name", [name for name in names() if name != "question"])
def test_the_smallest_dialog_shows_several_rows_of_what_it_scrolls(lou: Rig, name: str) -> None:
    top = show(lou, name)
    if top.isWindow():
        top.resize(1, 1)
        QTest.qWait(1)
        for each in top.findChildren(Scrolled):
            wanted = min(each.sizeHint().height(), 90)
            lou.until(lambda e=each, w=wanted: e.height() >= w or not e.isVisible())
    close(top)
