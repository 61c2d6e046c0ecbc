"""Watches the files of connected clients, and puts Lou's entry back when one is wiped.

It polls what the system already knows of each file (no descriptor is held, no thread waits), and
reads a file only when that changed and came to rest. What counts as wiped is decided in `loss`.
A client that wipes again and again wins: the guard stops for it and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

Signature = tuple[int, int, int] | None
_MISSING = (0, 0, 0)
"""The signature of a file that is not there, while its folder is."""


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """How often the guard looks, and how many times it puts an entry back."""

    poll_s: float = 1.0
    settle_s: float = 0.3
    thorough_s: float = 30.0
    """Some clients write their file every second: within this time a glance at it will do."""
    restores: int = 5
    per_s: float = 60.0


@dataclass(slots=True)
class Watched:
    """One file under guard, and what was last known of it."""

    client: str
    path: Path
    signature: Signature = None
    is_moving: bool = True
    """It changed since it was last examined; a new one is examined once."""
    restored: deque[float] = field(default_factory=deque)
    stopped: bool = False
    looks: int = 0
    """How often in a row the file could not be read."""
    thorough_until: float = 0.0
    is_owed: bool = False
    """It was only glanced at since it changed, or could not be mended."""
    was_told: bool = False
    """The user knows that it cannot be mended."""

    def may_restore(self, policy: GuardPolicy) -> bool:
        """Whether one more restore is within the limit."""
        now = time.monotonic()
        while self.restored and now - self.restored[0] > policy.per_s:
            self.restored.popleft()
        return len(self.restored) < policy.restores

    def is_due(self) -> bool:
        """Whether a thorough look is owed, and its time has come."""
        return self.is_owed and time.monotonic() > self.thorough_until

    def count(self) -> None:
        """Note a restore."""
        self.restored.append(time.monotonic())


class Guard:
    """Calls `examine` for each watched file that changed and came to rest.

    `examine` returns whether the file should be looked at once more, a moment later. `pulse` is
    called at every round, for what else has to be looked at now and then.
    """

    def __init__(
        self,
        examine: Callable[[Watched], Awaitable[bool]],
        policy: GuardPolicy | None = None,
        pulse: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.policy = policy or GuardPolicy()
        self._examine = examine
        self._pulse = pulse
        self._watched: dict[tuple[str, Path], Watched] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    def watch(self, files: Iterable[tuple[str, Path]]) -> None:
        """Watch these files, and no others but those whose folder is away: it may come back."""
        wanted = dict.fromkeys([*files, *(key for key in self._watched if _is_away(key[1]))])
        for gone in self._watched.keys() - wanted.keys():
            del self._watched[gone]
        for client, path in wanted:
            if (client, path) not in self._watched:
                self._watched[client, path] = Watched(client, path)
                self._wake.set()

    def of(self, client: str) -> tuple[Watched, ...]:
        """What is watched of one client."""
        return tuple(each for each in self._watched.values() if each.client == client)

    def resume(self, client: str) -> None:
        """Start again where the guard stopped."""
        for watched in self.of(client):
            watched.stopped, watched.is_moving, watched.was_told = False, True, False
            watched.restored.clear()
        self._wake.set()

    def start(self) -> None:
        """Begin to watch."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="clients guard")

    async def stop(self) -> None:
        """Stop watching."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            moving = await self._round()
            if self._pulse is not None:
                await self._pulse()
            pause = self.policy.settle_s if moving else self.policy.poll_s
            if not self._watched:
                await self._wake.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            self._wake.clear()

    async def _round(self) -> bool:
        for watched in tuple(self._watched.values()):
            if watched.stopped:
                continue
            signature = _signature(watched.path)
            if signature != watched.signature:
                watched.signature, watched.is_moving = signature, True
            elif watched.is_moving or watched.is_due():
                watched.is_moving = await self._look(watched)
        return any(each.is_moving and not each.stopped for each in self._watched.values())

    async def _look(self, watched: Watched) -> bool:
        try:
            return await self._examine(watched)
        except Exception:
            log.exception("The guard could not look at %s", watched.path)
            return False


def _is_away(path: Path) -> bool:
    return not os.path.lexists(path.parent)


def _signature(path: Path) -> Signature:
    try:
        found = os.stat(path)  # noqa: PTH116 - a call a second for each file
    except OSError:
        return None if _is_away(path) else _MISSING
    return found.st_mtime_ns, found.st_ino, found.st_size
