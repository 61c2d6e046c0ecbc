"""Shows each AppError in a dialog, one for each error code.

The dialog is imported when there is a first error, to keep it out of the idle tray's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.ui.dialogs.problem_dialog import ProblemDialog


class Problems:
    """Shows errors; one with the code of an open dialog replaces its text."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._shown: dict[str, ProblemDialog] = {}
        self.parent: QWidget | None = None
        self.go: Callable[[str], None] = lambda _place: None

    def show(self, error: AppError) -> None:
        known = self._shown.get(error.code)
        if known is not None:
            known.show_error(error)
            known.raise_()
            return
        from app.ui.dialogs.problem_dialog import ProblemDialog  # noqa: PLC0415 - most never see it

        self._theme.style_widgets()
        dialog = ProblemDialog(self._theme, error, self.go, self.parent)
        self._shown[error.code] = dialog
        dialog.finished.connect(lambda _result: self._shown.pop(error.code, None))
        dialog.open()
