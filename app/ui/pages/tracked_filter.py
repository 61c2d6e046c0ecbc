"""The filter of the Tracked page: text, tag, status and order."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from app.ui.tracked_source import STATUSES, Filter
from app.ui.translation import tr
from app.ui.widgets.flow import Flow
from app.ui.widgets.text import fit_placeholder
from app.ui.wording import words

_TYPING_MS = 200
_SORTS = (
    ("Last changed first", "changed"),
    ("Last changed last", "oldest"),
    ("Newest first", "created"),
    ("By page", "url"),
)


class TrackedFilter(QWidget):
    """Emits `changed` when the filter changes; while the user types, after a short pause."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._text = _line("Search e-mail, page, note and tags")
        self._tag = _line("Tag")
        self._tag.setMaximumWidth(max(130, self._tag.minimumWidth()))
        self._status = QComboBox()
        self._status.setAccessibleName(tr("Status"))
        self._status.addItem(tr("Any status"), "")
        for status in STATUSES:
            self._status.addItem(tr(words(status)), status)
        self._sort = QComboBox()
        self._sort.setAccessibleName(tr("Order"))
        for title, sort in _SORTS:
            self._sort.addItem(tr(title), sort)
        self._which = QComboBox()
        self._which.setAccessibleName(tr("Kept or deleted"))
        self._which.addItem(tr("Kept"), False)
        self._which.addItem(tr("Deleted"), True)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        row = Flow()
        self.setLayout(row)
        row.add(self._text, stretch=True)
        for part in (self._tag, self._status, self._which, self._sort):
            row.add(part)
        for line in (self._text, self._tag):
            line.textChanged.connect(lambda _text: self._typing.start())
        for box in (self._status, self._which, self._sort):
            box.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self._typing.timeout.connect(self.changed)

    def wanted(self) -> Filter:
        """The query that the filter describes."""
        return Filter(
            text=self._text.text().strip(),
            status=str(self._status.currentData()),
            tag=self._tag.text().strip(),
            deleted=bool(self._which.currentData()),
            sort=str(self._sort.currentData()),
        )

    def focus_text(self) -> None:
        self._text.setFocus()
        self._text.selectAll()


def _line(hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setPlaceholderText(tr(hint))
    fit_placeholder(made)
    made.setAccessibleName(tr(hint))
    made.setClearButtonEnabled(True)
    return made
