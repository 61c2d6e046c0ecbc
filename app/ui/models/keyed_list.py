"""List model of rows that have a key. Rows keep their place as long as the keys are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, Qt

from app.ui.models.table import ROOT, Index
from app.ui.widgets.rows import ROW, Row

KEY = int(Qt.ItemDataRole.UserRole)
"""The role under which a model gives the key of a row."""

T = TypeVar("T")


class KeyedList(QAbstractListModel, Generic[T]):
    """The functions say what the view learns of a row; `spoken` is for a screen reader."""

    def __init__(
        self,
        key: Callable[[T], str],
        *,
        title: Callable[[T], str],
        spoken: Callable[[T], str],
        row: Callable[[T], Row],
        tooltip: Callable[[T], str | None] = lambda _row: None,
    ) -> None:
        super().__init__()
        self._key = key
        self._readers: dict[int, Callable[[T], Any]] = {
            KEY: key,
            Qt.ItemDataRole.DisplayRole: title,
            Qt.ItemDataRole.AccessibleTextRole: spoken,
            Qt.ItemDataRole.ToolTipRole: tooltip,
            ROW: row,
        }
        self.rows: tuple[T, ...] = ()

    def show_rows(self, rows: Sequence[T]) -> None:
        """Show `rows` and no others."""
        before, fresh = self.rows, tuple(rows)
        if [self._key(row) for row in before] != [self._key(row) for row in fresh]:
            self.beginResetModel()
            self.rows = fresh
            self.endResetModel()
            return
        self.rows = fresh
        for n, (new, old) in enumerate(zip(fresh, before, strict=True)):
            if new != old:
                self.dataChanged.emit(self.index(n), self.index(n))

    def row_of(self, key: str) -> int:
        """The row with this key, or -1."""
        return next((n for n, row in enumerate(self.rows) if self._key(row) == key), -1)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        read = self._readers.get(role)
        return read(self.rows[index.row()]) if read and index.isValid() else None
