"""The Servers page: a list with a switch for each server, and the selected one."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.models.lists import ServersModel
from app.ui.page_context import PageContext
from app.ui.pages.server_detail import ServerDetail
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, ScrollArea, indented
from app.ui.widgets.layouts import FREE, holder, horizontal, splitter, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.rows import RowList
from app.ui.widgets.text import heading

_EVERY_MS = 2_000
"""Interval at which figures are refreshed; states and switches are refreshed at once."""


class ServersPage(QWidget):
    """Shows the servers of the core and switches them."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._model = ServersModel(context.core.servers)
        self._list = RowList(context.theme, "Servers", self._model)
        self._list.asked.connect(self._asked)
        self._list.setMinimumWidth(170)
        self._detail = ServerDetail(context)
        self._pause = Button(context.theme, "Pause all", self._pause_clicked, icon="pause")
        add = Button(context.theme, "Add a server...", lambda: context.go("add"), icon="plus")
        self._lay_out(add)
        self._list.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        core = context.core
        self._live = WhileVisible(
            self, self._pull, listen=(core.servers_changed,), every_ms=_EVERY_MS
        )

    def _lay_out(self, add: Button) -> None:
        top = indented(horizontal(heading("Servers", "title"), FREE, add, self._pause))
        left = holder(vertical(self._list, margins=(0, 0, 0, 20)))
        right = ScrollArea(self._detail, "The chosen server")
        parts = splitter(left, right, sizes=(225, 625), grows=1)
        self.setLayout(vertical(top, (parts, 1), margins=(20, 18, 20 - GUTTER, 0), spacing=14))

    def choose(self, name: str) -> None:
        self._model.pull()
        self._list.choose(name)

    def _pull(self) -> None:
        row, name = self._list.currentIndex().row(), self._list.chosen()
        self._model.pull()
        found = self._model.row_of(name)
        if found < 0:  # nothing was selected, or the selected server was removed
            found = self._first() if row < 0 else min(row, self._model.rowCount() - 1)
        if found == self._list.currentIndex().row():
            self._show_chosen()
        elif found >= 0:
            self._list.setCurrentIndex(self._model.index(found))
        is_paused = self._context.core.is_paused
        self._pause.setText("Resume all" if is_paused else "Pause all")
        self._pause.setIconName("run" if is_paused else "pause")

    def _first(self) -> int:
        """The row of the first server with a trouble, or the first row."""
        troubled = [each.name for each in self._context.core.servers() if each.trouble]
        return max(0, self._model.row_of(troubled[0])) if troubled else 0

    def _show_chosen(self) -> None:
        if name := self._list.chosen():
            self._detail.show_server(self._context.core.server(name))

    def _asked(self, name: str, on: bool) -> None:
        async def switch() -> None:
            try:
                await self._context.core.enable(name, on)
            finally:
                self._live.refresh_soon()

        self._context.tasks.start(switch())

    def _pause_clicked(self) -> None:
        core = self._context.core
        self._context.tasks.start(core.resume_all() if core.is_paused else core.pause_all())
