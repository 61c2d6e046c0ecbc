"""The dialog that shows an AppError: what happened and what to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.ui.dialogs.confirm import MARGINS, FittedDialog
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, copier
from app.ui.widgets.card import IconLabel, Scrolled, indented
from app.ui.widgets.layouts import FREE, TOP, horizontal, vertical
from app.ui.widgets.text import heading, label

_WIDTH = 480
_HIGHEST = 300
_BESIDE = 90
"""Width of the icon and the margins, in pixels."""
_PLACES = {
    "locked": ("Open keys", "keys"),
    "vault_locked": ("Open keys", "keys"),
    "internal": ("Show the log", "logs lou"),
}


class ProblemDialog(FittedDialog):
    """One error: its title and hint, and a button to the page that helps."""

    def __init__(
        self, theme: Theme, error: AppError, go: Callable[[str], None], parent: QWidget | None
    ) -> None:
        super().__init__(parent, "Lou")
        self._go = go
        self._place = ""
        self._title = heading("", wrap=True)
        self._hint = label(wrap=True, selectable=True)
        self._scroll = Scrolled(self._hint, most=_HIGHEST)
        self._action = Button(theme, "", self._mend_clicked)
        close = Button(theme, "Close", self.reject, kind="main")
        sign = IconLabel(theme, 28, "alert", "warn")
        words = vertical(indented(self._title), self._scroll, spacing=6)
        row = horizontal((sign, TOP), (words, 1), spacing=14)
        shown = copier(lambda: f"{self._title.text()}\n{self._hint.text()}")
        copy = Button(theme, "Copy", shown, icon="copy", kind="quiet")
        buttons = indented(horizontal(copy, FREE, self._action, close))
        self.setLayout(vertical(row, buttons, margins=MARGINS, spacing=18))
        self.setMinimumWidth(_WIDTH)
        self.show_error(error)
        close.setFocus()

    def show_error(self, error: AppError) -> None:
        self._title.setText(error.title)
        self._scroll.resize(_WIDTH - _BESIDE, self._scroll.height())
        self._hint.setText(error.hint or "Trying again may help; the log has the details.")
        self._scroll.setFixedHeight(self._scroll.sizeHint().height())
        words, self._place = _PLACES.get(error.code, ("Show the log", "logs"))
        self._action.setText(words)
        self.setAccessibleName(tr(error.title))

    def _mend_clicked(self) -> None:
        self.accept()
        self._go(self._place)
