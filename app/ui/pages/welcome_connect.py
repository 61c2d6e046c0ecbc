"""The step that connects a client: the exact entry, to be pasted where no file can be edited."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from app.ui.desk import Desk
from app.ui.pages.welcome_step import Step
from app.ui.theme import fixed_font


class ConnectStep(Step):
    """Shows the entry for the servers that are on."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.theme, "3", "Connect a client")
        self._desk = desk
        self._entry = QPlainTextEdit()
        self._entry.setReadOnly(True)
        self._entry.setFont(fixed_font())
        self._entry.setAccessibleName("The entry for your client")
        self._entry.setFixedHeight(170)
        self.below.addWidget(self._entry)
        self.add_button("Copy", self._copy, icon="copy")

    def pull(self) -> None:
        """Show what is true now."""

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._entry.toPlainText())
