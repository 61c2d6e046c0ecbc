"""Table model of the calls made on the Try it page, newest first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping

from app.ui import wording
from app.ui.models.table import TableModel
from app.ui.theme import Theme
from app.ui.tool_attempts import Attempt
from app.ui.translation import tr

COLUMNS: Mapping[str, Callable[[Attempt], str]] = {
    "Time": lambda row: time.strftime("%H:%M:%S", time.localtime(row.at)),
    "Tool": lambda row: wording.one_line(row.tool, 80),
    "With": lambda row: wording.one_line(json.dumps(dict(row.arguments), ensure_ascii=False), 200),
    "Took": lambda row: wording.milliseconds(row.ms),
    "Outcome": lambda row: tr(wording.CALLS[row.outcome].words),
}
_OUTCOME = 4


class AttemptsModel(TableModel[Attempt]):
    """The calls on show."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, COLUMNS)

    def tone(self, row: Attempt, column: int) -> str:
        return wording.CALLS[row.outcome].tone if column == _OUTCOME else ""
