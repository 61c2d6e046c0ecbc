"""A toggle switch that takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from app.ui.theme import Colours, Theme
from app.ui.translation import tr

SIZE = QSize(36, 20)


def draw_switch(painter: QPainter, box: QRectF, colours: Colours, *, on: bool, live: bool) -> None:
    """Draw a switch into `box`; a disabled one (not `live`) is pale."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(1.0 if live else 0.45)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours["accent" if on else "faint"]))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    knob = box.height() - 6
    left = box.right() - knob - 3 if on else box.left() + 3
    painter.setBrush(QColor(colours["on_accent" if on else "card"]))
    painter.drawEllipse(QRectF(left, box.top() + 3, knob, knob))
    painter.restore()


class Switch(QAbstractButton):
    """A toggle switch; its owner sets the real state with `show_state`."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setCheckable(True)
        self.setAccessibleName(tr(name))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    def show_state(self, on: bool) -> None:
        """Show the state `on` without emitting a signal."""
        if self.isChecked() != on:
            with QSignalBlocker(self):
                self.setChecked(on)
            self.update()

    def sizeHint(self) -> QSize:
        return SIZE + QSize(6, 6)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(3, 3, SIZE.width(), SIZE.height())
        colours = self._theme.colours
        draw_switch(painter, box, colours, on=self.isChecked(), live=self.isEnabled())
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours["accent"]), 1.5))
            radius = SIZE.height() / 2 + 2
            painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), radius, radius)
        painter.end()
