"""List model of the servers, read from the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui import wording
from app.ui.translation import tr
from app.ui.widgets.rows import ROW, Row
from app.views import ServerView

NAME = int(Qt.ItemDataRole.UserRole)

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class ServersModel(QAbstractListModel):
    """One row for each server. `everything` is the text of a first row for all servers."""

    def __init__(self, servers: Callable[[], tuple[ServerView, ...]], everything: str = "") -> None:
        super().__init__()
        self._servers = servers
        self._everything = everything
        self._rows: tuple[ServerView | None, ...] = ()

    def pull(self) -> None:
        """Read the servers again; rows keep their place where the names are the same."""
        first: tuple[ServerView | None, ...] = (None,) if self._everything else ()
        fresh = (*first, *self._servers())
        if [_name(row) for row in fresh] != [_name(row) for row in self._rows]:
            self.beginResetModel()
            self._rows = fresh
            self.endResetModel()
            return
        changed = [
            n for n, (new, old) in enumerate(zip(fresh, self._rows, strict=True)) if new != old
        ]
        self._rows = fresh
        for n in changed:
            self.dataChanged.emit(self.index(n), self.index(n))

    def row_of(self, name: str) -> int:
        """The row of the server called `name`, or -1."""
        return next((n for n, row in enumerate(self._rows) if _name(row) == name), -1)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        server = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return server.title if server else tr(self._everything)
            case Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(server) if server else tr(self._everything)
            case _ if role == NAME:
                return _name(server)
            case _ if role == ROW:
                return _row(server) if server else Row(tr(self._everything))
        return None


def _name(server: ServerView | None) -> str:
    return server.name if server else ""


def _row(server: ServerView) -> Row:
    state_text = wording.state_text(server)
    return Row(
        title=server.title,
        detail=state_text.words,
        tone=state_text.tone,
        dot=state_text.tone if state_text.tone != "soft" else "faint",
        on=server.wanted,
    )


def _spoken(server: ServerView) -> str:
    switch = "switched on" if server.wanted else "switched off"
    return wording.spoken(server.title, switch, wording.state_text(server).words)
