"""The filter of the Logs page: server, minimum level and text."""

from __future__ import annotations

from collections.abc import Sequence

from app.logs.log_search import LogQuery
from app.ui.translation import tr
from app.ui.widgets.filter_bar import FilterBar
from app.ui.widgets.inputs import offer

_TYPING_MS = 50
_LEVELS = (
    ("All levels", ""),
    ("Info and up", "INFO"),
    ("Warnings and up", "WARNING"),
    ("Errors", "ERROR"),
)


class LogFilter(FilterBar):
    """Chooses by server, level and text."""

    def __init__(self) -> None:
        super().__init__(typing_ms=_TYPING_MS)
        self._server = self.add_choice("Server", [("All servers", "")], letters=8)
        self._level = self.add_choice("Level", _LEVELS)
        self._line = self.add_line("Filter by text", stretch=True)

    def wanted(self) -> LogQuery:
        return LogQuery(
            str(self._server.currentData() or ""),
            str(self._level.currentData() or ""),
            self._line.text().strip(),
        )

    def is_narrow(self) -> bool:
        """Whether the filter leaves out any lines."""
        return self.wanted() != LogQuery()

    def choose(self, server: str) -> None:
        self._server.setCurrentIndex(max(0, self._server.findData(server)))

    def fill_servers(self, names: Sequence[str]) -> None:
        """Offer `names`; the selected server stays selected."""
        offer(self._server, [(tr("All servers"), ""), *((name, name) for name in names)])
