"""Table model of log lines. Rows are added at either end; the oldest are removed when too many."""

from __future__ import annotations

import time
from collections.abc import Sequence

from app.logs.line_format import StoredLine
from app.logs.logbook import Line
from app.ui.models.table import TableModel
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.wording import one_line

TIME, SERVER, LEVEL, MESSAGE = range(4)
HEADER = ("Time", "Server", "Level", "Message")
MOST_ROWS = 20_000
_SLACK = 1_000
"""Old rows are removed in batches, because each removal moves all other rows."""

_TONES = {"WARNING": "warn", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "faint"}

LogLine = Line | StoredLine


class LogsModel(TableModel[LogLine]):
    """The lines on show, oldest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, HEADER)

    def append(self, lines: Sequence[LogLine], *, keep_all: bool = False) -> None:
        """Add newer lines; removes the oldest rows when there are too many, unless `keep_all`."""
        self.insert(len(self.rows), lines)
        if not keep_all and len(self.rows) > MOST_ROWS + _SLACK:
            self.remove(0, len(self.rows) - MOST_ROWS)

    def text(self, row: LogLine, column: int) -> str:
        match column:
            case 0:
                return time_of(row)[11:]
            case 1:
                return row.server
            case 2:
                return tr(row.level.capitalize())
            case _:
                return one_line(row.message, 500)

    def tone(self, row: LogLine, column: int) -> str:
        return "soft" if column in (TIME, SERVER) else _TONES.get(row.level, "")


def time_of(line: LogLine) -> str:
    """The local time of `line`, formatted as in the log file."""
    if isinstance(line, StoredLine):
        return line.at
    second = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
    return f"{second},{int(line.at * 1000) % 1000:03d}"


def text_of(line: LogLine) -> str:
    """`line` formatted as in the log file."""
    return f"{time_of(line)} - {line.logger} - {line.level} - {line.message}"
