"""Finds texts of the window that are cut off: what a person cannot read whole on the screen.

Run as a program it opens every page in the smallest and in the first window over a real core, and
every dialog at its smallest, with the fonts that the environment names, and tells what it
found. With a folder as its argument it also writes a picture of each there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)

from app.ui.widgets.text import Elided
from tests.ui.own_process import tell

_SETTLES = 60
"""Looks at a layout that is still to follow; what is really cut stays so."""
_SLACK = 1
"""Pixels of rounding."""
SIZES = (QSize(1, 1), QSize(1060, 720))


def cut(top: QWidget) -> list[str]:
    """One line for each visible thing in `top` whose text is cut off."""
    return [
        f"{said} [{type(widget).__name__} in {type(widget.parentWidget()).__name__}]"
        for widget in top.findChildren(QWidget)
        if widget.isVisible() and not widget.objectName().startswith("qt_")
        for said in _of(widget)
    ]


def _of(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel):
        yield from _label(widget)
    elif isinstance(widget, QAbstractButton):
        needed = widget.minimumSizeHint().width()
        if widget.text() and widget.width() + _SLACK < needed:
            yield f"{widget.text()!r} needs {needed}, has {widget.width()}"
    elif isinstance(widget, QComboBox):
        yield from _line(widget, widget.currentText(), _edit_width(widget))
    elif isinstance(widget, QLineEdit):
        hint = "" if widget.text() else widget.placeholderText()
        yield from _line(widget, hint, widget.contentsRect().width() - 8)
    elif isinstance(widget, QListWidget):
        if widget.sizeHintForColumn(0) > widget.viewport().width() + _SLACK:
            yield f"{widget.accessibleName()!r} is wider than its list"
    elif isinstance(widget, Elided):
        short = widget.text()[:12]
        if widget.fontMetrics().horizontalAdvance(short) > widget.width() + _SLACK:
            yield f"not even {short!r} is shown"
    elif isinstance(widget, QHeaderView):
        yield from _header(widget)
    yield from _outside(widget)


def _label(label: QLabel) -> Iterator[str]:
    text = label.text()
    if not text or not label.pixmap().isNull():
        return
    if label.wordWrap():
        if label.heightForWidth(label.width()) > label.height() + _SLACK:
            yield f"{text[:60]!r} is {label.heightForWidth(label.width())} high in {label.height()}"
    elif label.sizeHint().width() > label.width() + _SLACK:
        yield f"{text[:60]!r} needs {label.sizeHint().width()}, has {label.width()}"


def _line(widget: QWidget, text: str, room: int) -> Iterator[str]:
    needed = widget.fontMetrics().horizontalAdvance(text)
    if text and needed > room + _SLACK:
        yield f"{text[:60]!r} needs {needed}, has {room}"


def _edit_width(box: QComboBox) -> int:
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    part = QStyle.SubControl.SC_ComboBoxEditField
    control = QStyle.ComplexControl.CC_ComboBox
    return box.style().subControlRect(control, option, part, box).width()


def _header(header: QHeaderView) -> Iterator[str]:
    if header.orientation() != Qt.Orientation.Horizontal:
        return
    for section in range(header.count()):
        needed = header.sectionSizeFromContents(section).width()
        has = header.sectionSize(section)
        if not header.isSectionHidden(section) and needed > has + _SLACK:
            title = header.model().headerData(section, Qt.Orientation.Horizontal)
            yield f"column {title!r} needs {needed}, has {has}"


def _outside(widget: QWidget) -> Iterator[str]:
    """What sticks out to the right of what holds it; up and down there is a scroll bar."""
    parent = widget.parentWidget()
    if widget.isWindow() or parent is None or not parent.isVisible():
        return
    over = widget.geometry().right() - parent.rect().right()
    if over > _SLACK and not isinstance(parent, QAbstractScrollArea):
        told = widget.accessibleName() or getattr(widget, "text", str)()
        yield f"{str(told)[:40]!r} sticks out by {over} at {widget.mapTo(parent, QPoint()).x()}"


def main() -> int:
    """Print what is cut, by page and size."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from tests.ui import rig as rigs
    from tests.ui import scenes

    found: dict[str, list[str]] = {}
    language = os.environ.get("WINDOW_LANGUAGE", "en")
    folder = sys.argv[1] if len(sys.argv) > 1 else ""
    app = QApplication(sys.argv[:1])
    with rigs.rig(app, language=language) as rig:
        scenes.fill(rig)
        for name in scenes.names():
            top = scenes.show(rig, name)
            for size in SIZES[: 1 if top.isWindow() else None]:
                window = top.window()
                window.resize(size)
                settle(window)
                place = f"{name} {window.width()}x{window.height()}"
                found[place] = cut(window)
                if folder:
                    window.grab().save(f"{folder}/{place}.png")
            scenes.close(top)
        tell({name: lines for name, lines in found.items() if lines})
    return 0


def settle(top: QWidget) -> None:
    """Turn the loop until what pages fetch has come, and the layouts have followed it."""
    from PySide6.QtTest import QTest

    QTest.qWait(100)
    for _ in range(_SETTLES):
        if not cut(top):
            return
        QTest.qWait(50)


if __name__ == "__main__":
    sys.exit(main())
