"""A place of limited height for what may be of any height."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

_BAR = 12


class Scrolled(QScrollArea):
    """Scrolls `inside` up and down; asks for its height, and for no more than `most`."""

    def __init__(self, inside: QWidget, *, most: int) -> None:
        super().__init__()
        self._most = most
        self._holder = QWidget()
        column = QVBoxLayout(self._holder)
        column.setContentsMargins(0, 4, 8, 4)
        column.addWidget(inside)
        column.addStretch()
        self.setAccessibleName("The whole")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._holder)

    def sizeHint(self) -> QSize:
        wanted = self._holder.sizeHint()
        width = max(self.width(), self._holder.minimumSizeHint().width())
        height = self._holder.heightForWidth(width)  # -1 for one that does not depend on it
        height = wanted.height() if height < 0 else height
        return QSize(wanted.width() + _BAR, min(height, self._most))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._holder.minimumSizeHint().width() + _BAR, 60)
