"""The selected server: state, trouble, figures, clients and tools."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import wording
from app.ui.models.lists import tools_model
from app.ui.page_context import PageContext
from app.ui.pages.providers import SERVER, Providers
from app.ui.translation import figure, tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, Strip
from app.ui.widgets.flow import Flow, bar
from app.ui.widgets.layouts import FREE, holder, vertical
from app.ui.widgets.rows import RowList
from app.ui.widgets.sparkline import Sparkline
from app.ui.widgets.switch import Switch
from app.ui.widgets.text import Elided, heading, label, show_text, show_toned, tooltip
from app.ui.widgets.tiles import Tiles
from app.views import ServerView

_FIGURES = ("Up for", "Clients", "Calls today", "Failed", "CPU", "Memory")


class ServerDetail(QWidget):
    """Shows the server given to `show_server`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._server: ServerView | None = None
        self._tools_state: tuple[object, ...] = ()
        """The state that the listed tools depend on; a change makes them be fetched again."""
        self._model = tools_model()
        theme = context.theme
        self._title = Elided()
        self._title.setProperty("rank", "title")
        self._title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._state = label()
        self._switch = Switch(theme, "")
        self._switch.toggled.connect(self._ask)
        self._restart = Button(theme, "Restart", self._go("restart"), icon="restart")
        self._purpose = label(tone="soft", wrap=True)
        self._command = label(tone="soft", wrap=True, selectable=True, name="command")
        self._strip = Strip(theme)
        self._tiles = Tiles(_FIGURES)
        self._line = Sparkline(theme, "Calls in the last five minutes")
        self._tools_title = heading("Tools")
        self._tools_note = label(tone="soft", wrap=True)
        self._tools = RowList(theme, "Tools", self._model, selectable=False)
        self._tools.asked.connect(lambda tool, on: self._ask(on, tool))
        self._connected = label(tone="soft", wrap=True)
        self._own = bar(
            Button(theme, "Edit...", self._go("edit"), icon="edit"),
            Button(theme, "Duplicate...", self._go("copy"), icon="copy"),
            Button(theme, "Remove", self._go("remove"), icon="trash", kind="danger"),
        )
        self._providers = Providers(context)
        self._providers.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        head = Flow(spacing=10)
        head.add(self._title, stretch=True)
        head.break_here()
        for part in (self._state, self._restart, self._switch):
            head.add(part)
        live = Card(label("Calls in the last five minutes", tone="soft"), self._line)
        what = (holder(head), self._purpose, self._command, self._own)
        figures = (self._strip, self._tiles, live, self._connected)
        tools = (self._tools_title, self._tools_note, self._tools, self._providers)
        column = vertical(*what, *figures, 4, *tools, FREE, margins=(20, 4, 0, 20), spacing=12)
        self.setLayout(column)

    def show_server(self, server: ServerView) -> None:
        is_other = self._server is None or self._server.name != server.name
        self._server = server
        state_text = wording.state_text(server)
        self._title.setText(server.title)
        show_toned(self._state, state_text.words, state_text.tone)
        self._switch.setAccessibleName(tr(f"{server.title} on or off"))
        self._switch.show_state(server.wanted)
        is_busy = server.state in ("starting", "stopping") and not _is_silent(server)
        self._restart.setEnabled(server.wanted and not is_busy)
        is_down = server.state in ("failed", "backoff")
        self._restart.setText("Retry" if is_down else "Restart")
        purpose, command = server.purpose, " ".join(server.command)
        is_same = command == purpose
        self._purpose.setText(wording.one_line(purpose))
        self._purpose.setToolTip(tooltip(purpose) if is_same else "")
        self._purpose.setVisible(bool(purpose))
        self._command.setText(wording.one_line(command))
        self._command.setToolTip(tooltip(command))
        self._command.setVisible(not server.embedded and not is_same)
        self._own.setVisible(not server.embedded)
        self._show_trouble(server)
        self._show_figures(server)
        self._show_connected(server)
        if is_other:
            self._model.show_rows(())
            self._tools_state = ()
        self._show_tools(server)
        is_search = server.name == SERVER and server.embedded
        self._providers.setVisible(is_search and server.state == "ready")

    def _show_trouble(self, server: ServerView) -> None:
        trouble = server.trouble
        if trouble is None:
            self._strip.hide()
            return
        action, thing = wording.fix_of(server), trouble.key or server.name
        if not server.embedded and trouble.code == "key_refused":
            action, thing = self._place_of_key(server.name)
        elif action == "logs" and not server.embedded and not _is_silent(server):
            action = "edit"
        self._strip.show_message(
            trouble.message,
            trouble.hint,
            tone="bad" if server.state == "failed" else "warn",
            button=wording.fix(action),
            on_click=lambda: self._context.go(f"{action} {thing}"),
        )

    def _place_of_key(self, name: str) -> tuple[str, str]:
        """Where the key that a server of the user's own sends is changed: the keys, or its form."""
        keys = self._context.core.settings.config.servers[name].references()
        return ("keys", keys[0]) if keys else ("edit", name)

    def _show_figures(self, server: ServerView) -> None:
        is_up = server.started_at is not None and server.pid is not None
        up = wording.duration(time.time() - (server.started_at or 0)) if is_up else "-"
        self._tiles.set_value("Up for", up)
        self._tiles.set_value("Clients", f"{server.clients}")
        failed = server.errors_today
        self._tiles.set_value("Calls today", f"{server.calls_today:,}")
        self._tiles.set_value("Failed", f"{failed:,}", tone="bad" if failed else "")
        self._tiles.set_value("CPU", f"{figure(f'{server.cpu_percent:.1f}')} %" if is_up else "-")
        self._tiles.set_value("Memory", wording.size(server.rss_bytes) if server.rss_bytes else "-")
        calls = self._context.core.metrics.live(server.name, 300)
        self._line.show_values([sum(calls[n : n + 5]) for n in range(0, len(calls), 5)])

    def _show_connected(self, server: ServerView) -> None:
        now = time.time()
        clients = [
            f"{each.client or 'A client'} {each.version}".strip() + f", {wording.ago(each.at, now)}"
            for each in server.connected
        ]
        show_text(self._connected, "Connected: " + "; ".join(clients) if clients else "")

    def _show_tools(self, server: ServerView) -> None:
        tools_state = (server.name, server.state, server.tools, server.disabled_tools)
        if tools_state == self._tools_state:
            return
        self._tools_state = tools_state
        if server.state == "ready":
            self._context.tasks.start(
                self._fetch_tools(server.name),
                on_error=lambda error: show_text(self._tools_note, error.title),
            )
        else:
            self._tools_note.setText("The tools are listed once the server is ready.")
        self._show_tool_count()

    async def _fetch_tools(self, name: str) -> None:
        tools = await self._context.core.tools(name)
        if self._server and self._server.name == name:
            self._model.show_rows(tools)
            self._show_tool_count()

    def _show_tool_count(self) -> None:
        tools = self._model.rows
        on = sum(bool(tool.get("enabled", True)) for tool in tools)
        self._tools_title.setText(f"Tools: {on} of {len(tools)} on" if tools else "Tools")
        self._tools_note.setVisible(not tools)
        self._tools.fit_to_rows()

    def _ask(self, on: bool, tool: str = "") -> None:
        """Switch the server on show, or one of its tools; then show what came of it."""
        if self._server:
            self._context.tasks.start(self._switch_and_show(self._server.name, on, tool))

    async def _switch_and_show(self, server: str, on: bool, tool: str) -> None:
        core = self._context.core
        try:
            await core.enable(server, on, tool)
        finally:
            if self._server and self._server.name == server:
                self.show_server(core.server(server))

    def _go(self, place: str) -> Callable[[], None]:
        """What opens `place` for the server on show."""
        return lambda: self._context.go(f"{place} {self._server.name}") if self._server else None


def _is_silent(server: ServerView) -> bool:
    """Whether it runs and does not answer: its log tells more of that than its settings."""
    is_slow = server.trouble is not None and server.trouble.code == "starting_slowly"
    return server.state == "unhealthy" or (server.state == "starting" and is_slow)
