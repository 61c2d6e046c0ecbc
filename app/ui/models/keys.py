"""List model of the keys: title and state of each, never its value."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui import wording
from app.ui.translation import tr
from app.ui.widgets.rows import ROW, Row
from app.views import KeyView

NAME = int(Qt.ItemDataRole.UserRole)

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class KeysModel(QAbstractListModel):
    """One row for each key."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[KeyView, ...] = ()

    def show_keys(self, keys: tuple[KeyView, ...]) -> None:
        """Show `keys`; rows keep their place where the names are the same."""
        if [key.name for key in keys] != [key.name for key in self._keys]:
            self.beginResetModel()
            self._keys = keys
            self.endResetModel()
        elif keys != self._keys:
            self._keys = keys
            self.dataChanged.emit(self.index(0), self.index(len(keys) - 1))

    def key(self, index: Index) -> KeyView | None:
        """The key at `index`."""
        return self._keys[index.row()] if index.isValid() else None

    def row_of(self, name: str) -> int:
        """The row of the key called `name`, or -1."""
        return next((n for n, key in enumerate(self._keys) if key.name == name), -1)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        key = self._keys[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return tr(key.title)
            case Qt.ItemDataRole.AccessibleTextRole:
                return wording.spoken(key.title, state_of(key))
            case _ if role == NAME:
                return key.name
            case _ if role == ROW:
                return Row(
                    title=tr(key.title),
                    detail=state_of(key),
                    tone="good" if key.is_set else "soft",
                    dot="good" if key.is_set else "line",
                )
        return None


def state_of(key: KeyView) -> str:
    """Text for whether `key` is set."""
    if key.is_set:
        return "Set"
    return "Made when first needed" if key.generated else "Not set"
