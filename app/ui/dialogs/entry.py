"""The dialog that adds or edits one tracked entry and shows its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QPlainTextEdit, QTabWidget, QWidget

from app.errors import AppError
from app.ui.dialogs.confirm import FittedDialog
from app.ui.dialogs.conflict import resolve_conflict, value_text
from app.ui.form_fields import Field, FieldError, Kind
from app.ui.models.tracked import moment
from app.ui.page_context import PageContext
from app.ui.tracked_source import STATUSES, ConflictError, Entry, EntryWithHistory, TrackedSource
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, Scrolled
from app.ui.widgets.form import Form
from app.ui.widgets.layouts import holder, vertical
from app.ui.widgets.text import heading, label
from app.ui.wording import words

_FIELDS = (
    Field("email", Kind.TEXT, "E-mail", required=True),
    Field("url", Kind.TEXT, "Page", "Where the address was found.", required=True),
    Field(
        "status",
        Kind.CHOICE,
        "Status",
        default="new",
        required=True,
        choices=STATUSES,
        words=tuple(map(words, STATUSES)),
    ),
    Field("tags", Kind.TEXTS, "Tags"),
    Field("note", Kind.LONG, "Note"),
)
_HIGHEST = 520


class EntryDialog(FittedDialog):
    """Adds an entry, or edits `whole` when it is given."""

    def __init__(
        self,
        context: PageContext,
        source: TrackedSource,
        parent: QWidget | None,
        whole: EntryWithHistory | None,
    ) -> None:
        title = "Change an entry" if whole else "Add an entry"
        super().__init__(parent, title)
        self._context = context
        self._source = source
        self._entry: Entry | None = whole.entry if whole else None
        self.resize(540, 640)
        self._form = Form(context.theme, _FIELDS)
        self._problem = label(tone="bad", wrap=True, name="problem")
        self._save = Button(context.theme, "Save" if whole else "Add", self._clicked, kind="main")
        fields: QWidget = Scrolled(self._form, most=_HIGHEST)
        if whole:
            self._form.set_values(whole.entry)
            fields = _with_history(fields, whole.history)
        cancel = Button(context.theme, "Cancel", self.reject)
        parts = (heading(title), fields, self._problem)
        self.lay_out(*parts, buttons=(cancel, self._save), grows=fields)

    def _clicked(self) -> None:
        try:
            values = {"tags": [], "note": "", **self._form.values()}
        except FieldError:
            return
        self._problem.setText("")
        self._save.setEnabled(False)
        saving = self._context.tasks.start(self._do_save(values), on_error=self._show_error)
        self.finished.connect(lambda _result: saving.cancel())

    async def _do_save(self, values: dict[str, Any]) -> None:
        if self._entry is None:
            await self._source.add(values)
        else:
            await self._change(self._entry, values)
        self.accept()

    async def _change(self, entry: Entry, values: dict[str, Any]) -> None:
        try:
            await self._source.change(entry, values)
        except ConflictError as conflict:
            self._entry = conflict.current
            settled = await resolve_conflict(self._context.theme, self, conflict.current, values)
            if settled is None:
                raise AppError(
                    "Nothing was saved.", "The entry is as somebody else left it."
                ) from None
            self._form.set_values(settled)
            await self._change(conflict.current, settled)

    def _show_error(self, error: AppError) -> None:
        self._save.setEnabled(True)
        self._problem.setText(str(error))


def _with_history(fields: QWidget, history: Sequence[Mapping[str, Any]]) -> QTabWidget:
    tabs = QTabWidget()
    tabs.tabBar().setAccessibleName(tr("Parts of the entry"))
    tabs.addTab(holder(vertical(fields, margins=(0, 8, 0, 0))), tr("Fields"))
    past = holder(vertical(_history(history), margins=(0, 8, GUTTER, 0)))
    tabs.addTab(past, tr(f"History ({len(history)})"))
    return tabs


def _history(history: Sequence[Mapping[str, Any]]) -> QPlainTextEdit:
    shown = QPlainTextEdit()
    shown.setReadOnly(True)
    shown.setAccessibleName(tr("What happened to this entry"))
    shown.setPlainText("\n\n".join(_event_text(line) for line in history))
    return shown


def _event_text(line: Mapping[str, Any]) -> str:
    who = line["client"] or tr("a client")
    head = f"{moment(str(line['at']))}  {tr(str(line['action']))}, {who}"
    changes = [
        f"    {name}: {value_text(change['before'])} -> {value_text(change['after'])}"
        for name, change in line.get("changed", {}).items()
    ]
    return "\n".join([head, *changes])
