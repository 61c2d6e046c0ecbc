"""Decides whether and when a failed call is sent again. Pure.

In: a failure, the attempt and the time left. Out: the pause, or None. All retries to one provider
stay under a tenth of its calls, so that a failing provider gets hardly more load than a healthy
one; retry libraries count per call and have no such budget.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from servers.outbound.failure import OutboundError

MOST_RETRIES = 2
SHORTEST_TRY_S = 0.1
"""Seconds before the deadline below which no request is sent."""
_FIRST_S = 0.3
_LONGEST_S = 5.0


def pause(
    failure: OutboundError, attempt: int, remaining: float, jitter: Callable[[], float]
) -> float | None:
    """Seconds to wait before the next attempt after the failed `attempt` (from 0); None: give up.

    The provider's Retry-After is obeyed; if it ends after the deadline there is no retry.
    """
    if not failure.transient or attempt >= MOST_RETRIES:
        return None
    wait = failure.retry_after
    if wait is None:
        wait = min(_FIRST_S * 2**attempt, _LONGEST_S) * jitter()
    return wait if wait + SHORTEST_TRY_S < remaining else None


def seconds(header: str | None, now: float) -> float | None:
    """A Retry-After header as seconds from the epoch time `now`; None if it cannot be read."""
    if not header:
        return None
    try:
        delay = float(header)
        return max(0.0, delay) if math.isfinite(delay) else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


class Budget:
    """The retries left for one provider: one at the start, then 9 for 100 calls."""

    _SHARE = 0.09
    _MOST = 10.0

    def __init__(self) -> None:
        self._balance = 1.0

    def call(self) -> None:
        """Count a call that is not a retry."""
        self._balance = min(self._balance + self._SHARE, self._MOST)

    def take(self) -> bool:
        """Use one retry; False if none is left."""
        if self._balance < 1.0:
            return False
        self._balance -= 1.0
        return True
