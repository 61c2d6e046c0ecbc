"""Figures side by side: each a large value above its name."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.ui.translation import tr
from app.ui.widgets.card import Card
from app.ui.widgets.layouts import holder, vertical
from app.ui.widgets.text import heading, label, restyle

_SPACE = 18
_FEWEST = 3
"""Tiles in a row when the widget is narrow."""


class Tiles(Card):
    """A card with one tile for each name, in several rows when it is narrow."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._values = {}
        self._tiles: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(_SPACE)
        for name in names:
            value = heading("", "part")
            self._values[name] = value
            self._tiles.append(holder(vertical(value, label(name, tone="soft"), spacing=0)))
        self.inside.addLayout(self._grid)
        self._arrange(len(self._tiles))

    def set_value(self, name: str, value: str, *, tone: str = "") -> None:
        shown = self._values[name]
        if shown.text() != value:
            shown.setText(value)
            shown.setAccessibleName(f"{tr(name)}: {tr(value)}")
            self._fit(self.width())
        restyle(shown, "tone", tone)

    def minimumSizeHint(self) -> QSize:
        whole = super().minimumSizeHint()
        return QSize(min(whole.width(), self._needed(_FEWEST)), whole.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(event.size().width())

    def _fit(self, width: int) -> None:
        is_enough = width >= self._needed(len(self._tiles))
        self._arrange(len(self._tiles) if is_enough else _FEWEST)

    def _needed(self, columns: int) -> int:
        widest = max(tile.minimumSizeHint().width() for tile in self._tiles)
        sides = self.inside.contentsMargins()
        return columns * (widest + _SPACE) - _SPACE + sides.left() + sides.right()

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for place, tile in enumerate(self._tiles):
            self._grid.addWidget(tile, place // columns, place % columns)
        for column in range(len(self._tiles)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
