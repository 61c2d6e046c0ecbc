"""Table model of kept calls, newest first. New calls come in above, older ones below."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.calls.kept_call import KeptCall
from app.ui import wording
from app.ui.theme import Theme
from app.ui.translation import tr

TIME, CLIENT, SERVER, TOOL, OUTCOME, TOOK, SIZE = range(7)
HEADER = ("Time", "Client", "Server", "Tool", "Outcome", "Took", "Size")
MOST_ROWS = 20_000
_SLACK = 1_000
_RIGHT = frozenset({TOOK, SIZE})
_SOFT = frozenset({TIME, SERVER, TOOK, SIZE})

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class CallsModel(QAbstractTableModel):
    """The calls on show."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._calls: list[KeptCall] = []

    @property
    def newest(self) -> int:
        """The id of the newest call; 0 for none."""
        return self._calls[0].id if self._calls else 0

    def call(self, row: int) -> KeptCall:
        """The call in `row`."""
        return self._calls[row]

    def show_calls(self, calls: Sequence[KeptCall]) -> None:
        """Show `calls` and no others."""
        self.beginResetModel()
        self._calls = list(calls)
        self.endResetModel()

    @property
    def oldest(self) -> int:
        """The id of the oldest call; 0 for none."""
        return self._calls[-1].id if self._calls else 0

    def prepend(self, calls: Sequence[KeptCall]) -> bool:
        """Add newer calls; true if the oldest rows were removed, since there were too many."""
        if calls:
            self.beginInsertRows(_ROOT, 0, len(calls) - 1)
            self._calls[:0] = calls
            self.endInsertRows()
        if len(self._calls) <= MOST_ROWS + _SLACK:
            return False
        self.beginRemoveRows(_ROOT, MOST_ROWS, len(self._calls) - 1)
        del self._calls[MOST_ROWS:]
        self.endRemoveRows()
        return True

    def append(self, calls: Sequence[KeptCall]) -> None:
        """Add older calls."""
        if calls:
            first = len(self._calls)
            self.beginInsertRows(_ROOT, first, first + len(calls) - 1)
            self._calls.extend(calls)
            self.endInsertRows()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._calls)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(HEADER)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(HEADER[section])
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        call, column = self._calls[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _CELLS[column](call)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ForegroundRole:
                tone = outcome_text(call).tone if column == OUTCOME else "soft"
                return self._theme.colour(tone) if column == OUTCOME or column in _SOFT else None
        return None


def client_name(call: KeptCall) -> str:
    """Who called, as a person reads it."""
    if call.own:
        return tr("Lou itself")
    return tr("You, in Lou") if call.client == "lou" else wording.one_line(call.client, 60)


def time_text(call: KeptCall) -> str:
    """When the call ended: the time today, else the month, the day and the time."""
    at, now = time.localtime(call.at), time.localtime()
    is_today = at[:3] == now[:3]
    return time.strftime("%H:%M:%S" if is_today else "%m-%d %H:%M", at)


def outcome_text(call: KeptCall) -> wording.StateText:
    """How it ended."""
    return wording.CALLS.get(call.outcome, wording.StateText(call.outcome or "Unknown", "soft"))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


_CELLS: tuple[Callable[[KeptCall], str], ...] = (
    time_text,
    client_name,
    lambda call: call.server,
    lambda call: wording.one_line(call.tool, 80),
    lambda call: tr(outcome_text(call).words),
    lambda call: wording.milliseconds(call.ms),
    lambda call: wording.size(call.size),
)
