"""A chart over time: lines or bars, in the colours of the theme. Imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout

from app.ui.theme import Theme
from app.ui.widgets.card import Card
from app.ui.widgets.text import heading, label, set_tone

pg.setConfigOptions(antialias=True)

Values = Sequence[float | None]


class Chart(Card):
    """Draws series by name; `tones` gives each its colour and, in that order, its place on top."""

    def __init__(
        self, theme: Theme, title: str, tones: Mapping[str, str], *, bars: bool = False
    ) -> None:
        super().__init__(margin=12, spacing=4)
        self._theme = theme
        self._tones = dict(tones)
        self._bars = bars
        self._drawn: tuple[Sequence[float], Mapping[str, Values], float] = ((), {}, 1.0)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(heading(title, "strong"))
        top.addStretch()
        self._legend = {name: label(name) for name in tones} if len(tones) > 1 else {}
        for name, words in self._legend.items():
            set_tone(words, tones[name])
            top.addWidget(words)
        self._time = pg.DateAxisItem(orientation="bottom")
        self._plot = pg.PlotWidget(axisItems={"bottom": self._time})
        self._plot.setAccessibleName(title)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.getViewBox().setDefaultPadding(0.02)
        self._plot.setMinimumHeight(120)
        self.inside.addLayout(top)
        self.inside.addWidget(self._plot, 1)
        theme.changed.connect(self._draw)
        self._draw()

    def show_series(
        self, times: Sequence[float], series: Mapping[str, Values], step: float
    ) -> None:
        """Draw `series` over `times`, which are `step` seconds apart; None is a gap."""
        self._drawn = (times, series, step)
        self._draw()

    def picture(self) -> QPixmap:
        """What the chart looks like now."""
        return self.grab()

    def _draw(self) -> None:
        theme = self._theme
        times, series, step = self._drawn
        self._plot.setBackground(theme.colour("card"))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(theme.colour("line"))
            axis.setTextPen(theme.colour("soft"))
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickLength=-4)
        self._plot.getAxis("left").setWidth(48)
        self._plot.clear()
        if not times:
            return
        x = np.asarray(times, dtype=float)
        for name in self._tones:
            self._draw_one(x, series.get(name, ()), self._tones[name], step)
        self._plot.setXRange(times[0], times[-1] + step, padding=0.01)
        top = _top(series)
        self._plot.setYRange(-0.02 * top, 1.1 * top, padding=0)  # room for the topmost label

    def _draw_one(self, x: np.ndarray, values: Values, tone: str, step: float) -> None:
        y = np.array([np.nan if value is None else value for value in values], dtype=float)
        if not len(y):
            return
        colour = self._theme.colour(tone)
        if self._bars:
            bars = pg.BarGraphItem(
                x=x + step / 2, height=y, width=step * 0.8, brush=colour, pen=pg.mkPen(None)
            )
            self._plot.addItem(bars)
            return
        pen = pg.mkPen(colour, width=1.6)
        isolated = _isolated(y)
        self._plot.plot(x, y, pen=pen, connect="finite")
        if isolated.any():
            self._plot.plot(
                x[isolated],
                y[isolated],
                pen=None,
                symbol="o",
                symbolSize=5,
                symbolBrush=colour,
                symbolPen=None,
            )


def _isolated(y: np.ndarray) -> np.ndarray:
    """A mask of values without neighbours, which no line would show."""
    there = np.isfinite(y)
    padded = np.pad(there, 1)
    return np.asarray(there & ~padded[:-2] & ~padded[2:], dtype=bool)


def _top(series: Mapping[str, Values]) -> float:
    largest = max((value for values in series.values() for value in values if value), default=0.0)
    return largest or 1.0
