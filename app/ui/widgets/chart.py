"""A chart over time: lines or bars, in the colours of the theme."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.card import Card
from app.ui.widgets.layouts import FREE, horizontal
from app.ui.widgets.text import heading, label

Values = Sequence[float | None]
_DAY_S = 86_400
_TIME_STEPS_S = (60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, *(
    days * _DAY_S for days in (1, 2, 5, 7, 14, 30, 90, 365)
))  # fmt: skip
_GAP_PX = 6
_LABEL_GAP_PX = 24


class Chart(Card):
    """Draws series by name; `tones` gives each its colour and, in that order, its place on top."""

    def __init__(
        self, theme: Theme, title: str, tones: Mapping[str, str], *, bars: bool = False
    ) -> None:
        super().__init__(margin=12, spacing=4)
        legend = [label(name, tone=tone) for name, tone in tones.items() if len(tones) > 1]
        self._plot = _Plot(theme, tones, bars=bars)
        self._plot.setAccessibleName(tr(title))
        self.inside.addLayout(horizontal(heading(title, "strong"), FREE, *legend, spacing=12))
        self.inside.addWidget(self._plot, 1)
        self.show_series = self._plot.show_series


class _Plot(QWidget):
    """The axes and the series; nothing before the first `show_series`."""

    def __init__(self, theme: Theme, tones: Mapping[str, str], *, bars: bool) -> None:
        super().__init__()
        self._theme = theme
        self._tones = dict(tones)
        self._bars = bars
        self._times: Sequence[float] = ()
        self._series: Mapping[str, Values] = {}
        self._step = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_series(
        self, times: Sequence[float], series: Mapping[str, Values], step: float
    ) -> None:
        """Draw `series` over `times`, which are `step` seconds apart; None is a gap."""
        self._times, self._series, self._step = times, series, step
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    def sizeHint(self) -> QSize:
        return QSize(320, 160)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._times:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        height = metrics.height()
        rows = max(2, int(self.height() / (2.5 * height)))
        ticks = value_ticks(_largest(self._series), rows, whole=self._bars)
        left = max(metrics.horizontalAdvance(words) for _, words in ticks) + _GAP_PX
        box = QRectF(self.rect()).adjusted(left, height / 2 + 1, -2, -height - _GAP_PX)
        self._draw_values(painter, box, ticks)
        self._draw_times(painter, box)
        painter.setClipRect(box.adjusted(-1, -2, 1, 2))
        for name, tone in self._tones.items():
            colour = self._theme.colour(tone)
            values = self._series.get(name, ())
            points = list(self._points(box, values, ticks[-1][0]))
            if self._bars:
                self._draw_bars(painter, colour, points, box)
            else:
                _draw_line(painter, colour, points)
        painter.end()

    def _draw_values(
        self, painter: QPainter, box: QRectF, ticks: Sequence[tuple[float, str]]
    ) -> None:
        height = painter.fontMetrics().height()
        for value, words in ticks:
            y = box.bottom() - value / ticks[-1][0] * box.height()
            painter.setPen(QPen(self._theme.colour("line"), 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(self._theme.colour("soft"))
            area = QRectF(0, y - height / 2, box.left() - _GAP_PX, height)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area, align, words)

    def _draw_times(self, painter: QPainter, box: QRectF) -> None:
        metrics = painter.fontMetrics()
        widest = metrics.horizontalAdvance("00 Mmm") + _LABEL_GAP_PX
        begin, end = self._times[0], self._times[-1] + self._step
        most = max(1, int(box.width() / widest))
        for at, words in time_ticks(begin, end, most):
            x = box.left() + (at - begin) / (end - begin) * box.width()
            painter.setPen(QPen(self._theme.colour("line"), 1))
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 4))
            width = metrics.horizontalAdvance(words) + 2
            begin_x = min(max(x - width / 2, 0), self.width() - width)
            area = QRectF(begin_x, box.bottom() + _GAP_PX, width, metrics.height())
            painter.setPen(self._theme.colour("soft"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)

    def _points(self, box: QRectF, values: Values, top: float) -> Iterator[QPointF | None]:
        """Each value in pixels, above the beginning of its step; None is a gap."""
        begin, span = self._times[0], self._times[-1] + self._step - self._times[0]
        for at, value in zip(self._times, values, strict=False):
            if value is None or not math.isfinite(value):
                yield None
            else:
                x = box.left() + (at - begin) / span * box.width()
                yield QPointF(x, box.bottom() - value / top * box.height())

    def _draw_bars(
        self, painter: QPainter, colour: QColor, points: Sequence[QPointF | None], box: QRectF
    ) -> None:
        step = self._step / (self._times[-1] + self._step - self._times[0]) * box.width()
        for point in points:
            if point is not None:
                left, height = point.x() + 0.1 * step, box.bottom() - point.y()
                painter.fillRect(QRectF(left, point.y(), max(1.0, 0.8 * step), height), colour)


def _draw_line(painter: QPainter, colour: QColor, points: Sequence[QPointF | None]) -> None:
    painter.setPen(QPen(colour, 1.6))
    for run in _runs(points):
        if len(run) > 1:
            painter.drawPolyline(QPolygonF(run))
        else:  # a value without neighbours, which no line would show
            painter.setBrush(colour)
            painter.drawEllipse(run[0], 2, 2)


def value_ticks(largest: float, most: int, *, whole: bool = False) -> list[tuple[float, str]]:
    """Round values from 0 to the first from `largest` on, about `most` of them, each with its text.

    The steps are 1, 2 or 5 times a power of ten, with `whole` no less than 1.
    """
    largest = largest if largest > 0 else 1.0
    rough = largest / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    step = max(step, 1.0) if whole else step
    decimals = max(0, -math.floor(math.log10(step)))
    count = max(1, math.ceil(largest / step - 1e-9))
    return [(index * step, f"{index * step:,.{decimals}f}") for index in range(count + 1)]


def time_ticks(begin: float, end: float, most: int) -> list[tuple[float, str]]:
    """At most `most` full local times from `begin` to `end` (epoch seconds), each with its text."""
    step = next((step for step in _TIME_STEPS_S if (end - begin) / step <= most), None)
    if step is None:
        return []
    first = datetime.fromtimestamp(begin).astimezone()
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    is_days = step >= _DAY_S
    found: list[tuple[float, str]] = []
    for count in range(int((end - begin + _DAY_S) // step) + 2):
        moment = (midnight.replace(tzinfo=None) + timedelta(seconds=count * step)).astimezone()
        at = moment.timestamp()
        if begin <= at <= end and len(found) < most:
            found.append((at, moment.strftime("%d %b" if is_days else "%H:%M")))
    return found


def _runs(points: Sequence[QPointF | None]) -> Iterator[list[QPointF]]:
    """The points between the gaps."""
    run: list[QPointF] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []


def _largest(series: Mapping[str, Values]) -> float:
    values = (value for values in series.values() for value in values if value is not None)
    return max((value for value in values if math.isfinite(value)), default=0.0)
