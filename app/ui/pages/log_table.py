"""The table of log lines; it scrolls with new lines until the user scrolls away from the end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut

from app.ui.models.logs import LEVEL, MESSAGE, SERVER, TIME, LogLine, LogsModel, text_of
from app.ui.widgets.row_table import RowTable

_SAMPLES = ((TIME, "00:00:00,000"), (SERVER, "tracker-two"), (LEVEL, "Critical"))
_NEAR_TOP_ROWS = 50


class LogTable(RowTable):
    """Shows a `LogsModel`; `is_following` says whether new lines scroll it."""

    following_changed = Signal(bool)
    near_top = Signal()

    def __init__(self, model: LogsModel) -> None:
        super().__init__(model, "Log lines", wide=MESSAGE)
        self._lines = model
        self.is_following = True
        self._is_changing = False
        metrics = self.fontMetrics()
        for column, sample in _SAMPLES:
            self.setColumnWidth(column, metrics.horizontalAdvance(sample) + 30)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self, self.copy)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)

    def follow(self, on: bool) -> None:
        """Turn following of new lines on or off."""
        if on:
            self.scrollToBottom()
        if on != self.is_following:
            self.is_following = on
            self.following_changed.emit(on)

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        """Replace all lines and scroll to the newest."""
        self._is_changing = True
        self._lines.show_rows(lines)
        self._is_changing = False
        self.follow(True)

    def append(self, lines: Sequence[LogLine]) -> None:
        self._is_changing = True
        self._lines.append(lines, keep_all=not self.is_following)
        if self.is_following:
            self.scrollToBottom()
        self._is_changing = False

    def prepend(self, lines: Sequence[LogLine]) -> None:
        """Add older lines; the visible lines stay in place."""
        bar = self.verticalScrollBar()
        self._is_changing = True
        place = bar.value()
        self._lines.insert(0, lines)
        self.updateGeometries()
        bar.setValue(place + len(lines))
        self._is_changing = False

    def copy(self) -> None:
        """Copy the selected lines to the clipboard, formatted as in the log files."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if rows:
            text = "\n".join(text_of(self._lines.rows[row]) for row in rows)
            QGuiApplication.clipboard().setText(text)

    def _scrolled(self, value: int) -> None:
        if self._is_changing:
            return
        if value < _NEAR_TOP_ROWS:
            self.near_top.emit()
        at_end = value >= self.verticalScrollBar().maximum() - 1
        if at_end != self.is_following:
            self.is_following = at_end
            self.following_changed.emit(at_end)
