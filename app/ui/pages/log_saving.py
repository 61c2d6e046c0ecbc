"""Saves filtered log lines to a file: asks for the path, shows progress, can be stopped."""

from __future__ import annotations

import asyncio
import functools
import itertools
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QProgressBar, QWidget

from app.errors import AppError
from app.logs.log_search import Cursor, LogQuery
from app.logs.logbook import Logbook
from app.system import files
from app.ui.models.logs import text_of
from app.ui.page_context import PageContext, show_in_folder
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.file_dialog import FileDialog
from app.ui.widgets.layouts import FREE, horizontal
from app.ui.widgets.text import label

_PAGE = 5_000
_PAGE_BUDGET_S = 2.0


class LogSaving(QWidget):
    """Shows the progress and the result of a save; hidden otherwise."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._words = label(tone="soft")
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setMaximumWidth(160)
        self._stop = Button(context.theme, "Stop", self._stop_clicked)
        self._reveal = Button(context.theme, "Show in folder", self._show_file, icon="folder")
        self._saved: Path | None = None
        self._export: LogExport | None = None
        self.setLayout(horizontal(self._words, self._bar, FREE, self._reveal, self._stop))
        self.hide()

    def ask(self, wanted: LogQuery) -> None:
        """Ask for a path, then save the lines that match `wanted`."""
        title = tr("Save the log")
        save = functools.partial(self.save, wanted)
        FileDialog(self, title, save, name="lou.log", saves=True).open()

    def save(self, wanted: LogQuery, target: Path) -> None:
        if self._export is None:
            self._export = LogExport(self._context.core.logbook, wanted, target)
            self._context.tasks.start(self._run(self._export, target))

    async def _run(self, export: LogExport, target: Path) -> None:
        loop = asyncio.get_running_loop()

        def progress(count: int) -> None:
            loop.call_soon_threadsafe(self._words.setText, f"Saving: {count:,} lines")

        self._saved = None
        self._show(busy=True)
        try:
            count = await asyncio.to_thread(export.run, progress)
            text = "Stopped; nothing was saved." if count < 0 else f"{count:,} lines in {target}"
            self._words.setText(text)
            self._saved = None if count < 0 else target
        except (OSError, AppError) as failure:
            self._words.setText("Nothing was saved.")
            if isinstance(failure, AppError):
                raise
            raise files.not_written(target, failure) from failure
        finally:
            export.stop()
            self._export = None
            self._show(busy=False)

    def _show(self, *, busy: bool) -> None:
        self.show()
        self._bar.setVisible(busy)
        self._stop.setText("Stop" if busy else "Close")
        self._reveal.setVisible(not busy and self._saved is not None)

    def _show_file(self) -> None:
        if self._saved:
            show_in_folder(self._saved)

    def _stop_clicked(self) -> None:
        if self._export:
            self._export.stop()
        else:
            self.hide()


class LogExport:
    """One export; `run` blocks and belongs in a thread. `stop` ends it after the current page."""

    def __init__(self, logbook: Logbook, wanted: LogQuery, target: Path) -> None:
        self._logbook = logbook
        self._wanted = wanted
        self._target = target
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Stop the export; no file is written."""
        self._stopped.set()

    def run(self, progress: Callable[[int], None]) -> int:
        """Write the file; returns the number of lines, or -1 when it was stopped.

        Pages are read newest first, so they go through a temporary file and are reversed.

        Raises:
            SettingsError: the file could not be written.
        """
        with tempfile.TemporaryFile() as aside:
            ends, count = [0], 0
            before: Cursor | None = None
            while True:
                page = self._logbook.page(
                    self._wanted, before, limit=_PAGE, budget_s=_PAGE_BUDGET_S
                )
                text = "".join(f"{text_of(line)}\n" for line in reversed(page.lines))
                aside.write(text.encode())
                ends.append(aside.tell())
                count += len(page.lines)
                progress(count)
                before = page.before
                if before is None:
                    break
                if self._stopped.is_set():
                    return -1
            with files.export(self._target) as file:
                for start, end in reversed(list(itertools.pairwise(ends))):
                    aside.seek(start)
                    file.write(aside.read(end - start))
        return count
