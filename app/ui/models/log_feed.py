"""Reads a logbook for the Logs page: stored lines page by page, then the new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.logs.line_format import Line
from app.logs.log_search import Cursor, LogQuery
from app.logs.logbook import Logbook, is_at_least
from app.ui.models.logs import LogLine, time_of

_FIRST = 400
_MORE = 300
_BUDGET_S = 0.1
MOST_AT_ONCE = 5_000


class LogFeed:
    """Reads the lines of one logbook that match one query."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook
        self.wanted = LogQuery()
        self._newest = 0
        self._before: Cursor | None = None
        self._stored_tail: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def has_older(self) -> bool:
        """Whether there are older stored lines to read."""
        return self._before is not None

    @property
    def missed(self) -> int:
        """How many lines were logged since the last read."""
        return self._logbook.newest - self._newest

    async def begin(self, wanted: LogQuery) -> list[LogLine]:
        """Start the query `wanted`; returns the newest stored lines that match, oldest first."""
        self.wanted = wanted
        self._newest = self._logbook.newest
        page = await asyncio.to_thread(
            self._logbook.page, wanted, None, limit=_FIRST, budget_s=_BUDGET_S
        )
        self._before = page.before
        # Lines logged during the read are in the files and in memory; `new` drops the second copy.
        self._stored_tail = frozenset(_key(line) for line in page.lines)
        return list(reversed(page.lines))

    def new(self) -> list[LogLine]:
        """The matching lines since the last read, oldest first."""
        newest = self._logbook.newest
        lines = self._logbook.since(self._newest, self.wanted.server or None, MOST_AT_ONCE)
        self._newest = max(newest, lines[-1].n if lines else 0)
        tail, self._stored_tail = self._stored_tail, frozenset()
        chosen = self._chosen(lines)
        stored = max(
            (place for place, line in enumerate(chosen, 1) if _key(line) in tail), default=0
        )
        return chosen[stored:]

    async def older(self) -> list[LogLine]:
        """The next older matching lines, oldest first; fewer when the time budget ran out."""
        page = await asyncio.to_thread(
            self._logbook.page, self.wanted, self._before, limit=_MORE, budget_s=_BUDGET_S
        )
        self._before = page.before
        return list(reversed(page.lines))

    def _chosen(self, lines: Sequence[Line]) -> list[LogLine]:
        level, text = self.wanted.level, self.wanted.text.lower()
        return [
            line
            for line in lines
            if is_at_least(line.level, level)
            and (not text or text in f"{line.logger} {line.level} {line.message}".lower())
        ]


def _key(line: LogLine) -> tuple[str, str, str]:
    return line.server, time_of(line), line.message
