"""Table model of kept calls, newest first. New calls come in above, older ones below."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt

from app.calls.kept_call import KeptCall
from app.ui import wording
from app.ui.models.table import TableModel
from app.ui.theme import Theme
from app.ui.translation import tr

TIME, CLIENT, SERVER, TOOL, OUTCOME, TOOK, SIZE = range(7)
MOST_ROWS = 20_000
_SLACK = 1_000
_RIGHT = frozenset({TOOK, SIZE})
_SOFT = frozenset({TIME, SERVER, TOOK, SIZE})


class CallsModel(TableModel[KeptCall]):
    """The calls on show."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, COLUMNS)

    def prepend(self, calls: Sequence[KeptCall]) -> bool:
        """Add newer calls; true if the oldest rows were removed, since there were too many."""
        self.insert(0, calls)
        if len(self.rows) <= MOST_ROWS + _SLACK:
            return False
        self.remove(MOST_ROWS, len(self.rows) - MOST_ROWS)
        return True

    def append(self, calls: Sequence[KeptCall]) -> None:
        self.insert(len(self.rows), calls)

    def tone(self, row: KeptCall, column: int) -> str:
        if column == OUTCOME:
            return outcome_text(row).tone
        return "soft" if column in _SOFT else ""

    def alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


def client_name(call: KeptCall) -> str:
    """Who called, as a person reads it."""
    if call.own:
        return tr("Lou itself")
    return tr("You, in Lou") if call.client == "lou" else wording.one_line(call.client, 60)


def time_text(call: KeptCall) -> str:
    """When the call ended: the time today, else the month, the day and the time."""
    at, now = time.localtime(call.at), time.localtime()
    is_today = at[:3] == now[:3]
    return time.strftime("%H:%M:%S" if is_today else "%m-%d %H:%M", at)


def outcome_text(call: KeptCall) -> wording.StateText:
    return wording.CALLS.get(call.outcome, wording.StateText(call.outcome or "Unknown", "soft"))


COLUMNS: Mapping[str, Callable[[KeptCall], str]] = {
    "Time": time_text,
    "Client": client_name,
    "Server": lambda call: call.server,
    "Tool": lambda call: wording.one_line(call.tool, 80),
    "Outcome": lambda call: tr(outcome_text(call).words),
    "Took": lambda call: wording.milliseconds(call.ms),
    "Size": lambda call: wording.size(call.size),
}
