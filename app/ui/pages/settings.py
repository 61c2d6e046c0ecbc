"""The Settings page, built from the fields of the settings; a change applies at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.errors import AppError
from app.system import paths, version
from app.ui.dialogs.keys import keep_keys_in
from app.ui.form_fields import UNSET, Field, FieldError, Kind
from app.ui.page_context import PageContext, open_url
from app.ui.pages.doctor_checks import Checks
from app.ui.setting_choices import SettingChoice, choices
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, separator
from app.ui.widgets.form import editor
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label, scaled

_TYPING_MS = 500
_WIDTH = 760
_WIDTHS = {Kind.SWITCH: 44, Kind.TEXT: 240}


class SettingsPage(QWidget):
    """One card for each group of settings, then one with help and checks."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._rows = [SettingRow(context, choice) for choice in choices()]
        inside = QWidget()
        inside.setMaximumWidth(_WIDTH)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 14, 20)
        column.setSpacing(10)
        for group, rows in groupby(self._rows, key=lambda row: row.choice.field.group):
            column.addWidget(heading(group))
            column.addWidget(_card(rows))
            column.addSpacing(8)
        column.addWidget(heading("Help"))
        column.addWidget(self._help_card())
        column.addStretch()
        scroll = QScrollArea()
        scroll.setAccessibleName("All settings")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAlignment(Qt.AlignmentFlag.AlignLeft)
        scroll.setWidget(inside)
        page = QVBoxLayout(self)
        page.setContentsMargins(20, 18, 6, 0)
        page.setSpacing(14)
        page.addWidget(heading("Settings", "title"))
        page.addWidget(scroll, 1)
        WhileVisible(self, self._pull, listen=(context.core.settings.changed,))

    def _help_card(self) -> Card:
        theme, go = self._context.theme, self._context.go
        card = Card()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Button(theme, "Show the welcome", lambda: go("welcome"), icon="welcome"))
        row.addWidget(Button(theme, "Open the data folder", _open_data, icon="folder"))
        row.addStretch()
        row.addWidget(label(f"Lou {version.current()}", tone="soft"))
        card.inside.addLayout(row)
        card.inside.addWidget(separator())
        card.inside.addWidget(Checks(self._context))
        return card

    def _pull(self) -> None:
        for row in self._rows:
            row.pull()


class SettingRow(QWidget):
    """One setting: title and help at the left, its editor at the right."""

    def __init__(self, context: PageContext, choice: SettingChoice) -> None:
        super().__init__()
        self.choice = choice
        self._context = context
        field = choice.field
        self._editor = editor(context.theme, field, bare=True)
        self._typing = QTimer(self, singleShot=True, interval=_delay(field))
        self._typing.timeout.connect(self._apply)
        self._editor.changed.connect(self._typing.start)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(label(field.title, wrap=True))
        words.addWidget(label(field.help, tone="soft", wrap=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(20)
        row.addLayout(words, 1)
        row.addWidget(self._editor, 0, Qt.AlignmentFlag.AlignVCenter)
        width = _WIDTHS.get(field.kind, 170)
        is_switch = field.kind is Kind.SWITCH
        self._editor.setFixedWidth(width if is_switch else scaled(width, self))

    def pull(self) -> None:
        """Show the stored value, unless the user is typing."""
        if not self._typing.isActive():
            self._editor.blockSignals(True)
            self._editor.set_value(self._in_force())
            self._editor.show_problem("")
            self._editor.blockSignals(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._typing.isActive():  # the page closes: the timer would not fire any more
            self._typing.stop()
            with contextlib.suppress(FieldError, AppError):
                self._keep(self._editor.value())

    def _in_force(self) -> Any:
        return self.choice.read(self._context.core.settings.config)

    def _apply(self) -> None:
        try:
            value = self._editor.value()
        except FieldError:
            return
        if value != self._in_force():
            self._context.tasks.start(self._save(value))

    async def _save(self, value: Any) -> None:
        try:
            if self.choice.field.name == "key_store":
                await keep_keys_in(self._context, self.window(), value)
            else:
                self._keep(value)
        finally:
            self.pull()

    def _keep(self, value: Any) -> None:
        kept = "" if value is UNSET else value
        self._context.core.settings.update(lambda config: self.choice.write(config, kept))


def _delay(field: Field) -> int:
    return 0 if field.kind in (Kind.SWITCH, Kind.CHOICE) else _TYPING_MS


def _card(rows: Iterable[SettingRow]) -> Card:
    card = Card()
    for number, row in enumerate(rows):
        if number:
            card.inside.addWidget(separator())
        card.inside.addWidget(row)
    return card


def _open_data() -> None:
    open_url(QUrl.fromLocalFile(str(paths.data_folder())))
