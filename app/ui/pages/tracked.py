"""The Tracked page: find, add, edit, delete, import and export entries."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.ui import wording
from app.ui.dialogs.confirm import result_of
from app.ui.dialogs.entry import EntryDialog
from app.ui.models.tracked import TrackedModel
from app.ui.page_context import PageContext
from app.ui.pages.filters import TrackedFilter
from app.ui.pages.tracked_job import TrackedJob
from app.ui.pages.tracked_store import TrackedStore
from app.ui.tracked_source import CHANGES, SERVER, Entry, Filter, TrackedSource
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Empty, Strip
from app.ui.widgets.flow import bar
from app.ui.widgets.layouts import stacked, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.row_table import RowTable
from app.ui.widgets.text import heading, label, scaled
from app.views import CallRecord

_WIDTHS = {0: 180, 1: 200, 2: 95, 3: 100, 5: 128}
_LEAST_NOTE = 80
_FIRST_HIDDEN = (3, 5)
"""Tags and time of the change; the dialog of an entry has them."""


class TrackedPage(QWidget):
    """Shows the entries of the tracker server, which must run."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._source = TrackedSource(context.core)
        self._wanted = Filter()
        self._cursor = ""
        self._request = 0
        self._is_fetching = False
        self._tracker_state = ""
        self._is_stale = False
        theme = context.theme
        self._filter = TrackedFilter()
        self._model = TrackedModel(theme, self._fetch_more)
        self._table = RowTable(self._model, "Tracked entries", wide=4, air=12)
        self._empty = Empty(theme, "tracked", "", "")
        self._note = label(tone="soft")
        self._strip = Strip(theme)
        self._job = TrackedJob(context, self._source, self._reload)
        self._store = TrackedStore(context, self._source)
        self._import = Button(
            theme, "Import...", lambda: self._job.ask_import(self), icon="save", kind="quiet"
        )
        self._export = Button(theme, "Export...", self._export_clicked, icon="open", kind="quiet")
        add = context.starter(lambda: self._open(None))
        self._add = Button(theme, "Add...", add, icon="plus")
        self._edit = Button(theme, "Change...", self._edit_clicked, icon="edit")
        self._delete = Button(theme, "Delete", self._delete_clicked, icon="trash")
        self._lay_out()
        self._filter.changed.connect(self._filter_changed)
        self._job.busy_changed.connect(self._show_buttons)
        self._table.verticalScrollBar().valueChanged.connect(lambda _value: self._pull())
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        self._table.activated.connect(lambda _index: self._edit_clicked())
        QShortcut(QKeySequence.StandardKey.Find, self, self._filter.focus_text)
        QShortcut(QKeySequence.StandardKey.Delete, self._table, self._delete_clicked)
        core = context.core
        core.calls.subscribe(self._call_recorded)
        WhileVisible(self, self._pull, listen=(core.servers_changed, core.calls))

    def _lay_out(self) -> None:
        buttons = (self._import, self._export, self._edit, self._delete, self._add)
        top = bar(heading("Tracked", "title"), self._note, right=buttons)
        widths = {column: scaled(width, self._table) for column, width in _WIDTHS.items()}
        least = scaled(_LEAST_NOTE, self._table)
        self._table.set_widths(widths, least=least, hidden_first=_FIRST_HIDDEN)
        self._holder = stacked(self._table, self._empty)
        column = (top, self._filter, self._job, self._strip, (self._holder, 1), self._store)
        self.setLayout(vertical(*column, margins=(20, 18, 20, 20), spacing=12))

    def _pull(self) -> None:
        state = self._context.core.server(SERVER).state
        is_at_top = self._table.verticalScrollBar().value() == 0
        if state != self._tracker_state or (self._is_stale and is_at_top):
            self._tracker_state = state
            self._reload()

    def _call_recorded(self, call: CallRecord) -> None:
        if call.server == SERVER and call.tool in CHANGES:
            self._is_stale = True

    def _filter_changed(self) -> None:
        self._strip.hide()
        self._reload()

    def _reload(self) -> None:
        self._request += 1
        self._is_stale = False
        request = self._request
        self._context.tasks.start(
            self._load(request),
            on_error=lambda error: (
                self._show_load_error(error) if request == self._request else None
            ),
        )

    async def _load(self, request: int) -> None:
        if self._tracker_state != "ready":
            raise AppError(*wording.why_not_ready(self._context.core.server(SERVER)))
        wanted = self._filter.wanted()
        page = await self._source.find(wanted)
        if request != self._request:
            return
        self._wanted, self._cursor = wanted, page.cursor
        self._is_fetching = False
        selected = {str(entry["id"]) for entry in self._selected()}
        self._model.show_entries(page.entries, has_more=bool(page.cursor))
        self._restore_selection(selected)
        self._update_view()
        await self._store.pull()

    def _fetch_more(self) -> None:
        if self._cursor and not self._is_fetching:
            self._is_fetching = True
            self._context.tasks.start(
                self._load_more(self._request), on_error=self._show_load_error
            )

    async def _load_more(self, request: int) -> None:
        page = await self._source.find(self._wanted, self._cursor)
        if request != self._request:
            return
        self._cursor = page.cursor
        self._is_fetching = False
        self._model.append(page.entries, has_more=bool(page.cursor))
        self._update_view()

    def _update_view(self) -> None:
        count = self._model.rowCount()
        self._holder.setCurrentIndex(0 if count else 1)
        shown = wording.counted(count, "entry", "entries") if count else ""
        self._note.setText(f"The first {count:,} entries" if self._cursor else shown)
        if not count and self._wanted.is_narrow():
            self._empty.set_text(
                "No entry matches", "Search for something else, or show all again."
            )
        elif not count:
            self._empty.set_text(
                "Nothing tracked yet",
                "What your clients track appears here. You can also add or import entries.",
            )
        self._show_buttons()

    def _show_load_error(self, error: AppError) -> None:
        self._is_fetching = False
        self._model.show_entries((), has_more=False)
        self._note.setText("")
        self._holder.setCurrentIndex(1)
        self._empty.set_text(error.title, error.hint)
        self._show_buttons()

    def _restore_selection(self, ids: set[str]) -> None:
        select = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in range(self._model.rowCount()):
            if str(self._model.rows[row]["id"]) in ids:
                self._table.selectionModel().select(self._model.index(row, 0), select)

    def _selected(self) -> list[Entry]:
        rows = sorted(index.row() for index in self._table.selectionModel().selectedRows())
        return [self._model.rows[row] for row in rows]

    def _show_buttons(self) -> None:
        selected = self._selected()
        self._edit.setEnabled(len(selected) == 1 and not selected[0].get("deleted"))
        self._delete.setEnabled(bool(selected))
        self._delete.setText("Bring back" if self._wanted.deleted else "Delete")
        is_ready = self._tracker_state == "ready"
        self._add.setEnabled(is_ready)
        for part in (self._import, self._export):
            part.setEnabled(is_ready and not self._job.is_busy)

    def _export_clicked(self) -> None:
        self._job.ask_export(self, self._filter.wanted())

    def _edit_clicked(self) -> None:
        selected = self._selected()
        if len(selected) == 1 and not selected[0].get("deleted"):
            self._context.tasks.start(self._open(str(selected[0]["id"])))

    async def _open(self, id: str | None) -> None:
        whole = await self._source.get(id) if id else None
        dialog = EntryDialog(self._context, self._source, self.window(), whole)
        if await result_of(dialog, lambda: True):
            self._reload()

    def _delete_clicked(self) -> None:
        selected = [str(entry["id"]) for entry in self._selected()]
        if selected:
            self._context.tasks.start(self._set_deleted(selected, gone=not self._wanted.deleted))

    async def _set_deleted(self, selected: list[str], *, gone: bool) -> None:
        act = self._source.delete if gone else self._source.restore
        done: list[str] = []
        try:
            for id in selected:
                await act(id)
                done.append(id)
        finally:
            self._reload()
            self._offer_undo(done, gone=gone)

    def _offer_undo(self, done: list[str], *, gone: bool) -> None:
        what = "deleted" if gone else "brought back"
        self._strip.show_message(
            f"{wording.counted(len(done), 'entry', 'entries')} {what}.",
            "",
            tone="good",
            button="Undo" if done else "",
            on_click=lambda: self._undo(done, gone=gone),
        )

    def _undo(self, selected: list[str], *, gone: bool) -> None:
        self._strip.hide()
        self._context.tasks.start(self._revert(selected, gone=gone))

    async def _revert(self, selected: list[str], *, gone: bool) -> None:
        act = self._source.restore if gone else self._source.delete
        await asyncio.gather(*(act(id) for id in selected))
        self._reload()
