"""The selected log line in full, and the tool call that caused it."""

from __future__ import annotations

import json

from app.logs.line_format import StoredLine
from app.ui import wording
from app.ui.models.logs import LogLine, text_of, time_of
from app.ui.page_context import PageContext
from app.ui.widgets.buttons import copier, icon_button
from app.ui.widgets.card import Card
from app.ui.widgets.inputs import text_viewer
from app.ui.widgets.layouts import horizontal, vertical
from app.ui.widgets.text import Elided, show_text

_LONGEST = 6_000


class LogDetail(Card):
    """Hidden until a line is chosen."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(margin=12, spacing=6)
        self._context = context
        self._where = Elided()
        self._call = Elided()
        self._text = text_viewer("The whole line")
        words = vertical(self._where, self._call)
        shown = copier(lambda: text_of(self._line) if self._line else "")
        copy = icon_button(context.theme, "copy", "Copy this line", shown)
        close = icon_button(context.theme, "close", "Close", self.hide)
        self.inside.addLayout(horizontal((words, 1), copy, close))
        self.inside.addWidget(self._text, 1)
        self.setMinimumHeight(130)
        self._line: LogLine | None = None
        self.hide()

    def show_line(self, line: LogLine) -> None:
        level = line.level.capitalize()
        self._where.setText(f"{time_of(line)}   {line.server}   {level}   {line.logger}")
        message = _laid_out(line.message)
        more = len(message) - _LONGEST
        cut = f"\n... {more:,} more characters; Copy has them all." if more > 0 else ""
        self._line = line
        self._text.setPlainText(message[:_LONGEST] + cut)
        text = "" if isinstance(line, StoredLine) else self._call_text(line.call)
        show_text(self._call, text)
        self.show()

    def _call_text(self, call: str) -> str:
        record = self._context.history.find(call) if call else None
        if record is None:
            return f"Written during call {call}" if call else ""
        outcome = wording.CALLS.get(record.outcome)
        words = outcome.words.lower() if outcome else record.outcome
        what = f"{record.tool} ({record.client})" if record.client else record.tool
        time_taken = wording.milliseconds(record.ms)
        return f"Written during {what}: {words} after {time_taken}"


def _laid_out(message: str) -> str:
    """The message; where it ends in JSON, that part is indented over several lines."""
    starts = (at for at in (message.find("{"), message.find("[")) if at >= 0)
    at = min(starts, default=-1)
    if at < 0 or len(message) > _LONGEST:
        return message
    try:
        value = json.loads(message[at:])
    except (ValueError, RecursionError):
        return message
    if not isinstance(value, dict | list) or not value:
        return message
    return f"{message[:at].rstrip()}\n{json.dumps(value, ensure_ascii=False, indent=2)}".lstrip()
