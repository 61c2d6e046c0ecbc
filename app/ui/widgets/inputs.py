"""Text areas and combo boxes that stay quick and narrow with any text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import QAbstractItemModel, QMimeData, QSignalBlocker, Signal
from PySide6.QtGui import QTextOption, QWheelEvent
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QTreeView

from app.ui.theme import fixed_font
from app.ui.translation import tr

MOST_PASTED = 200_000
PASTE_REFUSED = f"This takes {MOST_PASTED:,} characters; nothing was pasted."
_LONG_WORD = re.compile(r"\S{1000}")


class TextArea(QPlainTextEdit):
    """A text area that refuses a paste too long to lay out in time, and emits `refused`."""

    refused = Signal()

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text) + self.document().characterCount() > MOST_PASTED:
            self.refused.emit()
            return
        self._wrap_for(text)
        super().insertFromMimeData(source)

    def setPlainText(self, text: str) -> None:
        self._wrap_for(text)
        super().setPlainText(text)

    def _wrap_for(self, text: str) -> None:
        # Qt's search for word boundaries takes quadratic time in a long word.
        mode = QTextOption.WrapMode
        has_long = _LONG_WORD.search(text) is not None
        self.setWordWrapMode(mode.WrapAnywhere if has_long else mode.WrapAtWordBoundaryOrAnywhere)


def text_viewer(name: str) -> TextArea:
    """A read-only text area in a fixed font; `name` is its accessible name."""
    made = TextArea()
    made.setReadOnly(True)
    made.setFont(fixed_font())
    made.setAccessibleName(tr(name))
    return made


def tree_viewer(model: QAbstractItemModel, name: str) -> QTreeView:
    """A read-only tree, whose last column takes the free width."""
    made = QTreeView()
    made.setModel(model)
    made.setAccessibleName(tr(name))
    made.setUniformRowHeights(True)
    made.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
    made.header().setStretchLastSection(True)
    return made


class _Combo(QComboBox):
    """A combo box that ignores the wheel, so that the page around it scrolls."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def combo(name: str, *, letters: int) -> QComboBox:
    """A combo box with the accessible name `name`, wide enough for `letters` and an icon."""
    made = _Combo()
    made.setAccessibleName(tr(name))
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(letters)
    return made


def offer(box: QComboBox, items: Iterable[tuple[str, object]]) -> None:
    """Replace the items of `box`, each a text as it is shown and what it stands for.

    What is chosen stays chosen, and no signal is emitted.
    """
    offered = list(items)
    if [box.itemData(row) for row in range(box.count())] == [value for _, value in offered]:
        return
    chosen = box.currentData()
    with QSignalBlocker(box):
        box.clear()
        for words, value in offered:
            box.addItem(words, value)
        box.setCurrentIndex(max(0, box.findData(chosen)))
