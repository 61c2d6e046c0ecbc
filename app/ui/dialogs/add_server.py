"""The dialog that adds servers: one from form fields, or several from a pasted configuration."""

from __future__ import annotations

import json
import shlex
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from app.clients.imports import server_import
from app.config import custom_servers
from app.errors import AppError, SettingsError
from app.ui.dialogs.confirm import result_of
from app.ui.dialogs.server_review import confirm_servers
from app.ui.form_fields import Field, FieldError, Kind
from app.ui.page_context import PageContext
from app.ui.theme import fixed_font
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Scrolled
from app.ui.widgets.form import Form
from app.ui.widgets.inputs import MOST_PASTED, TextArea
from app.ui.widgets.text import heading, label

_FIELDS = (
    Field("name", Kind.TEXT, "Name", "1 to 32 of a-z, 0-9, - and _.", required=True),
    Field(
        "run",
        Kind.TEXT,
        "Command or address",
        "What starts it, e.g. npx -y @scope/server, or the https address of a remote one.",
        required=True,
    ),
    Field(
        "env",
        Kind.TEXTS,
        "Environment",
        "NAME=value. Write ${keyring:NAME} as the value to keep it in the keyring.",
    ),
    Field("cwd", Kind.TEXT, "Folder to start in"),
)
_PASTE = (
    "Paste what another client has in its file (JSON, TOML or YAML), or an install link. You see "
    "what it runs before it is added."
)
_HIGHEST = 460
_EXAMPLE = '{"mcpServers": {"github": {"command": "npx", "args": ["-y", "@scope/server"]}}}'


class AddServerDialog(QDialog):
    """Two tabs: fields for one server, and a text area for a pasted configuration."""

    def __init__(self, context: PageContext, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._context = context
        self.setWindowTitle("Add a server")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(540, 480)
        self._form = Form(context.theme, _FIELDS)
        self._form.entered.connect(self._add)
        self._pasted = TextArea()
        self._pasted.refused.connect(self._show_paste_refused)
        self._pasted.setFont(fixed_font())
        self._pasted.setTabChangesFocus(True)
        self._pasted.setPlaceholderText(_EXAMPLE)
        self._pasted.setAccessibleName("Servers as another client has them")
        self._problem = label(tone="bad", wrap=True, name="problem")
        self._tabs = QTabWidget()
        self._tabs.tabBar().setAccessibleName("Ways to add")
        self._lay_out()

    def _lay_out(self) -> None:
        theme = self._context.theme
        one, several = QWidget(), QWidget()
        fields, paste = QVBoxLayout(one), QVBoxLayout(several)
        fields.addWidget(Scrolled(self._form, most=_HIGHEST))
        paste.addWidget(label(_PASTE, tone="soft", wrap=True))
        paste.addWidget(self._pasted, 1)
        self._tabs.addTab(one, "One server")
        self._tabs.addTab(several, "Paste a configuration")
        add = Button(theme, "Add", self._add, kind="main")
        add.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(Button(theme, "Cancel", self.reject))
        buttons.addWidget(add)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 18)
        column.setSpacing(10)
        column.addWidget(heading("Add a server"))
        column.addWidget(self._tabs, 1)
        column.addWidget(self._problem)
        column.addLayout(buttons)

    def _add(self) -> None:
        self._problem.setText("")
        taking = self._context.tasks.start(self._take(), on_error=self._show_error)
        self.finished.connect(lambda _result: taking.cancel())

    async def _take(self) -> None:
        if self._tabs.currentIndex() == 0:
            try:
                values = self._form.values()
            except FieldError:
                return
            is_added = await self._add_one(*entry_of(values))
        else:
            is_added = await self._add_several(self._pasted.toPlainText())
        if is_added:
            self.accept()

    async def _add_one(self, name: str, found: dict[str, Any]) -> bool:
        core = self._context.core
        entry = custom_servers.added(core.settings.config, name, found).servers[name]
        notes = [f"{each}." for each in server_import.left_in_clear(entry)]
        shown = server_import.described(name, entry, notes)
        if not await confirm_servers(self._context.theme, self, [shown]):
            return False
        core.add_server(name, found)
        return True

    async def _add_several(self, text: str) -> bool:
        core = self._context.core
        planned = await core.plan_import(text)
        skipped = [f"Left out {name}: {why}" for name, why in planned.skipped.items()]
        if not planned.entries:
            raise SettingsError("No server was added.", " ".join(skipped))
        moved = [f"Moves into the keyring: {', '.join(planned.secrets)}."]
        rest = " ".join(moved * bool(planned.secrets) + skipped)
        if not await confirm_servers(
            self._context.theme, self, server_import.preview(planned), rest
        ):
            return False
        await core.import_servers(text)
        return True

    def _show_error(self, error: AppError) -> None:
        self._problem.setText(f"{error.title} {error.hint}".strip())

    def _show_paste_refused(self) -> None:
        self._problem.setText(f"This takes {MOST_PASTED:,} characters; nothing was pasted.")


def entry_of(values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the configuration entry from the values of the form.

    Raises:
        SettingsError: the command or the environment cannot be read.
    """
    run = str(values["run"]).strip()
    entry: dict[str, Any] = {"env": dict(_variable(line) for line in values.get("env", ()))}
    if run.startswith(("http://", "https://")):
        entry["url"] = run
    else:
        try:
            entry["command"], *entry["args"] = shlex.split(run)
        except ValueError as error:
            raise SettingsError("The command cannot be read.", f"{error}.") from None
    if values.get("cwd"):
        entry["cwd"] = values["cwd"]
    return str(values["name"]).strip(), entry


def _variable(line: str) -> tuple[str, str]:
    name, sign, value = line.partition("=")
    if not sign or not name.strip():
        text = json.dumps(line[:40], ensure_ascii=False)
        raise SettingsError(f"{text} is not NAME=value.", "Write one variable on each line.")
    return name.strip(), value


async def add_server(context: PageContext, parent: QWidget | None) -> None:
    """Show the dialog and add the servers that the user confirms."""
    await result_of(AddServerDialog(context, parent), lambda: None)
