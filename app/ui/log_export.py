"""Writes the stored log lines that match a query into one file, oldest first."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from app.logs.log_search import Cursor, LogQuery
from app.logs.logbook import Logbook
from app.system import files
from app.ui.models.logs import text_of

_PAGE = 5_000
_PAGE_BUDGET_S = 2.0


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
