"""The log lines of all servers: the newest in memory, all in files.

In: lines of any length, which are redacted first. Out: lines by running number (memory) or by query
(files), and an announcement for each.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from operator import attrgetter
from pathlib import Path

from app.logs import log_search, log_writer
from app.logs.line_format import Line
from app.logs.log_search import Cursor, LogPage, LogQuery
from app.logs.log_writer import LogWriter
from app.system.listeners import Listeners
from servers.contract import harmless

_LONGEST_LOGGER = 120

LEVELS: tuple[str, ...] = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def is_at_least(level: str, least: str) -> bool:
    """Whether `level` reaches `least`; every level reaches an empty one."""
    return not least or LEVELS.index(level) >= LEVELS.index(least)


class Logbook:
    """Takes all lines and answers all readers."""

    def __init__(
        self,
        folder: Path,
        redact: Callable[[str], str],
        *,
        ring: int = 5_000,
        total_bytes: int = 200_000_000,
    ) -> None:
        self.changed: Listeners[int] = Listeners()
        """The newest running number, for every line; a listener must be fast."""
        self.folder = folder
        self.newest = 0
        """The running number of the last line."""
        self._redact = redact
        self._size = ring
        self._rings: dict[str, deque[Line]] = {}
        self._writer = LogWriter(folder, total_bytes)
        self._level = LEVELS.index("INFO")

    @property
    def problem(self) -> str:
        """Why lines wait in memory; empty while they are stored."""
        return self._writer.problem

    def keep_from(self, level: str) -> None:
        """Drop every later line below `level`."""
        self._level = LEVELS.index(level)

    def add(
        self,
        server: str,
        level: str,
        logger: str,
        message: str,
        *,
        at: float | None = None,
        call: str = "",
    ) -> None:
        """Store one line, after its secrets were replaced."""
        known = level if level in LEVELS else "INFO"
        if LEVELS.index(known) < self._level:
            return
        number = self.newest + 1
        when = time.time() if at is None else at
        logger_name = harmless.one_line(logger, _LONGEST_LOGGER)
        line = Line(
            number, when, server, known, logger_name, harmless.logged(self._redact(message)), call
        )
        ring = self._rings.get(server)
        if ring is None:
            ring = self._rings[server] = deque(maxlen=self._size)
        ring.append(line)
        self._writer.put(server, line)
        self.newest = number  # last, so that a reader in a thread finds the line
        self.changed.notify(number)

    def servers(self) -> tuple[str, ...]:
        """The servers that have lines in memory or on disk."""
        return tuple(sorted({*self._rings, *log_writer.servers(self.folder)}))

    def since(self, n: int, server: str | None = None, limit: int = 5_000) -> list[Line]:
        """The lines in memory with a number above `n`, oldest first; the newest `limit` of them."""
        rings = self._rings.values() if server is None else [self._rings.get(server, deque())]
        newest_first = merge(*(_back_to(ring, n) for ring in rings), key=_NUMBER, reverse=True)
        found = list(islice(newest_first, limit))
        found.reverse()
        return found

    def page(
        self,
        wanted: LogQuery,
        before: Cursor | None = None,
        *,
        limit: int = 500,
        budget_s: float = 0.2,
    ) -> LogPage:
        """The newest stored lines that match, from `before` backwards; safe in a thread.

        The search stops after `budget_s` seconds; the cursor of the page continues it.
        """
        self._writer.flush()
        return log_search.page(self.folder, wanted, before, limit=limit, budget_s=budget_s)

    def resize(self, total_bytes: int) -> None:
        """Limit the size of all files together."""
        self._writer.total_bytes = total_bytes

    def close(self) -> None:
        """Write every line to disk."""
        self._writer.close()


def _back_to(ring: deque[Line], n: int) -> Iterator[Line]:
    for line in reversed(ring):
        if line.n <= n:
            return
        yield line


_NUMBER = attrgetter("n")
