"""Text areas and combo boxes that stay quick and narrow with any text."""

from __future__ import annotations

import re

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QTextOption, QWheelEvent
from PySide6.QtWidgets import QComboBox, QPlainTextEdit

from app.ui.theme import fixed_font

MOST_PASTED = 200_000
_LONG_WORD = re.compile(r"\S{1000}")


class TextArea(QPlainTextEdit):
    """Refuses a paste that the window could not lay out in time, and says so with `refused`."""

    refused = Signal()

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text) + self.document().characterCount() > MOST_PASTED:
            self.refused.emit()
            return
        self._wrap_for(text)
        super().insertFromMimeData(source)

    def setPlainText(self, text: str) -> None:
        """Show `text`."""
        self._wrap_for(text)
        super().setPlainText(text)

    def _wrap_for(self, text: str) -> None:
        # Looking for the end of a word in a long one takes the square of its length.
        mode = QTextOption.WrapMode
        has_long = _LONG_WORD.search(text) is not None
        self.setWordWrapMode(mode.WrapAnywhere if has_long else mode.WrapAtWordBoundaryOrAnywhere)


def text_viewer(name: str) -> TextArea:
    """A text in a fixed font that can be read and copied; `name` is what it is."""
    made = TextArea()
    made.setReadOnly(True)
    made.setFont(fixed_font())
    made.setAccessibleName(name)
    return made


class _Combo(QComboBox):
    """Chooses nothing by the wheel, which is turned to scroll what the box is part of."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def combo(name: str, *, letters: int) -> QComboBox:
    """A box called `name` for a screen reader, with room for so many letters and the icon."""
    made = _Combo()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(letters)
    return made
