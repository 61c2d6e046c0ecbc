"""The Calls page: a filter, a table of what clients called, and the chosen call in full."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QWidget

from app.calls.call_store import CallPage
from app.calls.kept_call import KeptCall
from app.ui.dialogs.confirm import confirm
from app.ui.models.calls import (
    CLIENT,
    MOST_ROWS,
    OUTCOME,
    SERVER,
    SIZE,
    TIME,
    TOOK,
    TOOL,
    CallsModel,
)
from app.ui.page_context import PageContext
from app.ui.pages.call_detail import CallView
from app.ui.pages.filters import CallFilter
from app.ui.widgets.buttons import icon_button
from app.ui.widgets.card import Empty
from app.ui.widgets.layouts import FREE, horizontal, splitter, stacked, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.row_table import RowTable
from app.ui.widgets.text import heading

_PAGE = 200
_ENOUGH = 60
"""Rows that fill a screen; a search goes on until there are as many."""
_BUDGET_S = 0.1
_SAMPLES = (
    *((TIME, "00-00 00:00"), (CLIENT, "claude-ai-client"), (SERVER, "tracker-two")),
    *((OUTCOME, "Took too long"), (TOOK, "1000 ms"), (SIZE, "1000 KB")),
)
_LEAST_TOOL = "track_url_email__"
_FIRST_HIDDEN = (SIZE, SERVER, TOOK)
"""The columns that a narrow table does without; the detail has them."""
_CHOICES = ("client", "server", "tool")


class CallsPage(QWidget):
    """Shows new calls as they are stored, while it is visible."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._log = context.core.call_log
        self._model = CallsModel(context.theme)
        self._request = 0
        self._state = (self._log.is_on, self._log.cleared)
        self._before: int | None = None
        self._is_loading = False
        self._filter = CallFilter()
        self._table = CallTable(self._model)
        self._detail = CallView(context)
        self._empty = Empty(context.theme, "calls", "", "")
        self._lay_out()
        self._filter.changed.connect(self._reload)
        self._table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._table.verticalScrollBar().valueChanged.connect(lambda _value: self._scrolled())
        QShortcut(QKeySequence.StandardKey.Find, self, self._filter.focus_text)
        WhileVisible(self, self._refresh, listen=(self._log.stored, context.core.settings.changed))

    def choose(self, name: str) -> None:
        """Filter by the server called `name`."""
        self._filter.choose(name)

    def _lay_out(self) -> None:
        theme, clear = self._context.theme, self._context.starter(self._clear)
        delete = icon_button(theme, "trash", "Delete all kept calls", clear)
        top = horizontal(heading("Calls", "title"), FREE, delete)
        self._holder = stacked(self._table, self._empty)
        parts = splitter(self._holder, self._detail, sizes=(300, 320), grows=0, is_vertical=True)
        parts.setHandleWidth(12)
        column = (top, self._filter, (parts, 1))
        self.setLayout(vertical(*column, margins=(20, 18, 20, 20), spacing=12))

    def _refresh(self) -> None:
        """Show what was stored since; nothing else moves."""
        if not self._request or self._state != (self._log.is_on, self._log.cleared):
            self._reload()
        elif not self._is_loading:
            self._context.tasks.start(self._load_newer(self._request))

    def _reload(self) -> None:
        self._request += 1
        self._state = (self._log.is_on, self._log.cleared)
        self._context.tasks.start(self._load(self._request))

    async def _load(self, request: int) -> None:
        page = await self._load_page(request, None)
        if page is None:
            return
        self._detail.hide()
        self._model.show_rows(page.calls)
        self._before = page.before
        self._update_view()
        self._filter.fill({column: await self._log.names(column) for column in _CHOICES})
        while (
            self._model.rowCount() < _ENOUGH
            and self._before is not None
            and request == self._request
            and self.isVisible()
        ):
            await self._load_older(request)

    async def _load_newer(self, request: int) -> None:
        page = await self._find(None)
        if request != self._request:
            return
        newest = self._model.rows[0].id if self._model.rows else 0
        calls = [call for call in page.calls if call.id > newest]
        if len(calls) == _PAGE:  # what lies between is not known
            self._model.show_rows(page.calls)
            self._before = page.before
        elif self._table.prepend(calls):
            self._before = self._model.rows[-1].id
        self._update_view()
        if calls:
            self._filter.fill({column: await self._log.names(column) for column in _CHOICES})

    def _scrolled(self) -> None:
        bar = self._table.verticalScrollBar()
        is_near_end = bar.value() > bar.maximum() - _ENOUGH
        has_room = self._model.rowCount() < MOST_ROWS
        if is_near_end and has_room and self._before is not None and not self._is_loading:
            self._context.tasks.start(self._load_older(self._request))

    async def _load_older(self, request: int) -> None:
        page = await self._load_page(request, self._before)
        if page is not None:
            self._model.append(page.calls)
            self._before = page.before
            self._update_view()

    async def _load_page(self, request: int, before: int | None) -> CallPage | None:
        """The calls below `before`; None when others were asked for meanwhile."""
        self._is_loading = True
        try:
            page = await self._find(before)
        finally:
            if request == self._request:
                self._is_loading = False
        return page if request == self._request else None

    async def _find(self, before: int | None) -> CallPage:
        query = self._filter.wanted()
        return await self._log.find(query, before, limit=_PAGE, budget_s=_BUDGET_S)

    def _update_view(self) -> None:
        has_calls = self._model.rowCount() > 0
        self._holder.setCurrentIndex(0 if has_calls else 1)
        if has_calls:
            return
        self._detail.hide()
        if not self._log.is_on:
            self._empty.set_text(
                "Lou keeps no calls", "Settings, Calls: keep what calls asked and got."
            )
        elif self._before is not None:
            self._empty.set_text("Looking...", "Older calls are being searched.")
        elif self._filter.wanted().is_narrow():
            self._empty.set_text("No call matches", "Choose another filter or another text.")
        else:
            self._empty.set_text(
                "No calls yet",
                "What your clients ask and get appears here, without secrets. Connect a client, or "
                "run a tool in Try it.",
            )

    def _row_chosen(self, current: QModelIndex) -> None:
        if current.isValid():
            self._context.tasks.start(self._show(self._model.rows[current.row()].id))

    async def _show(self, id: int) -> None:
        found = await self._log.call(id)
        row = self._table.currentIndex().row()
        if found and row >= 0 and self._model.rows[row].id == id:
            self._detail.show_call(*found)
            self._table.scrollTo(self._table.currentIndex())

    async def _clear(self) -> None:
        loss = "What they asked and got cannot be brought back. Logs and metrics stay."
        title = "Delete all kept calls?"
        if await confirm(self._context.theme, self.window(), title, loss, yes="Delete"):
            await self._log.clear()


class CallTable(RowTable):
    """The table of calls; what is on the screen stays in place when new ones come."""

    def __init__(self, model: CallsModel) -> None:
        super().__init__(model, "Calls", wide=TOOL)
        self._calls = model
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMinimumHeight(90)
        metrics = self.fontMetrics()
        widths = {name: metrics.horizontalAdvance(text) + 24 for name, text in _SAMPLES}
        least = metrics.horizontalAdvance(_LEAST_TOOL)
        self.set_widths(widths, least=least, hidden_first=_FIRST_HIDDEN)

    def prepend(self, calls: Sequence[KeptCall]) -> bool:
        """As in the model; a table that is scrolled down shows the same rows as before."""
        scrolled = self.verticalScrollBar()
        place = scrolled.value()
        was_cut = self._calls.prepend(calls)
        if place:
            self.updateGeometries()
            scrolled.setValue(place + len(calls))
        return was_cut
