"""Tree model of a JSON value: one row for each member, created when the view asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt

from app.ui.models.table import ROOT, Index
from app.ui.translation import tr
from app.ui.wording import counted, one_line

HEADER = ("Name", "Value")
_LONGEST = 300
_MOST_MEMBERS = 1_000
_PART = 100


@dataclass(slots=True, eq=False)
class _Node:
    """One member. Its children are made when the view first asks for them."""

    name: str
    value: Any
    row: int
    parent: _Node | None
    children: list[_Node] | None = field(default=None)

    def members(self) -> list[_Node]:
        if self.children is None:
            self.children = [
                _Node(name, value, row, self)
                for row, (name, value) in enumerate(_pairs(self.value))
            ]
        return self.children


class JsonTree(QAbstractItemModel):
    """Shows one value."""

    def __init__(self) -> None:
        super().__init__()
        self._root = _Node("", {}, 0, None)

    def show_value(self, value: Any) -> None:
        self.beginResetModel()
        whole = value if isinstance(value, dict | list) else {"result": value}
        self._root = _Node("", whole, 0, None)
        self.endResetModel()

    def value(self, index: Index) -> Any:
        return self._node(index).value

    def index(self, row: int, column: int, parent: Index = ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self._node(parent).members()[row])

    def parent(self, index: Index = ROOT) -> QModelIndex:  # type: ignore[override]
        above = self._node(index).parent
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.column() > 0 else len(self._node(parent).members())

    def hasChildren(self, parent: Index = ROOT) -> bool:
        value = self._node(parent).value
        return isinstance(value, dict | list) and bool(value) and parent.column() <= 0

    def columnCount(self, _parent: Index = ROOT) -> int:
        return len(HEADER)

    def headerData(
        self, section: int, _orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return tr(HEADER[section]) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        node = self._node(index)
        return node.name if index.column() == 0 else _value_text(node.value)

    def _node(self, index: Index) -> _Node:
        if not index.isValid():
            return self._root
        node = index.internalPointer()
        assert isinstance(node, _Node)
        return node


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return _in_parts([(str(name), member) for name, member in value.items()])
    if isinstance(value, list):
        return _in_parts([(str(number), member) for number, member in enumerate(value, 1)])
    return []


def _in_parts(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """`pairs`, grouped into ranges when there are too many for a view."""
    count, size = len(pairs), 1
    while count / size > _MOST_MEMBERS:
        size *= _PART
    if size == 1:
        return pairs
    return [
        (f"{start + 1:,} to {min(start + size, count):,}", dict(pairs[start : start + size]))
        for start in range(0, count, size)
    ]


def _value_text(value: Any) -> str:
    match value:
        case dict():
            first = next((v for v in value.values() if isinstance(v, str) and v), "")
            return one_line(first, 80)
        case list():
            return counted(len(value), "item") if value else "none"
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case _:
            return one_line(str(value), _LONGEST)
