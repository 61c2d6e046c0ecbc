"""The Settings page, built from the fields of the settings; a change applies at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.ui.dialogs.keys import keep_keys_in
from app.ui.form_fields import UNSET, FieldError, Kind
from app.ui.page_context import PageContext
from app.ui.pages.http_settings import HttpSettings
from app.ui.setting_choices import SettingChoice, choices
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, scroll_area_around, scroll_page, separator
from app.ui.widgets.flow import bar
from app.ui.widgets.form import editor
from app.ui.widgets.layouts import FREE, MIDDLE, Part, horizontal, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label, scaled

_TYPING_MS = 500
_WIDTHS = {Kind.SWITCH: 44, Kind.TEXT: 240}


class SettingsPage(QWidget):
    """One card for each group of settings, then one with help and checks."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._rows = [SettingRow(context, choice) for choice in choices()]
        parts: list[Part] = []
        for group, rows in groupby(self._rows, key=lambda row: row.choice.field.group):
            parts += [heading(group), _card(rows), 8]
        parts += [heading("HTTP"), HttpSettings(context), 8]
        parts += [heading("Help"), self._help_card(), FREE]
        scroll_page(self, heading("Settings", "title"), vertical(*parts), "All settings")
        WhileVisible(self, self._pull, listen=(context.core.settings.changed,))

    def _help_card(self) -> Card:
        theme, go = self._context.theme, self._context.go
        return Card(
            bar(
                Button(theme, "Show the welcome", lambda: go("welcome"), icon="welcome"),
                Button(theme, "Open the data folder", lambda: go("folder"), icon="folder"),
                Button(theme, "Check Lou", lambda: go("doctor"), icon="doctor"),
                Button(theme, "About Lou", lambda: go("about"), icon="info"),
            )
        )

    def choose(self, name: str) -> None:
        """Scroll to the setting called `name`, and focus it."""
        for row in self._rows:
            if row.choice.field.name == name:
                row.focus()

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
        wait_ms = 0 if field.kind in (Kind.SWITCH, Kind.CHOICE) else _TYPING_MS
        self._typing = QTimer(self, singleShot=True, interval=wait_ms)
        self._typing.timeout.connect(self._apply)
        self._editor.changed.connect(self._typing.start)
        words = (label(field.title, wrap=True), label(field.help, tone="soft", wrap=True))
        row = ((vertical(*words, spacing=1), 1), (self._editor, MIDDLE))
        self.setLayout(horizontal(*row, margins=(0, 2, 0, 2), spacing=20))
        width = _WIDTHS.get(field.kind, 170)
        is_switch = field.kind is Kind.SWITCH
        self._editor.setFixedWidth(width if is_switch else scaled(width, self))

    def pull(self) -> None:
        """Show the stored value, unless the user is typing."""
        if not self._typing.isActive():
            with QSignalBlocker(self._editor):
                self._editor.set_value(self._in_force())
                self._editor.show_problem("")

    def focus(self) -> None:
        """Focus the editor, which scrolls the page to it."""
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
        area = scroll_area_around(self)
        if area:
            area.ensureWidgetVisible(self)

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


def _card(rows: Iterable[SettingRow]) -> Card:
    """The rows with a line between each two."""
    return Card(*[part for row in rows for part in (separator(), row)][1:])
