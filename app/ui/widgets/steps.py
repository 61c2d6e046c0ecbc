"""Draws the steps of a process: reached ones with a tick and a time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme
from app.ui.translation import tr

_RADIUS = 9.0
_BESIDE_SIGN = 30
"""Pixels from the left to the words of a step in a column."""


class Steps(QWidget):
    """Shows steps as titles and times; an empty time means not reached."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._steps: tuple[tuple[str, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_steps(self, steps: Sequence[tuple[str, str]]) -> None:
        self._steps = tuple((tr(title), at) for title, at in steps)
        text = "; ".join(f"{title}: {at or tr('not yet')}" for title, at in self._steps)
        self.setAccessibleName(tr(f"{self._name}: {text}"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        if self._is_column():
            return QSize(420, len(self._steps) * self._row_height())
        return QSize(420, (self._title_lines() + 1) * self.fontMetrics().height() + 34)

    def minimumSizeHint(self) -> QSize:
        widths = (self._advance(f"{title}  {at}") for title, at in self._steps)
        return QSize(_BESIDE_SIGN + max(widths, default=0), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def _title_lines(self) -> int:
        """The number of lines for titles: two when any title is too wide for its step."""
        room = self.width() / max(1, len(self._steps)) - 4
        widest = max((self._advance(each) for each, _ in self._steps), default=0)
        return 2 if widest > room else 1

    def _is_column(self) -> bool:
        """Whether the steps are drawn below each other, because some word is too wide."""
        room = self.width() / max(1, len(self._steps)) - 4
        words = (word for step in self._steps for part in step for word in part.split())
        return max(map(self._advance, words), default=0) > room

    def _row_height(self) -> int:
        return max(self.fontMetrics().height(), int(2 * _RADIUS)) + 6

    def _advance(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._is_column():
            self._draw_column(painter)
            painter.end()
            return
        count = len(self._steps)
        width = self.width() / max(1, count)
        for number, (title, at) in enumerate(self._steps):
            centre = QPointF((number + 0.5) * width, _RADIUS + 3)
            if number:
                self._draw_link(painter, centre, width, reached=bool(at))
            self._draw_sign(painter, centre, reached=bool(at))
            self._draw_words(painter, QRectF(number * width, 0, width, 0), title, at)
        painter.end()

    def _draw_column(self, painter: QPainter) -> None:
        height = self._row_height()
        middle = Qt.AlignmentFlag.AlignVCenter
        for number, (title, at) in enumerate(self._steps):
            top = number * height
            self._draw_sign(painter, QPointF(_RADIUS + 3, top + height / 2), reached=bool(at))
            place = QRectF(_BESIDE_SIGN, top, self.width() - _BESIDE_SIGN, height)
            painter.setPen(self._theme.colour("text" if at else "soft"))
            painter.drawText(place, middle | Qt.AlignmentFlag.AlignLeft, title)
            painter.setPen(self._theme.colour("soft"))
            painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, at)

    def _draw_link(
        self, painter: QPainter, centre: QPointF, width: float, *, reached: bool
    ) -> None:
        painter.setPen(QPen(self._theme.colour("good" if reached else "faint"), 1.5))
        start = QPointF(centre.x() - width + _RADIUS + 4, centre.y())
        painter.drawLine(start, QPointF(centre.x() - _RADIUS - 4, centre.y()))

    def _draw_sign(self, painter: QPainter, centre: QPointF, *, reached: bool) -> None:
        painter.setPen(QPen(self._theme.colour("good" if reached else "faint"), 1.5))
        painter.setBrush(self._theme.colour("good" if reached else "card"))
        painter.drawEllipse(centre, _RADIUS, _RADIUS)
        if not reached:
            return
        painter.setPen(QPen(self._theme.colour("card"), 1.8))
        x, y = centre.x(), centre.y()
        painter.drawPolyline([QPointF(x - 4, y), QPointF(x - 1, y + 3.2), QPointF(x + 4.2, y - 3)])

    def _draw_words(self, painter: QPainter, box: QRectF, title: str, at: str) -> None:
        height, top = self.fontMetrics().height(), 2 * _RADIUS + 10
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        for words, colour, lines in (
            (title, "text" if at else "soft", self._title_lines()),
            (at, "soft", 1),
        ):
            painter.setPen(self._theme.colour(colour))
            place = QRectF(box.left() + 2, top, box.width() - 4, lines * height)
            painter.drawText(place, int(flags) | int(Qt.TextFlag.TextWordWrap), words)
            top += lines * height
