"""The filter above a table: lines to type in and choices, which emit one signal."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from app.ui.translation import tr
from app.ui.widgets.flow import Flow
from app.ui.widgets.inputs import combo
from app.ui.widgets.text import fit_placeholder


class FilterBar(QWidget):
    """Emits `changed` when the filter changes; while the user types, after a pause."""

    changed = Signal()

    def __init__(self, *, typing_ms: int) -> None:
        super().__init__()
        self.row = Flow()
        self.setLayout(self.row)
        self._text: QLineEdit | None = None
        self._typing = QTimer(self, singleShot=True, interval=typing_ms)
        self._typing.timeout.connect(self.changed)

    def add_line(self, hint: str, *, stretch: bool = False) -> QLineEdit:
        """Add a line to type in; the one with a `stretch` is the one that `focus_text` means."""
        made = QLineEdit()
        made.setPlaceholderText(tr(hint))
        made.setAccessibleName(tr(hint))
        made.setClearButtonEnabled(True)
        fit_placeholder(made)
        made.textChanged.connect(lambda _text: self._typing.start())
        self.row.add(made, stretch=stretch)
        if stretch:
            self._text = made
        return made

    def add_choice(
        self, name: str, items: Iterable[tuple[str, object]], *, letters: int = 0
    ) -> QComboBox:
        """Add a choice of `items`, each a text in English and what it stands for.

        It is as wide as its longest text, or as `letters` where that is given.
        """
        box = combo(name, letters=letters) if letters else QComboBox()
        box.setAccessibleName(tr(name))
        for words, value in items:
            box.addItem(tr(words), value)
        box.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self.row.add(box)
        return box

    def focus_text(self) -> None:
        if self._text:
            self._text.setFocus()
            self._text.selectAll()
