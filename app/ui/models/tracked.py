"""Table model of tracked entries; asks for more as the user scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui.theme import Theme
from app.ui.tracked_source import Entry
from app.ui.translation import tr
from app.ui.wording import one_line, words

HEADER = ("E-mail", "Page", "Status", "Tags", "Note", "Changed")
_STATUS = 2
_TONES = {"won": "good", "replied": "good", "contacted": "busy", "do_not_contact": "bad"}

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class TrackedModel(QAbstractTableModel):
    """Shows the entries that were fetched; `fetch` is called when the view wants more."""

    def __init__(self, theme: Theme, fetch: Callable[[], None]) -> None:
        super().__init__()
        self._theme = theme
        self._fetch = fetch
        self._entries: list[Entry] = []
        self._has_more = False

    def show_entries(self, entries: Sequence[Entry], *, has_more: bool) -> None:
        """Show `entries` and no others."""
        self.beginResetModel()
        self._entries = list(entries)
        self._has_more = has_more
        self.endResetModel()

    def append(self, entries: Sequence[Entry], *, has_more: bool) -> None:
        """Add the entries that follow."""
        self._has_more = has_more
        if entries:
            first = len(self._entries)
            self.beginInsertRows(_ROOT, first, first + len(entries) - 1)
            self._entries.extend(entries)
            self.endInsertRows()

    def entry(self, row: int) -> Entry:
        """The entry in `row`."""
        return self._entries[row]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(HEADER)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._has_more

    def fetchMore(self, parent: Index) -> None:
        if not parent.isValid():
            self._fetch()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return tr(HEADER[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(entry, index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == _STATUS:
            return self._theme.colour(_TONES.get(str(entry.get("status")), "soft"))
        return None


def _cell(entry: Entry, column: int) -> str:
    match column:
        case 0:
            locked = tr("Sealed with another key")
            return locked if entry.get("locked") else one_line(str(entry["email"]))
        case 1:
            return one_line(str(entry["url"]).removeprefix("https://"), 500)
        case 2:
            return tr(words(str(entry["status"])))
        case 3:
            return one_line(", ".join(entry["tags"]))
        case 4:
            return one_line(str(entry["note"]), 200)
        case _:
            return moment(str(entry["changed"]))


def moment(at: str) -> str:
    """An ISO timestamp of the tracker, to the minute."""
    return at[:16].replace("T", " ")
