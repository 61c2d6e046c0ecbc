"""The dialog for servers of one's own: add one, or several from a text; change and copy one.

In: the entry to begin with. Out: changes of config.json, after the person agreed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shlex
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QTabWidget, QWidget
from shiboken6 import isValid

from app.clients.imports import server_import
from app.config import custom_servers
from app.config.config_model import ServerEntry
from app.errors import AppError, SettingsError
from app.ui.dialogs.confirm import MARGINS, FittedDialog, confirm, result_of
from app.ui.dialogs.server_review import confirm_servers
from app.ui.form_fields import Field, FieldError, Kind
from app.ui.page_context import PageContext
from app.ui.pages.client_actions import ClientActions
from app.ui.setting_choices import field_of
from app.ui.theme import fixed_font
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, Scrolled, indented
from app.ui.widgets.flow import bar
from app.ui.widgets.form import Form
from app.ui.widgets.inputs import PASTE_REFUSED, TextArea
from app.ui.widgets.layouts import holder, vertical
from app.ui.widgets.text import heading, label, show_toned
from app.ui.wording import counted
from servers.contract.server_settings import SESSIONS

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
    Field("headers", Kind.TEXTS, "Headers", "Name: value, for an address. Keys as above."),
    Field("cwd", Kind.TEXT, "Folder to start in"),
    Field(
        "required_tools",
        Kind.TEXTS,
        "Tools that must be there",
        "The server counts as ready only once it lists these.",
    ),
    field_of(SESSIONS),
)
_PASTE = (
    "Paste what another client has in its file (JSON, TOML or YAML), or an install link. You see "
    "what it runs before it is added."
)
_HIGHEST = 460
_EXAMPLE = '{"mcpServers": {"github": {"command": "npx", "args": ["-y", "@scope/server"]}}}'
_MOST_NAMED = 8


class ServerDialog(FittedDialog):
    """The fields of one server. `name` is the one to change; empty to add one.

    When adding there is a second way: a text area for a pasted configuration.
    """

    def __init__(
        self,
        context: PageContext,
        parent: QWidget | None,
        name: str = "",
        values: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(parent, f"Edit {name}" if name else "Add a server")
        self._context = context
        self._name = name
        self._testing: asyncio.Task[Any] | None = None
        self.added: tuple[str, ...] = ()
        """The names of the servers that were added or changed."""
        self.setMinimumSize(540, 400)
        self._form = Form(context.theme, _FIELDS)
        self._form.set_values(values or {})
        self._form.changed.connect(lambda: self._say(""))
        self._pasted = TextArea()
        self._pasted.refused.connect(lambda: self._say(PASTE_REFUSED))
        self._pasted.setFont(fixed_font())
        self._pasted.setTabChangesFocus(True)
        self._pasted.setPlaceholderText(tr(_EXAMPLE))
        self._pasted.setAccessibleName(tr("Servers as another client has them"))
        self._problem = label(tone="bad", wrap=True, selectable=True, name="problem")
        self._tabs = QTabWidget()
        self._tabs.tabBar().setAccessibleName(tr("Ways to add"))
        self._test = Button(context.theme, "Test", self._test_clicked, icon="run")
        self._use_key = Button(context.theme, "Use a key...", self._offer_keys, icon="keys")
        self._lay_out()

    def _lay_out(self) -> None:
        theme = self._context.theme
        fields = Scrolled(self._form, most=_HIGHEST)
        tries = indented(bar(self._use_key, self._test))
        one = holder(vertical(fields, tries, margins=(0, 6, 0, 0)))
        words = label(_PASTE, tone="soft", wrap=True)
        several = holder(vertical(words, (self._pasted, 1), margins=(0, 6, GUTTER, 0)))
        if not self._name:
            self._tabs.addTab(one, tr("One server"))
            self._tabs.addTab(several, tr("Paste a configuration"))
        add = Button(theme, "Save" if self._name else "Add", self._add, kind="main")
        cancel = Button(theme, "Cancel", self.reject)
        over = Button(theme, "From a client...", self._from_client, icon="clients", kind="quiet")
        over.setVisible(not self._name)
        ways = one if self._name else self._tabs
        foot = bar(over, right=(cancel, add))
        column = (heading(self.windowTitle()), (ways, 1), indented(self._problem), indented(foot))
        self.setLayout(vertical(*column, margins=MARGINS, spacing=10))
        self.resize(580, 580)

    def _from_client(self) -> None:
        self.reject()
        self._context.go("takeover")

    def _offer_keys(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key in self._context.core.key_service.views():
            state = "" if key.is_set else " (not set)"
            menu.addAction(tr(f"{key.name}{state}"), partial(self._insert_key, key.name))
        menu.addSeparator()
        menu.addAction(tr("Another name"), partial(self._insert_key, "MY_KEY"))
        menu.popup(self._use_key.mapToGlobal(self._use_key.rect().bottomLeft()))

    def _insert_key(self, key: str) -> None:
        """Add a line with the key: a variable, or a header where the form has an address."""
        values = self._form.typed()
        is_web = str(values.get("run", "")).strip().startswith(("http://", "https://"))
        field = "headers" if is_web else "env"
        line = (
            f"Authorization: Bearer ${{keyring:{key}}}" if is_web else f"{key}=${{keyring:{key}}}"
        )
        self._form.set_values({**values, field: [*values.get(field, ()), line]})

    def _test_clicked(self) -> None:
        if self._testing:
            self._testing.cancel()
            return
        try:
            name, entry = entry_of(self._form.values())
        except FieldError:
            return
        except SettingsError as refused:
            self._show_error(refused)
            return
        self._test.setText("Stop")
        self._say("Starting it once...", "soft")
        work = self._try(name, entry)
        self._testing = self._context.tasks.start(work, on_error=self._show_error)
        self._testing.add_done_callback(self._tested)
        self.finished.connect(lambda _result, task=self._testing: task.cancel())

    async def _try(self, name: str, entry: dict[str, Any]) -> None:
        tools = [str(tool["name"]) for tool in await self._context.core.try_server(name, entry)]
        more = f" and {len(tools) - _MOST_NAMED} more" if len(tools) > _MOST_NAMED else ""
        named = f": {', '.join(tools[:_MOST_NAMED])}{more}" if tools else ""
        count = counted(len(tools), "tool")
        self._say(f"It works and has {count}{named}.", "good")

    def _tested(self, task: asyncio.Task[Any]) -> None:
        self._testing = None
        if isValid(self._test):
            self._test.setText("Test")
            if task.cancelled():
                self._say("Stopped.", "soft")

    def _add(self) -> None:
        self._say("")
        taking = self._context.tasks.start(self._take(), on_error=self._show_error)
        self.finished.connect(lambda _result: taking.cancel())

    async def _take(self) -> None:
        if self._name or self._tabs.currentIndex() == 0:
            try:
                values = self._form.values()
            except FieldError:
                return
            await self._save_one(*entry_of(values), self._own_changes(values))
        else:
            await self._add_several(self._pasted.toPlainText())
        if self.added:
            self.accept()

    def _own_changes(self, values: dict[str, Any]) -> dict[str, Any]:
        name, default = SESSIONS.path, SESSIONS.default
        before = self._context.core.settings.config.settings.of(self._name).get(name, default)
        return {name: values[name]} if values[name] != before else {}

    async def _save_one(self, name: str, found: dict[str, Any], settings: dict[str, Any]) -> None:
        core = self._context.core
        if self._name:
            core.edit_server(self._name, name, found, settings)
            self.added = (name,)
            return
        entry = custom_servers.added(core.settings.config, name, found).servers[name]
        notes = [f"{each}." for each in server_import.left_in_clear(entry)]
        shown = server_import.described(name, entry, notes)
        if await confirm_servers(self._context.theme, self, [shown]):
            core.add_server(name, found, settings)
            self.added = (name,)

    async def _add_several(self, text: str) -> None:
        core = self._context.core
        planned = await core.plan_import(text)
        skipped = [f"Left out {name}: {why}" for name, why in planned.skipped.items()]
        if not planned.entries:
            raise SettingsError("No server was added.", " ".join(skipped))
        moved = [f"Moves into the keyring: {', '.join(planned.secrets)}."]
        rest = " ".join(moved * bool(planned.secrets) + skipped)
        if await confirm_servers(self._context.theme, self, server_import.preview(planned), rest):
            await core.import_servers(text)
            self.added = tuple(planned.entries)

    def _show_error(self, error: AppError) -> None:
        self._say(str(error))

    def _say(self, words: str, tone: str = "bad") -> None:
        show_toned(self._problem, words, tone)


def entry_of(values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the entry in the values of the form; raises SettingsError if it has none."""
    run = str(values["run"]).strip()
    entry: dict[str, Any] = {
        "env": dict(_variable(line, "=") for line in values.get("env", ())),
        "headers": dict(_variable(line, ":") for line in values.get("headers", ())),
        "requiredTools": list(values.get("required_tools", ())),
    }
    if run.startswith(("http://", "https://")):
        entry["url"] = run
    else:
        try:
            entry["command"], *entry["args"] = _words(run)
        except ValueError as error:
            raise SettingsError("The command cannot be read.", f"{error}.") from None
    if values.get("cwd"):
        entry["cwd"] = values["cwd"]
    return str(values["name"]).strip(), entry


def values_of(name: str, entry: ServerEntry, own: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the form for an entry and its `own` settings; the inverse of `entry_of`."""
    run = entry.url or _joined([entry.command, *entry.args])
    return {
        "name": name,
        "run": run,
        "env": [f"{key}={text}" for key, text in entry.env.items()],
        "headers": [f"{key}: {text}" for key, text in entry.headers.items()],
        "cwd": entry.cwd,
        "required_tools": list(entry.required_tools),
        SESSIONS.path: own.get(SESSIONS.path, SESSIONS.default),
    }


def _words(run: str) -> list[str]:
    """The words of a command line; a backslash is a part of a path on Windows."""
    return shlex.split(run.replace("\\", "\\\\") if sys.platform == "win32" else run)


def _joined(words: list[str]) -> str:
    if sys.platform == "win32":
        return " ".join(f'"{word}"' if " " in word or not word else word for word in words)
    return shlex.join(words)


def _variable(line: str, sign: str) -> tuple[str, str]:
    name, found, value = line.partition(sign)
    if not found or not name.strip():
        text = json.dumps(line[:40], ensure_ascii=False)
        shape = "NAME=value" if sign == "=" else "Name: value"
        raise SettingsError(f"{text} is not {shape}.", "Write one on each line.")
    return name.strip(), value.strip() if sign == ":" else value


async def copy_server(context: PageContext, parent: QWidget | None, name: str) -> None:
    """As `add_server`, beginning with the entry of the server called `name`."""
    config = context.core.settings.config
    entry, own = config.servers[name], config.settings.of(name)
    await _add(context, parent, values_of(_free_name(name, config.servers), entry, own))


async def add_server(context: PageContext, parent: QWidget | None, _thing: str = "") -> None:
    """Show the dialog and add the servers that the user confirms."""
    await _add(context, parent, None)


async def _add(context: PageContext, parent: QWidget | None, values: dict[str, Any] | None) -> None:
    dialog = ServerDialog(context, parent, values=values)
    added = await result_of(dialog, lambda: dialog.added)
    if added:
        offer_to_clients(context, parent, f"{' and '.join(added)} added.", added)


async def edit_server(context: PageContext, parent: QWidget | None, name: str) -> None:
    """Show the dialog for the server called `name`, and save what the user changes."""
    config = context.core.settings.config
    values = values_of(name, config.servers[name], config.settings.of(name))
    dialog = ServerDialog(context, parent, name, values)
    saved = await result_of(dialog, lambda: dialog.added)
    if saved and saved[0] != name:
        offer_to_clients(context, parent, f"{name} is called {saved[0]} now.", saved)
    elif saved:
        context.go(f"servers {name}")


async def remove_server(context: PageContext, parent: QWidget | None, name: str) -> None:
    """Remove the server when the user agrees, and offer to undo it."""
    core = context.core
    title = f"Remove the server {name}?"
    text = "It is stopped and forgotten. Its keys stay until you remove them."
    if not await confirm(context.theme, parent, title, text, yes="Remove"):
        return
    entry, own = core.settings.config.servers[name], core.settings.config.settings.of(name)
    await core.remove_server(name)

    def undo() -> None:
        core.settings.update(lambda config: config.with_server(name, entry).with_own(name, own))
        context.go(f"servers {name}")

    context.offer(f"{name} was removed.", "", "Undo", undo)


def offer_to_clients(
    context: PageContext, parent: QWidget | None, done: str, names: tuple[str, ...]
) -> None:
    """Tell what was `done`, and ask once whether the connected clients should get `names`."""
    context.go(f"servers {names[0]}")
    connected = [view for view in context.core.clients.views() if view.wanted]
    clients = " and ".join(view.name for view in connected)
    which = "it" if len(names) == 1 else "them"
    text = f"Add {which} to {clients} too?" if connected else ""

    def add() -> None:
        if parent is not None:
            ClientActions(context, parent).connect_all([view.id for view in connected])

    context.offer(done, text, "Add..." if connected else "", add)


def _free_name(name: str, taken: Mapping[str, ServerEntry]) -> str:
    names = (f"{name[:28]}-{number}" for number in itertools.count(2))
    return next(each for each in names if each not in taken)
