"""A small line chart of recent values, without axes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme
from app.ui.translation import tr

_HEIGHT = 40
"""Pixels."""


class Sparkline(QWidget):
    """Draws `values` from left to right, the newest at the right edge."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._values: tuple[float, ...] = ()
        self.setAccessibleName(tr(name))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_values(self, values: Sequence[float]) -> None:
        fresh = tuple(values)
        if fresh != self._values:
            self._values = fresh
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_line(painter, QRectF(self.rect()), self._values, self._theme.colour("accent"))
        painter.end()


def draw_line(painter: QPainter, box: QRectF, values: Sequence[float], colour: QColor) -> None:
    """Draw `values` into `box`, from zero at the bottom to the largest at the top."""
    box = box.adjusted(1, 3, -1, -2)
    if len(values) < 2 or not any(values):
        painter.setPen(QPen(colour.lighter(120), 1, Qt.PenStyle.DotLine))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        return
    top = max(values)
    step = box.width() / (len(values) - 1)
    points = [
        QPointF(box.left() + index * step, box.bottom() - value / top * box.height())
        for index, value in enumerate(values)
    ]
    line = QPainterPath(points[0])
    for point in points[1:]:
        line.lineTo(point)
    area = QPainterPath(line)
    area.lineTo(box.bottomRight())
    area.lineTo(box.bottomLeft())
    area.closeSubpath()
    shade = QColor(colour)
    shade.setAlpha(36)
    painter.fillPath(area, shade)
    painter.setPen(QPen(colour, 1.5))
    painter.drawPath(line)
