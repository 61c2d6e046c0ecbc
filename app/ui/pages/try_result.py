"""The result of a call on the Try it page: outcome, answer, tree, and text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from PySide6.QtWidgets import QTabWidget, QWidget

from app.ui import wording
from app.ui.models.json_tree import JsonTree
from app.ui.page_context import PageContext, open_url
from app.ui.readable import readable
from app.ui.tool_attempts import Attempt, result_text, size_of
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, copier
from app.ui.widgets.card import Empty
from app.ui.widgets.inputs import text_viewer, tree_viewer
from app.ui.widgets.layouts import holder, horizontal, stacked, vertical
from app.ui.widgets.reader import Reader
from app.ui.widgets.text import Elided, heading, show_toned

_LONGEST = 6_000
_FEW = 12
_MANY = 300


class TryResult(QWidget):
    """Shows the attempt given to `show_attempt`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._attempt: Attempt | None = None
        self._outcome = heading("", "strong", name="outcome")
        self._facts = Elided(tone="soft")
        shown = copier(lambda: self._attempt.as_json() if self._attempt else "")
        self._copy = Button(context.theme, "Copy as JSON", shown, icon="copy")
        self._tree_model = JsonTree()
        self._tree = tree_viewer(self._tree_model, "Result")
        self._whole = text_viewer("The chosen value in full")
        self._text = text_viewer("Result as text")
        self._tree.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        self._reader = Reader("What it answered", open_url)
        self._lay_out(context)

    def _lay_out(self, context: PageContext) -> None:
        self._tabs = QTabWidget()
        self._tabs.tabBar().setAccessibleName(tr("Ways to see the result"))
        for title, parts in (
            ("Answer", (self._reader,)),
            ("Tree", ((self._tree, 3), (self._whole, 1))),
            ("Text", (self._text,)),
        ):
            self._tabs.addTab(holder(vertical(*parts, margins=(0, 6, 0, 0))), tr(title))
        top = horizontal(self._outcome, (self._facts, 1), self._copy)
        shown = holder(vertical(top, (self._tabs, 1), spacing=6))
        empty = Empty(
            context.theme, "try", "Nothing tried yet", "Fill in the form and run the tool."
        )
        self._pages = stacked(empty, shown)
        self.setLayout(vertical(self._pages))

    def show_attempt(self, attempt: Attempt) -> None:
        self._attempt = attempt
        state_text = wording.CALLS[attempt.outcome]
        show_toned(self._outcome, state_text.words, state_text.tone)
        size = wording.size(size_of(attempt))
        self._facts.setText(f"{attempt.tool}, {wording.milliseconds(attempt.ms)}, {size}")
        value = attempt.shown_value()
        self._tree_model.show_value(value)
        self._tree.setColumnWidth(0, 190)
        depth = _initial_depth(value)
        if depth is not None:
            self._tree.expandToDepth(depth)
        self._text.setPlainText(result_text(attempt))
        made = readable(attempt)
        self._reader.show_html(made.html, made.pictures)
        self._tabs.setCurrentIndex(0)
        self._whole.hide()
        self._pages.setCurrentIndex(1)

    def clear(self) -> None:
        """Show that nothing was tried yet."""
        self._attempt = None
        self._pages.setCurrentIndex(0)

    def is_of(self, server: str, tool: str) -> bool:
        """Whether the attempt on show, if any, was of this tool."""
        shown = self._attempt
        return shown is None or (shown.server, shown.tool) == (server, tool)

    def _show_chosen(self) -> None:
        value = self._tree_model.value(self._tree.currentIndex())
        is_long = isinstance(value, str) and len(value) > 60
        self._whole.setVisible(is_long)
        if is_long:
            more = len(value) - _LONGEST
            text = f"\n... {more:,} more characters; Copy has them all." if more > 0 else ""
            self._whole.setPlainText(value[:_LONGEST] + text)


def _initial_depth(value: Any) -> int | None:
    """The depth to which the tree is expanded at first; None when there are too many members."""
    first = _members(value)
    second = [member for each in first for member in _members(each)]
    if not isinstance(value, dict) or len(first) > _MANY or len(second) > _MANY:
        return None
    third = sum(len(_members(each)) for each in second)
    return 0 if len(first) > _FEW or third > _MANY else 1


def _members(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
