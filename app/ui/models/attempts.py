"""Table model of the calls made on the Try it page, newest first."""

from __future__ import annotations

import json
import time

from app.ui import wording
from app.ui.models.table import TableModel
from app.ui.theme import Theme
from app.ui.tool_attempts import Attempt
from app.ui.translation import tr

HEADER = ("Time", "Tool", "With", "Took", "Outcome")
_OUTCOME = 4


class AttemptsModel(TableModel[Attempt]):
    """The calls on show."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, HEADER)

    def text(self, row: Attempt, column: int) -> str:
        match column:
            case 0:
                return time.strftime("%H:%M:%S", time.localtime(row.at))
            case 1:
                return wording.one_line(row.tool, 80)
            case 2:
                arguments = json.dumps(dict(row.arguments), ensure_ascii=False)
                return wording.one_line(arguments, 200)
            case 3:
                return wording.milliseconds(row.ms)
            case _:
                return tr(wording.CALLS[row.outcome].words)

    def tone(self, row: Attempt, column: int) -> str:
        return wording.CALLS[row.outcome].tone if column == _OUTCOME else ""
