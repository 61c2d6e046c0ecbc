"""The Logs page: a filter, a live table of lines, and the selected line in full."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.ui.models.log_feed import MOST_AT_ONCE, LogFeed
from app.ui.models.logs import LogsModel
from app.ui.page_context import PageContext, open_path
from app.ui.pages.filters import LogFilter
from app.ui.pages.log_detail import LogDetail
from app.ui.pages.log_saving import LogSaving
from app.ui.pages.log_table import LogTable
from app.ui.widgets.buttons import Button, icon_button
from app.ui.widgets.card import Empty
from app.ui.widgets.layouts import FREE, horizontal, splitter, stacked, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading

_PULL_MS = 100
_ENOUGH = 60
"""Rows that fill a screen; older lines are read until there are as many."""


class LogsPage(QWidget):
    """Reads new lines from the logbook while it is visible."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self.feed = LogFeed(context.core.logbook)
        self._model = LogsModel(context.theme)
        self._request = 0
        self.is_loading = False
        self._filter = LogFilter()
        self._table = LogTable(self._model)
        self._detail = LogDetail(context)
        self._saving = LogSaving(context)
        self._empty = Empty(context.theme, "logs", "", "")
        self._follow = Button(context.theme, "Follow", icon="down")
        self._pause = Button(context.theme, "Pause", icon="pause")
        for part, on in ((self._follow, True), (self._pause, False)):
            part.setCheckable(True)
            part.setChecked(on)
        self._lay_out()
        self._filter.changed.connect(self._reload)
        self._follow.clicked.connect(self._table.follow)
        self._table.following_changed.connect(self._follow.setChecked)
        self._table.near_top.connect(self._request_older)
        self._table.selectionModel().currentRowChanged.connect(self._row_chosen)
        QShortcut(QKeySequence.StandardKey.Find, self, self._filter.focus_text)
        WhileVisible(self, self._pull, every_ms=_PULL_MS)

    def choose(self, name: str) -> None:
        """Filter by the server called `name`."""
        self._filter.fill_servers(self._context.core.logbook.servers())
        self._filter.choose(name)

    def _lay_out(self) -> None:
        theme, folder = self._context.theme, self._context.core.logbook.folder
        buttons = (
            icon_button(theme, "copy", "Copy the chosen lines", self._table.copy, keys="Ctrl+C"),
            icon_button(theme, "save", "Save these lines to a file", self._save),
            icon_button(theme, "folder", "Open the log folder", lambda: open_path(folder)),
        )
        top = horizontal(heading("Logs", "title"), FREE, *buttons, spacing=4)
        self._filter.row.break_here()
        self._filter.row.add(self._follow)
        self._filter.row.add(self._pause)
        self._holder = stacked(self._table, self._empty)
        parts = splitter(self._holder, self._detail, sizes=(500, 160), grows=0, is_vertical=True)
        column = (top, self._filter, self._saving, (parts, 1))
        self.setLayout(vertical(*column, margins=(20, 18, 20, 20), spacing=12))

    def _pull(self) -> None:
        self._filter.fill_servers(self._context.core.logbook.servers())
        if self._pause.isChecked() or self.is_loading:
            return
        if not self._request or self.feed.missed > MOST_AT_ONCE:
            self._reload()
        elif self.feed.missed:
            self._table.append(self.feed.new())
            self._update_view()

    def _reload(self) -> None:
        self._request += 1
        self.is_loading = True
        self._context.tasks.start(self._load(self._request))

    async def _load(self, request: int) -> None:
        lines = await self.feed.begin(self._filter.wanted())
        if request != self._request:
            return
        self._table.show_lines(lines)
        self.is_loading = False
        self._update_view()
        found = len(lines)
        while (
            found < _ENOUGH
            and self.feed.has_older
            and request == self._request
            and self.isVisible()
        ):
            found += await self._load_older(request)

    def _request_older(self) -> None:
        if self.feed.has_older and not self.is_loading:
            self.is_loading = True
            self._context.tasks.start(self._load_older(self._request))

    async def _load_older(self, request: int) -> int:
        lines = await self.feed.older()
        if request != self._request:
            return 0
        self.is_loading = False
        self._table.prepend(lines)
        self._update_view()
        return len(lines)

    def _update_view(self) -> None:
        has_lines = self._model.rowCount() > 0
        self._holder.setCurrentIndex(0 if has_lines else 1)
        if has_lines:
            return
        if self.feed.has_older:
            self._empty.set_text("Looking...", "Older lines are being searched.")
        elif self._filter.is_narrow():
            self._empty.set_text("No line matches", "Choose another level or another text.")
        else:
            self._empty.set_text(
                "No lines yet", "What the servers say appears here as they say it."
            )

    def _row_chosen(self, current: QModelIndex) -> None:
        if current.isValid():
            self._detail.show_line(self._model.rows[current.row()])

    def _save(self) -> None:
        self._saving.ask(self._filter.wanted())
