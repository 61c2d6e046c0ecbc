"""The filter of the Logs page: server, minimum level and text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from app.logs.log_search import LogQuery
from app.ui.translation import tr
from app.ui.widgets.flow import Flow
from app.ui.widgets.inputs import combo
from app.ui.widgets.text import fit_placeholder

_TYPING_MS = 50
_LEVELS = (
    ("All levels", ""),
    ("Info and up", "INFO"),
    ("Warnings and up", "WARNING"),
    ("Errors", "ERROR"),
)


class LogFilter(QWidget):
    """Emits `changed` when the filter changes; while the user types, after a short pause."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._server = combo("Server", letters=8)
        self._server.addItem(tr("All servers"), "")
        self._level = QComboBox()
        self._level.setAccessibleName(tr("Level"))
        for words, level in _LEVELS:
            self._level.addItem(tr(words), level)
        self._text = QLineEdit()
        self._text.setPlaceholderText(tr("Filter by text"))
        self._text.setAccessibleName(tr("Filter by text"))
        self._text.setClearButtonEnabled(True)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        fit_placeholder(self._text)
        row = Flow()
        self.setLayout(row)
        row.add(self._server)
        row.add(self._level)
        row.add(self._text, stretch=True)
        self._server.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self._level.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self._text.textChanged.connect(lambda _text: self._typing.start())
        self._typing.timeout.connect(self.changed)

    def wanted(self) -> LogQuery:
        return LogQuery(
            str(self._server.currentData() or ""),
            str(self._level.currentData() or ""),
            self._text.text().strip(),
        )

    def is_narrow(self) -> bool:
        """Whether the filter leaves out any lines."""
        return self.wanted() != LogQuery()

    def choose(self, server: str) -> None:
        self._server.setCurrentIndex(max(0, self._server.findData(server)))

    def focus_text(self) -> None:
        self._text.setFocus()
        self._text.selectAll()

    def fill_servers(self, names: Sequence[str]) -> None:
        """Offer `names`; the selected server stays selected."""
        wanted = ["", *names]
        if [self._server.itemData(row) for row in range(self._server.count())] == wanted:
            return
        chosen = self._server.currentData()
        self._server.blockSignals(True)
        self._server.clear()
        for name in wanted:
            self._server.addItem(name or tr("All servers"), name)
        self._server.setCurrentIndex(max(0, self._server.findData(chosen)))
        self._server.blockSignals(False)
