"""The table of what was tried: a click shows an attempt again, Enter runs it again."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from app.ui.models.attempts import AttemptsModel


class TryHistory(QTableView):
    """Shows an `AttemptsModel`."""

    def __init__(self, model: AttemptsModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName("What was tried")
        self.setToolTip("Press Enter on a row to run it again")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
