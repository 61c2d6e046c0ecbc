"""Text labels and tooltips. All show plain text: no text from a server is read as markup."""

from __future__ import annotations

import html
import re

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QSizePolicy, QWidget

from app.ui.translation import tr
from servers.contract import harmless

_LONG_WORD = re.compile(r"[!-,.0-~\u00c0-\u024f]{25,}")
_PIECE = re.compile(r"(.{2,9}?[_.,:;=&?@%+]|.{10})(?=.)")
"""Up to ten letters, and no further than the end of a part of a name, where there is one."""
_LONGEST_LINE = 2_000
_BREAK = "\u200b"
_LETTERS, _USUAL_LETTERS = "abcdefghijklmnopqrstuvwxyz", 176
"""The reference text of all widths in pixels, and its width in the usual font."""
_LEAST = "x" * 12
"""The least part of an elided text that stays visible."""
_ABOVE = 2
"""Pixels above a text: some fonts draw the dots of a capital umlaut above their line."""
_AROUND = 44
"""Width of a line edit beside its text: padding and the clear button, in pixels."""


class _Label(QLabel):
    """A label that may break long words; QLabel is never narrower than its longest word."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""

    def text(self) -> str:
        return self._whole

    def setText(self, text: str) -> None:
        self._whole = tr(text)
        shown = harmless.visible(self._whole)
        super().setText(_LONG_WORD.sub(_breakable, shown) if self.wordWrap() else shown)

    def setWordWrap(self, on: bool) -> None:
        super().setWordWrap(on)
        self.setText(self._whole)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse:
            super().contextMenuEvent(event)
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Copy"), self._copy).setEnabled(self.hasSelectedText())
        menu.addAction(
            tr("Select all"), lambda: self.setSelection(0, len(super(_Label, self).text()))
        )
        menu.popup(event.globalPos())

    def _copy(self) -> None:
        if self.hasSelectedText():
            QGuiApplication.clipboard().setText(self.selectedText().replace(_BREAK, ""))


def _breakable(word: re.Match[str]) -> str:
    return _PIECE.sub(rf"\1{_BREAK}", word[0])


def label(
    text: str = "",
    *,
    tone: str = "",
    wrap: bool = False,
    selectable: bool = False,
    name: str = "",
) -> QLabel:
    """A plain text label.

    `tone` is a colour of the theme: soft, faint, good, busy, warn, bad. `name` is the label's
    object name.
    """
    made = _Label()
    made.setContentsMargins(0, _ABOVE, 0, 0)
    made.setObjectName(name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    made.setProperty("tone", tone)
    return made


def heading(text: str, rank: str = "part", *, wrap: bool = False, name: str = "") -> QLabel:
    """A heading; `rank` is title (of a page), part (of a page) or strong."""
    made = label(text, name=name)
    made.setWordWrap(wrap)
    made.setProperty("rank", rank)
    return made


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Draw `widget` as the style sheet says for this value of the property called `name`."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def show_toned(shown: QLabel, words: str, tone: str) -> None:
    """Show `words` in the colour called `tone`."""
    shown.setText(words)
    restyle(shown, "tone", tone)


def show_text(shown: QLabel | Elided, text: str) -> None:
    """Show `text` in a label, or hide the label where there is none."""
    shown.setText(text)
    shown.setVisible(bool(text))


class Elided(QWidget):
    """One line of text, cut with an ellipsis where it is too long; its tooltip shows it in full."""

    def __init__(self, text: str = "", *, middle: bool = False, tone: str = "") -> None:
        super().__init__()
        self.setProperty("tone", tone)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self._text = self._shown = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def text(self) -> str:
        return self._text

    def setText(self, text: str) -> None:
        self._text = text
        self._shown = harmless.one_line(text, _LONGEST_LINE)
        self.setAccessibleName(self._shown)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._shown) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        hint, least = self.sizeHint(), self.fontMetrics().horizontalAdvance(_LEAST)
        return QSize(min(hint.width(), least), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        shown = self.fontMetrics().elidedText(self._shown, self._mode, self.width())
        self.setToolTip("" if shown == self._text else tooltip(self._text))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), flags, shown)
        painter.end()


def scaled(pixels: int, widget: QWidget) -> int:
    """`pixels` scaled to the font of `widget`, and never less than `pixels`."""
    letters = widget.fontMetrics().horizontalAdvance(_LETTERS)
    return max(pixels, pixels * letters // _USUAL_LETTERS)


def fit_placeholder(line: QLineEdit) -> None:
    """Make `line` at least as wide as its placeholder."""
    line.setMinimumWidth(line.fontMetrics().horizontalAdvance(line.placeholderText()) + _AROUND)


def tooltip(text: str) -> str:
    """`text` in the chosen language as a tooltip: wrapped, and escaped, since it reads markup."""
    plain = html.escape(harmless.visible(tr(text)), quote=False)
    return f"<p style='white-space:pre-wrap'>{plain}</p>" if text else ""
