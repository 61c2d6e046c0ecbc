"""The tray icon and its menu. The menu is rebuilt from the core each time it opens.

Titles of tools are cached, because servers do not list tools that are switched off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.ui import icons, mac_application, wording
from app.ui.page_context import PageContext
from app.ui.theme import Theme
from app.ui.translation import tr

if TYPE_CHECKING:
    from app.views import ServerView

CLAUDE = "claude-desktop"
_SHADES = ("light", "dark")
_MOST_TOOLS, _MOST_SERVERS = 12, 8
"""A longer menu does not fit a screen; the window shows the rest instead."""
_LOOK_AGAIN_S = 2.0
"""Interval of the check for a tray; some desktops start it after the programs of the session."""


class Tray(QObject):
    """Shows the overall state from the start; the menu works once `attach` was called."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._context: PageContext | None = None
        self._overall = wording.Overall.BUSY
        self._drawn = ""
        self._rows: dict[str, QAction] = {}
        self._titles: dict[str, dict[str, str]] = {}
        self._menu = QMenu()
        self._menu.aboutToShow.connect(self._rebuild)
        self.icon = QSystemTrayIcon()
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._activated)
        theme.changed.connect(self._draw)
        self._draw()
        self.icon.setToolTip(tr("Lou is starting"))
        self._show_icon()

    @property
    def is_there(self) -> bool:
        """Whether this desktop shows tray icons."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def attach(self, context: PageContext) -> None:
        """Show the state of the core of `context` and offer its actions."""
        self._context = context
        context.core.heartbeat.every(_LOOK_AGAIN_S, self._show_icon)
        context.core.servers_changed.subscribe(self._changed)
        context.core.lasting_changed.subscribe(self._changed)
        context.core.settings.changed.subscribe(lambda _config: self._draw())
        self._changed()

    def close(self) -> None:
        self.icon.hide()

    def _show_icon(self) -> None:
        if not self.icon.isVisible() and self.is_there:
            self.icon.show()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        opening = (
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        )
        if self._context and reason in opening and not mac_application.shows_menu_on_click():
            self._context.go("window")

    def _changed(self, _server: str = "") -> None:
        if not self._context:
            return
        servers = self._context.core.servers()
        lasting = self._context.core.lasting()
        self._overall = wording.Overall.ATTENTION if lasting else wording.overall(servers)
        text = " ".join([f"{wording.summary(servers)}.", *(each.title for each in lasting)])
        tip = tr(f"Lou: {text}" if lasting else f"Lou: {wording.summary(servers)}")
        if tip != self.icon.toolTip():  # the desktop would be told, and answer
            self.icon.setToolTip(tip)
        self._draw()
        if self._menu.isVisible():
            self._show_states(servers)

    def _draw(self) -> None:
        chosen = self._context.core.settings.config.settings.tray_icon if self._context else ""
        dark = chosen == "light" if chosen in _SHADES else self._theme.panel_is_dark()
        drawn = f"{self._overall.value} {dark}"
        if drawn != self._drawn:
            self._drawn = drawn
            self.icon.setIcon(icons.tray_icon(self._overall.value, dark_panel=dark))

    def _rebuild(self) -> None:
        self._theme.style_widgets()
        self._menu.clear()
        self._rows.clear()
        context = self._context
        if context is None:
            self._menu.addAction(tr("Lou is starting...")).setEnabled(False)
            return
        servers = context.core.servers()
        for notice in context.core.lasting():
            self._add(wording.menu_text(notice.title, 60), "window")
        first = sorted(servers, key=lambda server: not server.wanted)[:_MOST_SERVERS]
        for server in servers:
            if server in first:
                self._add_server(context, server)
        if left := len(servers) - len(first):
            self._add("1 more server..." if left == 1 else f"{left} more servers...", "servers")
        self._menu.addSeparator()
        self._add(*_connect_entry(context))
        self._add("Keys...", "keys")
        self._add("Open Lou", "window")
        self._menu.addSeparator()
        is_paused = context.core.is_paused
        pause = self._menu.addAction(tr("Resume all" if is_paused else "Pause all"))
        work = context.core.resume_all if is_paused else context.core.pause_all
        pause.triggered.connect(lambda: context.tasks.start(work()))
        self._add("Quit", "quit")
        self._show_states(servers)

    def _add(self, words: str, place: str) -> None:
        assert self._context
        go = self._context.go
        self._menu.addAction(tr(words)).triggered.connect(lambda: go(place))

    def _add_server(self, context: PageContext, server: ServerView) -> None:
        row = self._menu.addAction("")
        row.setCheckable(True)
        row.triggered.connect(lambda on: context.tasks.start(context.core.enable(server.name, on)))
        self._rows[server.name] = row
        names = self._tool_titles(context, server.name)
        if len(names) > _MOST_TOOLS:
            title = wording.menu_text(server.title, 40)
            self._add(f"{len(names)} tools of {title}...", f"servers {server.name}")
            return
        tools = QMenu(tr(f"Tools of {wording.menu_text(server.title, 40)}"), self._menu)
        tools.aboutToShow.connect(lambda: self._fill_tools(context, server.name, tools))
        self._menu.addMenu(tools)
        self._fill_tools(context, server.name, tools)

    def _show_states(self, servers: tuple[ServerView, ...]) -> None:
        for server in servers:
            row = self._rows.get(server.name)
            if row:
                title = wording.menu_text(server.title, 40)
                row.setText(tr(f"{title}: {wording.state_text(server).words.lower()}"))
                row.setChecked(server.wanted)

    def _tool_titles(self, context: PageContext, server: str) -> dict[str, str]:
        """The titles of all tools by name; a server lists only tools that are on."""
        titles = self._titles.setdefault(server, {})
        for name in context.core.server(server).disabled_tools:
            titles.setdefault(name, "")
        for tool in context.core.remembered_tools(server):
            titles[str(tool["name"])] = str(tool.get("title") or "")
        return titles

    def _fill_tools(self, context: PageContext, server: str, menu: QMenu) -> None:
        menu.clear()
        off = context.core.server(server).disabled_tools
        titles = self._tool_titles(context, server)
        for name, title in sorted(titles.items(), key=_natural):
            row = menu.addAction(wording.menu_text(title or wording.words(name)))
            row.setCheckable(True)
            row.setChecked(name not in off)
            row.triggered.connect(
                lambda on, tool=name: context.tasks.start(context.core.enable(server, on, tool))
            )
        if not titles:
            menu.addAction(tr("Listed once the server was ready")).setEnabled(False)


def _natural(tool: tuple[str, str]) -> list[tuple[int, str]]:
    """A key that sorts tool 2 before tool 10."""
    parts = re.findall(r"\d+|\D+", (tool[1] or tool[0]).casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _connect_entry(context: PageContext) -> tuple[str, str]:
    """The menu entry for Claude Desktop, or for all clients when that is connected."""
    for view in context.core.clients.views():
        if view.id == CLAUDE and not view.wanted:
            return f"Connect {view.name}...", f"clients {CLAUDE}"
    return "Connect a client...", "clients"
