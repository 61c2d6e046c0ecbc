"""Equal questions in the air at the same time: one is worked on, all wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    work: asyncio.Task[T]
    waiting: int = 0


class Flights(Generic[T]):
    """The questions in the air; each is worked on in its own task, as long as anybody waits."""

    def __init__(self) -> None:
        self._in_air: dict[bytes, _Flight[T]] = {}

    async def share(
        self, name: bytes, make: Callable[[], Coroutine[Any, Any, T]]
    ) -> tuple[T, bool]:
        """What `make` brings, and whether it was another caller's.

        A caller that is cancelled leaves the others their answer; with the last one the work ends.
        """
        flight = self._in_air.get(name)
        is_shared = flight is not None
        if flight is None:
            flight = _Flight(asyncio.create_task(make()))
            self._in_air[name] = flight
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.work), is_shared
        finally:
            flight.waiting -= 1
            if not flight.waiting or flight.work.done():
                self._end(name, flight)

    def _end(self, name: bytes, flight: _Flight[T]) -> None:
        if self._in_air.get(name) is flight:
            del self._in_air[name]
        flight.work.cancel()
