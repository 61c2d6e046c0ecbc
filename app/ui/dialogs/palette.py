"""The palette: type a few letters, press Enter, and be there."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui import targets
from app.ui.dialogs.confirm import FittedDialog
from app.ui.models.lists import KeyedList
from app.ui.page_context import PageContext
from app.ui.targets import PaletteTarget
from app.ui.translation import tr
from app.ui.widgets.card import Empty
from app.ui.widgets.layouts import vertical
from app.ui.widgets.rows import Row, RowList
from app.ui.widgets.text import fit_placeholder, scaled

_MOST = 200
_TO_LIST = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


def targets_model() -> KeyedList[PaletteTarget]:
    return KeyedList(
        lambda target: target.place,
        title=lambda target: target.title,
        spoken=lambda target: f"{target.title}, {tr(target.kind)}",
        row=lambda target: Row(target.title, target.kind),
    )


class PaletteDialog(FittedDialog):
    """A line to type in, and what it finds; Enter opens the chosen target."""

    def __init__(self, context: PageContext, parent: QWidget | None) -> None:
        super().__init__(parent, "Find")
        self._context = context
        known = targets.everything(context.core)
        self._targets = [replace(each, title=tr(each.title)) for each in known]
        self._line = QLineEdit()
        self._line.setPlaceholderText(tr("Page, server, tool, client, key, setting, or action"))
        self._line.setAccessibleName(tr("What to find"))
        fit_placeholder(self._line)
        self._model = targets_model()
        self._list = RowList(context.theme, "Found", self._model)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._none = Empty(context.theme, "find", "Nothing is called that", "Try another word.")
        parts = (self._line, (self._list, 1), (self._none, 1))
        self.setLayout(vertical(*parts, margins=(14, 14, 14, 14), spacing=10))
        self.resize(scaled(520, self), 420)
        self._line.textChanged.connect(self._show_found)
        self._line.returnPressed.connect(self._open_chosen)
        self._line.installEventFilter(self)
        self._list.clicked.connect(lambda _index: self._open_chosen())
        self._show_found("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys choose in the list while the line keeps the focus."""
        is_press = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if is_press and isinstance(event, QKeyEvent) and event.key() in _TO_LIST:
            self._list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _show_found(self, text: str) -> None:
        self._model.show_rows(targets.matching(self._targets, text)[:_MOST])
        has_any = self._model.rowCount() > 0
        self._list.setVisible(has_any)
        self._none.setVisible(not has_any)
        if has_any:
            self._list.setCurrentIndex(self._model.index(0))

    def _open_chosen(self) -> None:
        chosen = self._list.currentIndex()
        if chosen.isValid():
            self.accept()
            self._context.go(self._model.rows[chosen.row()].place)
