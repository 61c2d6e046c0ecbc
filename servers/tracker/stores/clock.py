"""The order of changes within one store."""

from __future__ import annotations

import time


class Clock:
    """The store's order: microseconds since 1970, and never the same or an earlier one twice."""

    def __init__(self) -> None:
        self.last = 0

    def tick(self) -> int:
        """A moment after all others."""
        self.last = max(time.time_ns() // 1000, self.last + 1)
        return self.last
