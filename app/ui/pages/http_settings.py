"""HTTP on the Settings page: a switch and a port for each server, the token, the client's entry."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from app.config import http_access
from app.errors import AppError
from app.ui.dialogs.confirm import confirm
from app.ui.form_fields import UNSET, Field, Kind
from app.ui.page_context import PageContext
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, copier
from app.ui.widgets.card import Card, separator
from app.ui.widgets.flow import bar
from app.ui.widgets.form import editor
from app.ui.widgets.layouts import horizontal, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.switch import Switch
from app.ui.widgets.text import label, scaled, show_toned
from servers.contract import manifest
from servers.contract.server_settings import HTTP_TOKEN_KEY

_TEXT = (
    "For clients that take only an address. Each server then listens on this computer alone, and "
    "refuses whoever does not send the token. Web pages are refused, too, but those you allow here."
)
_ORIGINS = Field(
    "allowed_origins",
    Kind.TEXTS,
    "Allowed web pages",
    "Their origins, such as https://app.example. They need the token, too.",
)
_TYPING_MS = 800
_WRITING_MS = 1_500
_TOKEN_BYTES = 32


class HttpSettings(Card):
    """One row for each server that comes with Lou, then the token."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._token = ""
        """The token that was just made, until the page is left; otherwise only in the vault."""
        theme = context.theme
        self._rows = [
            HttpRow(context, each.name, each.title, self._made) for each in manifest.SERVERS
        ]
        self._state = label(wrap=True, selectable=True, name="token")
        self._new = Button(theme, "", context.starter(self._renew), icon="restart")
        self._copy = Button(theme, "Copy the token", copier(lambda: self._token), icon="copy")
        entry = copier(lambda: http_access.client_entry(context.core.settings.config, self._token))
        self._entry = Button(theme, "Copy the entry for a client", entry, icon="copy")
        self.inside.addWidget(label(_TEXT, tone="soft", wrap=True))
        for row in self._rows:
            self.inside.addWidget(separator())
            self.inside.addWidget(row)
        self.inside.addWidget(separator())
        self.inside.addWidget(self._state)
        self.inside.addWidget(bar(self._new, self._copy, self._entry))
        core = context.core
        changes = (core.settings.changed, core.keys_changed, core.servers_changed)
        WhileVisible(self, self._pull, listen=changes)

    def _pull(self) -> None:
        for row in self._rows:
            row.pull()
        has_token = HTTP_TOKEN_KEY in self._context.core.vault.names()
        config = self._context.core.settings.config
        is_on = any(http_access.access(config, each.name).is_on for each in manifest.SERVERS)
        if self._token:
            text = f"The token, shown this once: {self._token}"
        elif has_token:
            text = "The token is in your keyring. It is not shown again; make a new one to see it."
        else:
            text = "A token is made when you switch the first server on."
        self._state.setText(text)
        self._new.setText("Make a new token..." if has_token else "Make a token")
        self._copy.setVisible(bool(self._token))
        self._entry.setVisible(is_on)

    async def _made(self) -> None:
        """Make a token unless there is one."""
        if HTTP_TOKEN_KEY not in self._context.core.vault.names():
            await self._make()

    async def _make(self) -> None:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        await self._context.core.set_key(HTTP_TOKEN_KEY, token)
        self._token = token
        self._pull()

    async def _renew(self) -> None:
        core = self._context.core
        if HTTP_TOKEN_KEY in core.vault.names():
            text = "Clients with the present one are refused until they get the new one."
            title = "Make a new token?"
            if not await confirm(
                self._context.theme, self.window(), title, text, yes="Make a new one"
            ):
                return
        await self._make()
        for each in manifest.SERVERS:
            if http_access.access(core.settings.config, each.name).is_on:
                await core.restart(each.name)


class HttpRow(QWidget):
    """One server: its address, its port, and its switch."""

    def __init__(
        self, context: PageContext, server: str, title: str, prepare: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._context = context
        self.server = server
        self._prepare = prepare
        self._has_refused = False
        """Whether the box holds what cannot be saved."""
        self._address = label(tone="soft", wrap=True, selectable=True)
        self._port = QSpinBox()
        self._port.setRange(1024, 65_535)
        self._port.setAccessibleName(tr(f"Port of {title}"))
        self._port.setFixedWidth(scaled(92, self))
        self._port.lineEdit().setTextMargins(9, 0, 9, 0)  # where other fields begin
        self._port.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._port.valueChanged.connect(lambda _value: self._typing.start())
        self._typing.timeout.connect(self._apply)
        self._switch = Switch(context.theme, f"HTTP for {title}")
        self._switch.toggled.connect(lambda _on: self._apply())
        self._origins = editor(context.theme, _ORIGINS)
        self._origins.setAccessibleName(tr(f"Allowed web pages of {title}"))
        self._writing = QTimer(self, singleShot=True, interval=_WRITING_MS)
        self._origins.changed.connect(self._writing.start)
        self._writing.timeout.connect(self._allow)
        words = vertical(label(title), self._address, spacing=1)
        row = horizontal((words, 1), self._port, self._switch, spacing=12)
        self.setLayout(vertical(row, self._origins, margins=(0, 2, 0, 2), spacing=8))

    def pull(self) -> None:
        """Show what is in force, unless a port is being typed."""
        if self._typing.isActive() or self._writing.isActive():
            return
        found = http_access.access(self._context.core.settings.config, self.server)
        with QSignalBlocker(self._port):
            self._port.setValue(found.port)
        self._switch.show_state(found.is_on)
        trouble = self._context.core.server(self.server).trouble
        if found.is_on and trouble is not None and trouble.code.startswith("http_"):
            words, tone = str(trouble), "bad"
        else:
            words, tone = found.url if found.is_on else "Off", "soft"
        show_toned(self._address, words, tone)
        self._origins.setVisible(found.is_on)
        if not self._has_refused:
            with QSignalBlocker(self._origins):
                self._origins.set_value(found.origins)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._writing.isActive():  # the page closes: what was written last counts
            self._writing.stop()
            self._allow()

    def _allow(self) -> None:
        """Save the allowed origins; what is none is told below them and stays to be mended."""
        core, written = self._context.core, self._origins.value()
        before = http_access.access(core.settings.config, self.server)
        self._has_refused = True
        try:
            core.settings.update(
                lambda config: http_access.with_origins(
                    config, self.server, [] if written is UNSET else written
                )
            )
        except AppError as refused:
            self._origins.show_problem(tr(str(refused)))
            return
        self._has_refused = False
        self._origins.show_problem("")
        after = http_access.access(core.settings.config, self.server)
        if after != before and after.is_on:
            self._context.tasks.start(core.restart(self.server))

    def _apply(self) -> None:
        self._typing.stop()
        self._context.tasks.start(self._save(self._switch.isChecked(), self._port.value()))

    async def _save(self, on: bool, port: int) -> None:
        core = self._context.core
        before = http_access.access(core.settings.config, self.server)
        try:
            if on:
                await self._prepare()
            core.settings.update(
                lambda config: http_access.switched(config, self.server, on=on, port=port)
            )
        finally:
            self.pull()
        after = http_access.access(core.settings.config, self.server)
        if after != before and (before.is_on or after.is_on):
            await core.restart(self.server)
