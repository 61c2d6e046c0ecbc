"""The search providers on the Servers page: their states and order, and the cache and library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.errors import ServerError
from app.ui import wording
from app.ui.dialogs.confirm import confirm
from app.ui.models.lists import ProvidersModel
from app.ui.page_context import PageContext
from app.ui.widgets.buttons import Button, icon_button
from app.ui.widgets.card import Card, separator
from app.ui.widgets.layouts import FREE, horizontal, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.rows import RowList
from app.ui.widgets.text import heading, label
from app.views import Answer

SERVER = "search"
_EVERY_MS = 5_000
_ORDER = (
    "Lou asks those with a number, from the top down: first those with a key or an address of"
    " yours, then those that need none."
)
_KEPT = {
    "clear_cache": ("cached answers", "Lou asks the providers again from then on."),
    "clear_library": ("pages and results", "Offline search finds nothing until new ones are seen."),
}


class Providers(QWidget):
    """Reads the states from the search server every few seconds while it is visible."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._model = ProvidersModel()
        self._list = RowList(context.theme, "Search providers", self._model)
        self._note = label(_ORDER, tone="soft", wrap=True)
        self._up = icon_button(context.theme, "up", "Ask it earlier", lambda: self._move(-1))
        self._down = icon_button(context.theme, "down", "Ask it later", lambda: self._move(1))
        self._cache = label(wrap=True)
        self._library = label(wrap=True)
        self._lay_out()
        self._list.selectionModel().currentChanged.connect(lambda *_: self._show_buttons())
        WhileVisible(self, self._pull, every_ms=_EVERY_MS)

    def _lay_out(self) -> None:
        top = horizontal(heading("Providers"), FREE, self._up, self._down)
        cache = self._kept_row(self._cache, "clear_cache")
        library = self._kept_row(self._library, "clear_library")
        parts = (top, self._note, self._list, Card(cache, separator(), library))
        self.setLayout(vertical(*parts, margins=(0, 4, 0, 0), spacing=8))

    def _kept_row(self, words: QWidget, tool: str) -> QHBoxLayout:
        clear = self._context.starter(lambda: self._clear(tool))
        return horizontal((words, 1), Button(self._context.theme, "Clear...", clear, icon="trash"))

    def _pull(self) -> None:
        if self._context.core.server(SERVER).state == "ready":
            self._context.tasks.start(
                self._fetch(), on_error=lambda error: self._note.setText(error.title)
            )

    async def _fetch(self) -> None:
        status = await ask(self._context, "provider_states", {})
        chosen = self._list.chosen()
        self._model.show_providers(status.get("providers", ()))
        self._list.fit_to_rows()
        self._list.choose(chosen)
        ratio = wording.percent(float(status.get("cache_hit_ratio", 0.0)))
        entries = wording.counted(int(status.get("cache_entries", 0)), "cached answer")
        self._cache.setText(f"{entries}; they gave {ratio} of the answers since the start")
        pages = wording.counted(
            int(status.get("library_pages", 0)), "page or result", "pages and results"
        )
        is_on = status.get("library_enabled", True)
        self._library.setText(f"{pages} in the library" if is_on else "The library is switched off")
        self._show_buttons()

    def _show_buttons(self) -> None:
        row = self._list.currentIndex().row()
        self._up.setEnabled(self._model.can_swap(row, row - 1))
        self._down.setEnabled(self._model.can_swap(row, row + 1))

    def _move(self, by: int) -> None:
        row, names = self._list.currentIndex().row(), self._model.names
        if not self._model.can_swap(row, row + by):
            return
        names[row], names[row + by] = names[row + by], names[row]
        self._context.tasks.start(self._save_chain(names))

    async def _save_chain(self, names: list[str]) -> None:
        self._context.core.settings.update(lambda config: config.with_own(SERVER, {"chain": names}))
        await self._fetch()

    async def _clear(self, tool: str) -> None:
        things, loss = _KEPT[tool]
        title = f"Clear all {things}?"
        if await confirm(self._context.theme, self.window(), title, loss, yes="Clear"):
            await ask(self._context, tool, {})
            await self._fetch()


async def ask(context: PageContext, tool: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
    """Call an internal tool of the search server; returns its data, or raises ServerError."""
    answer: Answer = await context.core.call(SERVER, tool, arguments, own=True)
    if answer.is_error or not isinstance(answer.data, dict):
        raise ServerError(wording.one_line(answer.text) or "The server gave no answer.")
    return answer.data
