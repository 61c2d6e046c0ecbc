"""Reading on the spot: one connection of the loop's own thread, which waits for nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

import apsw

T = TypeVar("T")

_FEW_STEPS = 5_000
"""Of SQLite's machine for one statement, a fraction of a millisecond; a hundred rows take 3,000."""
_SMALL_CACHE = "PRAGMA cache_size = -2048"


class ReadConnection:
    """Opens its connection when it is first needed."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._connection: apsw.Connection | None = None

    def look_up(self, work: Callable[[apsw.Connection], T]) -> T:
        """What `work` finds in a moment.

        Raises:
            apsw.InterruptError: that was not enough.
            apsw.Error: the file cannot be read, or not without waiting.
        """
        return work(self._connection or self._opened())

    def let_go(self) -> None:
        """Close the file."""
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):
                self._connection.close()
            self._connection = None

    def _opened(self) -> apsw.Connection:
        self._connection = connection = self._connect()
        connection.set_busy_timeout(0)
        connection.execute(_SMALL_CACHE)
        connection.set_progress_handler(lambda: True, _FEW_STEPS)
        return connection
