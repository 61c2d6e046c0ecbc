"""What a server writes on stderr: passed on in moderation, and its end kept for an obituary."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

LONGEST = 4096
"""Bytes of one line; the rest of it is left out."""
_AT_ONCE = 200
_PER_SECOND = 50.0
_KEPT = 50
_NO_NEWS = ("^", "~")


class StderrTail:
    """A flood reaches `tell` as its first lines and a count; the last lines are always kept."""

    def __init__(
        self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._clock = tell, clock
        self._allowance = float(_AT_ONCE)
        self._at = clock()
        self._kept: deque[bytes] = deque(maxlen=_KEPT)
        self._untold = 0

    def take(self, line: bytes) -> None:
        """One line, without its newline."""
        self._kept.append(line)
        now = self._clock()
        self._allowance = min(_AT_ONCE, self._allowance + (now - self._at) * _PER_SECOND)
        self._at = now
        if self._allowance < 1:
            self._untold += 1
            return
        self._allowance -= 1
        self._tell_untold(0)
        self._tell(_text(line))

    def catch_up(self) -> None:
        """Some time passed: say what was left out, whether another line follows or not."""
        self._tell_untold(0)

    @property
    def owes(self) -> bool:
        """Whether lines were left out that nobody was told of."""
        return self._untold > 0

    def finish(self) -> None:
        """The process is gone: tell the last lines too."""
        untold = min(self._untold, len(self._kept))
        last = list(self._kept)[len(self._kept) - untold :]
        self._tell_untold(untold)
        for line in last:
            self._tell(_text(line))

    def verdict(self) -> str:
        """The last line that says something, for one sentence."""
        for line in reversed(self._kept):
            text = _text(line).strip()
            if text.strip("".join(_NO_NEWS)):
                return text
        return ""

    def _tell_untold(self, told_now: int) -> None:
        missing = self._untold - told_now
        if missing > 0:
            self._tell(f"WARNING: {missing} lines left out: more than {_PER_SECOND:g} a second")
        self._untold = 0


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r")
