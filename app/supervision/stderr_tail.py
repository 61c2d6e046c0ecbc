"""Limits how many stderr lines of a server reach the log, and keeps the last ones.

In: lines as bytes. Out: text lines to `tell`, and the last line for an error message.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

LONGEST = 4096
"""Bytes of one line; the rest is cut off."""
_AT_ONCE = 200
_PER_SECOND = 50.0
_KEPT = 50
_NO_NEWS = ("^", "~")


class StderrTail:
    """Passes lines on at a limited rate, reports how many it dropped, and keeps the last."""

    def __init__(
        self, pass_on: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pass_on, self._clock = pass_on, clock
        self._allowance = float(_AT_ONCE)
        self._at = clock()
        self._kept: deque[bytes] = deque(maxlen=_KEPT)
        self._dropped = 0

    def take(self, line: bytes) -> None:
        """Handle one line, without its newline."""
        self._kept.append(line)
        now = self._clock()
        self._allowance = min(_AT_ONCE, self._allowance + (now - self._at) * _PER_SECOND)
        self._at = now
        if self._allowance < 1:
            self._dropped += 1
            return
        self._allowance -= 1
        self.report_dropped()
        self._pass_on(_text(line))

    @property
    def has_dropped(self) -> bool:
        """Whether lines were dropped that are not reported yet."""
        return self._dropped > 0

    def finish(self) -> None:
        """The process ended: pass on the last lines even if they were dropped."""
        unreported = min(self._dropped, len(self._kept))
        last = list(self._kept)[len(self._kept) - unreported :]
        self.report_dropped(unreported)
        for line in last:
            self._pass_on(_text(line))

    def last_words(self) -> str:
        """The last line that has text, for an error message."""
        for line in reversed(self._kept):
            text = _text(line).strip()
            if text.strip("".join(_NO_NEWS)):
                return text
        return ""

    def report_dropped(self, shown_now: int = 0) -> None:
        """Tell how many lines were dropped, but for the `shown_now` that follow."""
        missing = self._dropped - shown_now
        if missing > 0:
            self._pass_on(f"WARNING: {missing} lines left out: more than {_PER_SECOND:g} a second")
        self._dropped = 0


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r")
