"""Limits the rate and the number of simultaneous calls to one provider.

In: calls with deadlines. Out: their turn, or an error at once if the turn would come too late. The
libraries for this only wait; this queue knows its waiting time and can refuse early.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from servers.outbound.failure import Kind, OutboundError


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits of a provider: calls per second (0: no limit), simultaneous calls, waiting calls."""

    per_second: float = 0.0
    at_once: int = 16
    waiting: int = 64


class Limiter:
    """The queue of one provider."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._places = asyncio.Semaphore(pace.at_once)
        self._next_start = 0.0
        self._waiting = 0

    @asynccontextmanager
    async def place(self, deadline: float) -> AsyncIterator[None]:
        """Enter when it is this call's turn; leave when the call ended.

        Raises:
            OutboundError: BUSY, when the queue is full or the turn would come after `deadline`.
        """
        if self._waiting >= self.pace.waiting and self._places.locked():
            raise OutboundError(
                Kind.BUSY, f"{self._waiting} calls already wait for it; try again in a few seconds"
            )
        await self._take_place(deadline)
        try:
            await self._take_turn(deadline)
            yield
        finally:
            self._places.release()

    async def _take_place(self, deadline: float) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            raise OutboundError(Kind.BUSY, "all its places were taken until the deadline") from None
        finally:
            self._waiting -= 1

    async def _take_turn(self, deadline: float) -> None:
        if not self.pace.per_second:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_start)
        if start >= deadline:
            raise OutboundError(Kind.BUSY, f"its turn would come in {start - now:.0f} s, too late")
        self._next_start = start + 1 / self.pace.per_second
        if start > now:
            await asyncio.sleep(start - now)
