"""List model of the clients: connected ones first, then installed ones, then the others."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.clients.views import ClientView
from app.ui import client_wording, wording
from app.ui.widgets.rows import ROW, Row

ID = int(Qt.ItemDataRole.UserRole)

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class ClientsModel(QAbstractListModel):
    """One row for each client of the catalogue."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: tuple[ClientView, ...] = ()

    def show_clients(
        self, clients: tuple[ClientView, ...], text: str = "", *, folded: bool = False
    ) -> None:
        """Show the `clients` that match `text`; `folded` leaves out those that are not here.

        Rows keep their place where the ids are the same.
        """
        words = text.casefold().split()
        fresh = tuple(
            client
            for client in sorted(clients, key=_place)
            if all(word in f"{client.name} {client.id}".casefold() for word in words)
            and (words or not folded or is_here(client))
        )
        if [client.id for client in fresh] != [client.id for client in self._clients]:
            self.beginResetModel()
            self._clients = fresh
            self.endResetModel()
        elif fresh != self._clients:
            self._clients = fresh
            self.dataChanged.emit(self.index(0), self.index(len(fresh) - 1))

    def row_of(self, id: str) -> int:  # noqa: A002 - the row's own word
        """The row of the client with this id, or -1."""
        return next((n for n, client in enumerate(self._clients) if client.id == id), -1)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._clients)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        client = self._clients[index.row()]
        state_text = client_wording.state_text(client)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return client.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return wording.spoken(client.name, state_text.words)
            case _ if role == ID:
                return client.id
            case _ if role == ROW:
                dot = "faint" if state_text.tone == "soft" else state_text.tone
                return Row(client.name, state_text.words, state_text.tone, dot)
        return None


def is_here(client: ClientView) -> bool:
    """Whether the client is on this computer, or was connected."""
    return client.installed or client.wanted


def _place(client: ClientView) -> tuple[bool, bool, int, str]:
    return not client.wanted, not client.installed, client.tier, client.name.lower()
