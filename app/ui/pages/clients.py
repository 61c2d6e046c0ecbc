"""The Clients page: a list of known clients and the selected one."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui import client_wording
from app.ui.models.lists import ClientsModel
from app.ui.page_context import PageContext
from app.ui.pages.client_actions import ClientActions
from app.ui.pages.client_detail import ClientDetail
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, Empty, ScrollArea, indented
from app.ui.widgets.layouts import FREE, holder, horizontal, splitter, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.rows import RowList
from app.ui.widgets.text import heading

_EVERY_MS = 5_000
"""Interval at which the files are read while the page is visible."""


class ClientsPage(QWidget):
    """Shows the clients of the core; refreshes when shown and every few seconds."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._actions = ClientActions(context, self)
        self._model = ClientsModel()
        self._list = RowList(context.theme, "Clients", self._model)
        self._list.setMinimumWidth(180)
        self._detail = ClientDetail(context)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(tr("Filter"))
        self._filter.setAccessibleName(tr("Filter the clients"))
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(lambda _text: self._pull())
        self._none = Empty(context.theme, "find", "Nothing is called that", "Try another word.")
        self._fold = Button(context.theme, "", self._toggle_fold, kind="quiet")
        self._is_folded = True
        self._again = Button(context.theme, "Look again", self._look, icon="restart")
        self._lay_out()
        self._list.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        QShortcut(QKeySequence.StandardKey.Find, self, self._filter.setFocus)
        WhileVisible(self, self._pull, listen=(self._actions.clients.changed,))
        WhileVisible(self, self._look, every_ms=_EVERY_MS)

    def choose(self, name: str) -> None:
        views = self._actions.clients.views()
        self._is_folded = self._is_folded and any(
            client_wording.is_here(view) for view in views if view.id == name
        )
        self._filter.clear()
        self._pull()
        self._list.choose(name)

    def _lay_out(self) -> None:
        top = indented(horizontal(heading("Clients", "title"), FREE, self._again))
        choice = (self._filter, (self._list, 1), (self._none, 1), self._fold)
        left = holder(vertical(*choice, margins=(0, 0, 0, 20), spacing=8))
        right = ScrollArea(self._detail, "The chosen client")
        parts = splitter(left, right, sizes=(230, 620), grows=1)
        self.setLayout(vertical(top, (parts, 1), margins=(20, 18, 20 - GUTTER, 0), spacing=14))

    def _look(self) -> None:
        self._context.tasks.start(self._actions.clients.refresh())

    def _pull(self) -> None:
        chosen = self._list.chosen()
        views = self._actions.clients.views()
        absent = sum(not client_wording.is_here(view) for view in views)
        if absent == len(views):
            self._is_folded = False
        self._model.show_clients(views, self._filter.text(), folded=self._is_folded)
        what = f"Show {absent} not found here" if self._is_folded else "Show only those found"
        self._fold.setText(what)
        self._fold.setVisible(0 < absent < len(views) and not self._filter.text().strip())
        self._list.setVisible(self._model.rowCount() > 0)
        self._none.setVisible(self._model.rowCount() == 0)
        if not self._list.choose(chosen):
            self._list.setCurrentIndex(self._model.index(0))
        self._show_chosen()

    def _toggle_fold(self) -> None:
        self._is_folded = not self._is_folded
        self._pull()

    def _show_chosen(self) -> None:
        if chosen := self._list.chosen():
            self._detail.show_client(self._actions.clients.view(chosen))
