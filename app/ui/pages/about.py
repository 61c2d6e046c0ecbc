"""The About page: version, licences, links, shortcuts, where data lies, a text for bug reports."""

from __future__ import annotations

import platform
import sys
from functools import partial
from importlib import metadata
from pathlib import Path

import PySide6
from PySide6.QtCore import QUrl, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.system import paths, version
from app.ui.page_context import PageContext, open_path, open_url
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, icon_button
from app.ui.widgets.card import Card, scroll_page
from app.ui.widgets.flow import bar
from app.ui.widgets.layouts import TOP, grid, vertical
from app.ui.widgets.text import Elided, heading, label

_TEXT = "Lou keeps your MCP servers running, keeps their keys safe, and connects your clients."
_LICENCES = (
    "Lou is free software under the MIT licence. It uses Qt and PySide6 under the LGPL 3; the "
    "other packages are under MIT, BSD, Apache 2.0, and similar licences."
)
_PLACES = (
    ("Settings", "your servers and choices; you may edit it by hand"),
    ("Data", "tracked entries, figures, copies of clients' files"),
    ("Logs", "one file for each server"),
    ("Cache", "may be deleted at any time"),
    ("Keys", "never in a file of Lou's, unless you chose the encrypted one"),
)
SHORTCUTS = (
    ("Ctrl+K", "Find a page, server, tool, client, key, or setting"),
    ("Ctrl+1 ... Ctrl+9", "Open a page by its place in the list"),
    ("Ctrl+,", "Settings"),
    ("F1", "About and help"),
    ("Ctrl+F", "Search on Tracked, Clients, Calls, and Logs"),
    ("Ctrl+C", "Copy the chosen log lines"),
    ("Esc", "Close a dialog or a message"),
    ("Space", "Switch the chosen server or tool"),
    ("Enter", "Run, open, or edit what is chosen"),
    ("Delete", "Delete the chosen entries"),
    ("Ctrl+W", "Close the window; Lou goes on"),
    ("Ctrl+Q", "Quit Lou and its servers"),
)


class AboutPage(QWidget):
    """What Lou is, and what a person needs to report a bug."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        theme, go = context.theme, context.go
        buttons = bar(
            Button(theme, "Copy for a bug report", self._copy, icon="copy"),
            Button(theme, "Check Lou", lambda: go("doctor"), icon="doctor"),
            Button(theme, "Show the welcome", lambda: go("welcome"), icon="welcome"),
            *self._links(),
        )
        column = vertical(label(_TEXT, wrap=True), buttons)
        for title, card in (
            ("Where things are", self._places()),
            ("Shortcuts", _shortcuts()),
            ("Licences", Card(label(_LICENCES, wrap=True, selectable=True))),
        ):
            column.addWidget(heading(title))
            column.addWidget(card)
        column.addStretch()
        head = heading(f"Lou {version.current()}", "title")
        scroll_page(self, head, column, "About Lou")

    def _links(self) -> list[Button]:
        return [
            Button(self._context.theme, words, partial(open_url, QUrl(url)), icon="open")
            for words, url in _project_urls().items()
        ]

    def _places(self) -> Card:
        table = grid(across=14, down=6)
        for row, (title, what) in enumerate(_PLACES):
            place = self._place(title)
            path = Elided(tr(place), middle=True)
            table.addWidget(heading(title, "strong"), row, 0, TOP)
            table.addLayout(vertical(path, label(what, tone="soft", wrap=True), spacing=0), row, 1)
            if title != "Keys":
                opener = partial(open_path, _folder(place))
                button = icon_button(self._context.theme, "folder", f"Open: {title}", opener)
                table.addWidget(button, row, 2, TOP)
        return Card(table)

    def _place(self, title: str) -> str:
        if title == "Keys":
            store = self._context.core.settings.config.settings.key_store
            return "An encrypted file in the data folder" if store == "file" else "Your keyring"
        places = {
            "Settings": paths.config_file(),
            "Data": paths.data_folder(),
            "Logs": paths.log_folder(),
            "Cache": paths.cache_folder(),
        }
        return str(places[title])

    def _copy(self) -> None:
        servers = self._context.core.servers()
        lines = [
            f"Lou {version.current()}",
            f"Python {platform.python_version()}, PySide6 {PySide6.__version__}, Qt {qVersion()}",
            f"{platform.platform()}, {QGuiApplication.platformName()}",
            f"Installed in {Path(sys.prefix)}",
            *(f"{each.name}: {each.state}, {each.tools} tools" for each in servers),
            *(f"{each.name}: {each.trouble.message}" for each in servers if each.trouble),
        ]
        text = self._context.core.redactor("\n".join(lines)).replace(str(Path.home()), "~")
        QGuiApplication.clipboard().setText(text)


def _project_urls() -> dict[str, str]:
    """The project's links by their title, as its package names them."""
    try:
        lines = metadata.metadata("lou").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return {}
    pairs = (line.partition(", ") for line in lines)
    return {title: url for title, _, url in pairs if url.startswith("https://")}


def _shortcuts() -> Card:
    table = grid(across=18, down=4)
    for row, (keys, what) in enumerate(SHORTCUTS):
        table.addWidget(heading(keys, "strong"), row, 0, TOP)
        table.addWidget(label(what, wrap=True), row, 1)
    return Card(table)


def _folder(place: str) -> Path:
    path = Path(place)
    return path.parent if path.suffix else path
