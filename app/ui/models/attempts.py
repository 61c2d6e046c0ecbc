"""Table model of the calls made on the Try it page, newest first."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui import wording
from app.ui.theme import Theme
from app.ui.tool_attempts import Attempt
from app.ui.translation import tr

HEADER = ("Time", "Tool", "With", "Took", "Outcome")
_OUTCOME = 4

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class AttemptsModel(QAbstractTableModel):
    """Reads `attempts`, which the page keeps."""

    def __init__(self, theme: Theme, attempts: Sequence[Attempt]) -> None:
        super().__init__()
        self._theme = theme
        self._attempts = attempts

    def pull(self) -> None:
        """Reload all rows."""
        self.beginResetModel()
        self.endResetModel()

    def attempt(self, row: int) -> Attempt:
        """The attempt in `row`."""
        return self._attempts[row]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._attempts)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(HEADER)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return tr(HEADER[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        attempt = self._attempts[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(attempt)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == _OUTCOME:
            return self._theme.colour(wording.CALLS[attempt.outcome].tone)
        return None


def _cells(attempt: Attempt) -> tuple[str, ...]:
    return (
        time.strftime("%H:%M:%S", time.localtime(attempt.at)),
        wording.one_line(attempt.tool, 80),
        wording.one_line(json.dumps(dict(attempt.arguments), ensure_ascii=False), 200),
        wording.milliseconds(attempt.ms),
        tr(wording.CALLS[attempt.outcome].words),
    )
