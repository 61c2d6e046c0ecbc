"""Table model of log lines. Rows are added at either end; the oldest are removed when too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.logs.line_format import Line, Stamps, StoredLine
from app.ui.models.table import TableModel
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.wording import one_line

TIME, SERVER, LEVEL, MESSAGE = range(4)
MOST_ROWS = 20_000
_SLACK = 1_000
"""Old rows are removed in batches, because each removal moves all other rows."""

_TONES = {"WARNING": "warn", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "faint"}

LogLine = Line | StoredLine


class LogsModel(TableModel[LogLine]):
    """The lines on show, oldest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, COLUMNS)

    def append(self, lines: Sequence[LogLine], *, keep_all: bool = False) -> None:
        """Add newer lines; removes the oldest rows when there are too many, unless `keep_all`."""
        self.insert(len(self.rows), lines)
        if not keep_all and len(self.rows) > MOST_ROWS + _SLACK:
            self.remove(0, len(self.rows) - MOST_ROWS)

    def tone(self, row: LogLine, column: int) -> str:
        return "soft" if column in (TIME, SERVER) else _TONES.get(row.level, "")


def time_of(line: LogLine) -> str:
    """The local time of `line`, formatted as in the log file."""
    return line.at if isinstance(line, StoredLine) else Stamps()(line.at)


def text_of(line: LogLine) -> str:
    return f"{time_of(line)} - {line.logger} - {line.level} - {line.message}"


COLUMNS: Mapping[str, Callable[[LogLine], str]] = {
    "Time": lambda line: time_of(line)[11:],
    "Server": lambda line: line.server,
    "Level": lambda line: tr(line.level.capitalize()),
    "Message": lambda line: one_line(line.message, 500),
}
