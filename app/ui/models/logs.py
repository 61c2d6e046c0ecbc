"""Table model of log lines. Rows are added at either end; the oldest are removed when too many."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.logs.line_format import StoredLine
from app.logs.logbook import Line
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.wording import one_line

TIME, SERVER, LEVEL, MESSAGE = range(4)
HEADER = ("Time", "Server", "Level", "Message")
MOST_ROWS = 20_000
_SLACK = 1_000
"""Old rows are removed in batches, because each removal moves all other rows."""

_TONES = {"WARNING": "warn", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "faint"}

_ROOT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
LogLine = Line | StoredLine


class LogsModel(QAbstractTableModel):
    """The lines on show, oldest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: deque[LogLine] = deque()

    def line(self, row: int) -> LogLine:
        """The line in `row`."""
        return self._lines[row]

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        """Show `lines` and no others."""
        self.beginResetModel()
        self._lines = deque(lines)
        self.endResetModel()

    def append(self, lines: Sequence[LogLine], *, keep_all: bool = False) -> None:
        """Add newer lines; removes the oldest rows when there are too many, unless `keep_all`."""
        if not lines:
            return
        first = len(self._lines)
        self.beginInsertRows(_ROOT, first, first + len(lines) - 1)
        self._lines.extend(lines)
        self.endInsertRows()
        if not keep_all and len(self._lines) > MOST_ROWS + _SLACK:
            self._cut(len(self._lines) - MOST_ROWS)

    def prepend(self, lines: Sequence[LogLine]) -> None:
        """Add older lines."""
        if not lines:
            return
        self.beginInsertRows(_ROOT, 0, len(lines) - 1)
        self._lines.extendleft(reversed(lines))
        self.endInsertRows()

    def _cut(self, count: int) -> None:
        self.beginRemoveRows(_ROOT, 0, count - 1)
        for _ in range(count):
            self._lines.popleft()
        self.endRemoveRows()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._lines)

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
        line = self._lines[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _cell(line, index.column())
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(line, index.column())
        return None

    def _colour(self, line: LogLine, column: int) -> QColor | None:
        if column in (TIME, SERVER):
            return self._theme.colour("soft")
        tone = _TONES.get(line.level)
        return self._theme.colour(tone) if tone else None


def _cell(line: LogLine, column: int) -> str:
    match column:
        case 0:
            return time_of(line)[11:]
        case 1:
            return line.server
        case 2:
            return tr(line.level.capitalize())
        case _:
            return one_line(line.message, 500)


def time_of(line: LogLine) -> str:
    """The local time of `line`, formatted as in the log file."""
    if isinstance(line, StoredLine):
        return line.at
    second = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
    return f"{second},{int(line.at * 1000) % 1000:03d}"


def text_of(line: LogLine) -> str:
    """`line` formatted as in the log file."""
    return f"{time_of(line)} - {line.logger} - {line.level} - {line.message}"
