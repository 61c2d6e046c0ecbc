"""A table of whole rows, one line of text each, as all tables of the window are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.ui.translation import tr


class RowTable(QTableView):
    """`name` is what a screen reader calls it; the column `wide` takes the free width.

    `air` is the height of a row beside its text, in pixels.
    """

    def __init__(self, model: QAbstractItemModel, name: str, *, wide: int, air: int = 8) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(tr(name))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + air)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)
        self._widths: dict[int, int] = {}
        self._hidden_first: Sequence[int] = ()
        self._least = 0

    def set_widths(
        self, widths: Mapping[int, int], *, least: int = 0, hidden_first: Sequence[int] = ()
    ) -> None:
        """Give columns their widths in pixels.

        A table too narrow for them and `least` for the wide column does without `hidden_first`.
        """
        self._widths, self._least, self._hidden_first = dict(widths), least, hidden_first
        for column, width in widths.items():
            self.setColumnWidth(column, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        missing = self._least + sum(self._widths.values()) - event.size().width()
        for column in self._hidden_first:
            self.setColumnHidden(column, missing > 0)
            missing -= self._widths[column]
        super().resizeEvent(event)
