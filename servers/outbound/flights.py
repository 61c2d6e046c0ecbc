"""Equal questions in the air at the same time: one is worked on, the others wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _LeftError(Exception):
    """The caller that worked on the answer went away without one."""


class Flights(Generic[T]):
    """The questions in the air. The first caller of each works on it in its own task."""

    def __init__(self) -> None:
        self._in_air: dict[bytes, asyncio.Future[T]] = {}

    async def share(self, name: bytes, make: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """What `make` brings, and whether it was another caller's.

        When the caller that works on it is cancelled, one of those waiting begins anew.
        """
        while (flight := self._in_air.get(name)) is not None:
            try:
                return await asyncio.shield(flight), True
            except _LeftError:
                continue
        return await self._fly(name, make), False

    async def _fly(self, name: bytes, make: Callable[[], Awaitable[T]]) -> T:
        flight: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._in_air[name] = flight
        try:
            made = await make()
        except asyncio.CancelledError:
            _end(flight, _LeftError())
            raise
        except Exception as failure:
            _end(flight, failure)
            raise
        else:
            flight.set_result(made)
            return made
        finally:
            del self._in_air[name]


def _end(flight: asyncio.Future[T], failure: Exception) -> None:
    flight.set_exception(failure)
    flight.exception()  # nobody may be waiting, and that is no error
