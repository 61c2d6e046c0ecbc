"""An import or export of entries: starts it, shows its progress and its result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QProgressBar, QWidget
from shiboken6 import isValid

from app.errors import AppError
from app.ui import wording
from app.ui.dialogs.import_file import FileMapping, ImportDialog, ask_mapping
from app.ui.models.tracked import field_title
from app.ui.page_context import PageContext, show_in_folder
from app.ui.tracked_source import Filter, TrackedSource
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.file_dialog import FileDialog
from app.ui.widgets.layouts import horizontal
from app.ui.widgets.text import heading

_POLL_S = 0.3
_KINDS = "Tables and lines (*.csv *.tsv *.tab *.txt *.jsonl *.ndjson);;All files (*)"


class TrackedJob(Card):
    """Shows the running or the last job; hidden otherwise."""

    busy_changed = Signal()

    def __init__(
        self, context: PageContext, source: TrackedSource, ended: Callable[[], None]
    ) -> None:
        super().__init__(margin=12)
        self._context = context
        self._source = source
        self._ended = ended
        self._job = ""
        self._words = heading("", "strong", wrap=True, name="words")
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._button = Button(context.theme, "Stop", self._clicked)
        self._reveal = Button(context.theme, "Show in folder", self._show_file, icon="folder")
        self._reveal.hide()
        self._exported: Path | None = None
        self._problems = QPlainTextEdit()
        self._problems.setReadOnly(True)
        self._problems.setAccessibleName(tr("Rows that were not stored, and doubts"))
        self._problems.setFixedHeight(110)
        row = horizontal((self._words, 1), self._reveal, self._button, spacing=14)
        self.inside.addLayout(row)
        self.inside.addWidget(self._bar)
        self.inside.addWidget(self._problems)
        self.hide()

    @property
    def is_busy(self) -> bool:
        return bool(self._job)

    def ask_import(self, parent: QWidget) -> None:
        """Ask for a file and its column mapping, then import it."""
        FileDialog(
            parent,
            tr("Import"),
            lambda path: self._context.tasks.start(self.preview_and_import(path, parent)),
            kinds=_KINDS,
        ).open()

    def ask_export(self, parent: QWidget, wanted: Filter) -> None:
        """Ask for a file, then export the entries that match `wanted`."""
        FileDialog(
            parent,
            tr("Export"),
            lambda path: self._context.tasks.start(self.export_file(path, wanted)),
            name="tracked.csv",
            kinds=_KINDS,
            saves=True,
        ).open()

    async def preview_and_import(self, path: Path, parent: QWidget) -> None:
        """Show the column mapping of the file, and import it when the user agrees."""
        found = await self._source.ask("file_columns", {"path": str(path)})
        window = parent.window()
        chosen = await ask_mapping(
            self._context.theme,
            window,
            path,
            found,
            changed=lambda dialog: self._context.tasks.start(
                self._check_columns(path, dialog, dialog.mapping())
            ),
        )
        if chosen is not None:
            await self.import_file(path, chosen.columns, chosen.ignore)

    async def _check_columns(self, path: Path, dialog: ImportDialog, chosen: FileMapping) -> None:
        """Check a mapping, and show its doubts if the dialog still has it."""
        arguments = {"path": str(path), "columns": chosen.columns, "ignore": chosen.ignore}
        found = await self._source.ask("file_columns", arguments)
        if isValid(dialog) and dialog.mapping() == chosen:
            dialog.show_doubts(found)

    async def import_file(
        self, path: Path, columns: Mapping[str, Any], ignore: Sequence[str] = ()
    ) -> None:
        """Import the file with these columns; returns when the job has ended."""
        self._exported = None
        arguments = {"path": str(path), "columns": dict(columns), "ignore": list(ignore)}
        await self._follow(await self._source.ask("start_import", arguments), "Importing")

    async def export_file(self, path: Path, wanted: Filter) -> None:
        """Export the entries that match `wanted`; returns when the job has ended."""
        arguments = {
            "path": str(path),
            "text": wanted.text,
            "tag": wanted.tag,
            "status": wanted.status,
            "deleted": wanted.deleted,
            "overwrite": True,
        }
        self._exported = path
        await self._follow(await self._source.ask("start_export", arguments), "Exporting")

    async def _follow(self, report: Mapping[str, Any], doing: str) -> None:
        self._job = str(report["job"])
        self._reveal.hide()
        self._problems.hide()
        self._bar.show()
        self._button.setText("Stop")
        self.show()
        self.busy_changed.emit()
        try:
            while report["state"] == "running":
                self._words.setText(f"{doing}: {wording.counted(int(report['rows']), 'row')}")
                await asyncio.sleep(_POLL_S)
                report = await self._source.ask("job_state", {"job": self._job})
            self._show_result(report)
        except AppError:
            self._words.setText(f"{doing} was cut short. What was stored until then is kept.")
            raise
        finally:
            self._job = ""
            self.busy_changed.emit()
            self._bar.hide()
            self._button.setText("Close")
            self._ended()

    def _show_result(self, report: Mapping[str, Any]) -> None:
        self._words.setText(_result(report, is_export=self._exported is not None))
        problems = [
            f"{tr('Row')} {each['row']}: {tr(field_title(each['field']))} {tr(each['reason'])}"
            for each in report["problems"]
        ]
        if report.get("more"):
            problems.append(tr("... and more"))
        problems += [tr(str(doubt)) for doubt in report.get("doubts", ())]
        self._reveal.setVisible(self._exported is not None and report["state"] == "done")
        self._problems.setPlainText("\n".join(problems))
        self._problems.setVisible(bool(problems))

    def _show_file(self) -> None:
        if self._exported:
            show_in_folder(self._exported)

    def _clicked(self) -> None:
        if self._job:
            self._context.tasks.start(self._source.ask("cancel_job", {"job": self._job}))
        else:
            self.hide()


def _result(report: Mapping[str, Any], *, is_export: bool) -> str:
    """What a finished job did; an export that did not reach its end left nothing."""
    heads = {"done": "Done", "cancelled": "Stopped", "failed": "Failed"}
    state = str(report["state"])
    text = heads.get(state, state)
    if state == "done" or not is_export:
        counts = (f"{number:,} {what}" for what, number in report["counts"].items() if number)
        told = ", ".join(counts)
        rows = wording.counted(int(report["rows"]), "row")
        text = f"{text}: {rows}" + (f" ({told})" if told else "")
    return f"{text}. {report['message']}".strip()
