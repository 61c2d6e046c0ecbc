"""Whether and when a failed call is sent again: pure arithmetic over a shared budget.

Retries of one provider together stay under a tenth of its calls, so that a dead provider sees
about the load of a healthy one. (Retry libraries count per call and know no budget.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from servers.outbound.failure import OutboundError

MOST_RETRIES = 2
SHORTEST_TRY_S = 0.1
"""Less time than this before the deadline is not worth a request."""
_FIRST_S = 0.3
_LONGEST_S = 5.0


def pause(
    failure: OutboundError, attempt: int, remaining: float, jitter: Callable[[], float]
) -> float | None:
    """Seconds to wait before sending again after the failed `attempt` (from 0); None: do not.

    A provider's own Retry-After is honoured or, when it lies past the deadline, not waited for.
    """
    if not failure.transient or attempt >= MOST_RETRIES:
        return None
    wait = failure.retry_after
    if wait is None:
        wait = min(_FIRST_S * 2**attempt, _LONGEST_S) * jitter()
    return wait if wait + SHORTEST_TRY_S < remaining else None


def seconds(header: str | None, now: float) -> float | None:
    """What a Retry-After header asks for, as seconds from the epoch time `now`."""
    if not header:
        return None
    try:
        wanted = float(header)
        return max(0.0, wanted) if math.isfinite(wanted) else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


class Budget:
    """How many retries a provider may still see: one to begin with, then 9 for 100 calls."""

    _SHARE = 0.09
    _MOST = 10.0

    def __init__(self) -> None:
        self._balance = 1.0

    def call(self) -> None:
        """Count a first sending."""
        self._balance = min(self._balance + self._SHARE, self._MOST)

    def take(self) -> bool:
        """Pay for a retry, if the budget allows it."""
        if self._balance < 1.0:
            return False
        self._balance -= 1.0
        return True
