"""List model of the tools of one server, with a switch for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui import wording
from app.ui.translation import tr
from app.ui.widgets.rows import ROW, Row
from app.ui.widgets.text import tooltip

NAME = int(Qt.ItemDataRole.UserRole)

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class ToolsModel(QAbstractListModel):
    """One row for each tool, as `Core.tools` gave them."""

    def __init__(self) -> None:
        super().__init__()
        self._tools: tuple[dict[str, Any], ...] = ()

    @property
    def tools(self) -> tuple[dict[str, Any], ...]:
        """The tools on show, in order."""
        return self._tools

    def show_tools(self, tools: Sequence[dict[str, Any]]) -> None:
        """Show `tools`."""
        fresh = tuple(tools)
        if [tool["name"] for tool in fresh] != [tool["name"] for tool in self._tools]:
            self.beginResetModel()
            self._tools = fresh
            self.endResetModel()
        elif fresh != self._tools:
            self._tools = fresh
            self.dataChanged.emit(self.index(0), self.index(len(fresh) - 1))

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._tools)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        tool = self._tools[index.row()]
        read = _READERS.get(role)
        return read(tool) if read else None


def _title(tool: dict[str, Any]) -> str:
    return tr(str(tool.get("title") or tool["name"]))


def _spoken(tool: dict[str, Any]) -> str:
    return wording.spoken(_title(tool), "on" if tool.get("enabled", True) else "off")


def _row(tool: dict[str, Any]) -> Row:
    description = wording.one_line(str(tool.get("description", "")))
    return Row(title=_title(tool), detail=description, on=bool(tool.get("enabled", True)))


_READERS: dict[int, Callable[[dict[str, Any]], Any]] = {
    Qt.ItemDataRole.DisplayRole: _title,
    Qt.ItemDataRole.AccessibleTextRole: _spoken,
    Qt.ItemDataRole.ToolTipRole: lambda tool: tooltip(str(tool.get("description", ""))),
    NAME: lambda tool: tool["name"],
    ROW: _row,
}
