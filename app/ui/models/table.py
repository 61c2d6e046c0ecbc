"""Table model of rows that are replaced as a whole, or added at either end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui.theme import Theme
from app.ui.translation import tr

ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
T = TypeVar("T")


class TableModel(QAbstractTableModel, Generic[T]):
    """`columns` say by their headings what a cell shows of a row.

    A subclass may give the `tone` of a cell and the `alignment` of a column.
    """

    def __init__(self, theme: Theme, columns: Mapping[str, Callable[[T], str]]) -> None:
        super().__init__()
        self._theme = theme
        self._header, self._cells = tuple(columns), tuple(columns.values())
        self.rows: list[T] = []

    def tone(self, _row: T, _column: int) -> str:
        """The colour of a cell by its name in the theme; empty for the usual one."""
        return ""

    def alignment(self, _column: int) -> Qt.AlignmentFlag | None:
        """How a column and its header are aligned; None for the style's way."""
        return None

    def show_rows(self, rows: Sequence[T]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def insert(self, first: int, rows: Sequence[T]) -> None:
        """Show `rows`, too; the first of them gets the number `first`."""
        if rows:
            self.beginInsertRows(ROOT, first, first + len(rows) - 1)
            self.rows[first:first] = rows
            self.endInsertRows()

    def remove(self, first: int, count: int) -> None:
        self.beginRemoveRows(ROOT, first, first + count - 1)
        del self.rows[first : first + count]
        self.endRemoveRows()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._header)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(self._header[section])
        return self.alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._cells[column](row)
            case Qt.ItemDataRole.TextAlignmentRole:
                return self.alignment(column)
            case Qt.ItemDataRole.ForegroundRole:
                tone = self.tone(row, column)
                return self._theme.colour(tone) if tone else None
        return None
