"""Watches the files of connected clients, and calls back for each file that changed and settled.

It compares time, inode and size when the system reports a change, and at slow beats; it polls them
where the system reports nothing. `planning.entry_loss` decides what counts as wiped. The guard
stops for a file that is wiped again and again.
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

from app.system.folder_watch import FolderWatch
from app.system.heartbeat import seconds_to_slow_beat

log = logging.getLogger(__name__)

Signature = tuple[int, int, int] | None
_MISSING = (0, 0, 0)
"""The signature of a missing file in an existing folder."""


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """How often the guard polls, and how often it restores an entry."""

    poll_s: float = 1.0
    """Where the system reports no changes."""
    settle_s: float = 0.3
    full_check_s: float = 30.0
    """Some clients write their file every second: within this time only a quick check is made."""
    restores: int = 5
    per_s: float = 60.0


@dataclass(slots=True)
class Watched:
    """One guarded file and its state."""

    client: str
    path: Path
    signature: Signature = None
    is_changing: bool = True
    """It changed since it was last examined; true for a new file."""
    restored: deque[float] = field(default_factory=deque)
    stopped: bool = False
    attempts: int = 0
    """How many attempts in a row could not read or restore the file."""
    quick_until: float = 0.0
    needs_full_check: bool = False
    """It changed and only got a quick check, or could not be restored."""
    was_notified: bool = False
    """The user was notified that it cannot be restored."""

    def may_restore(self, policy: GuardPolicy) -> bool:
        """Whether the policy allows one more restore."""
        now = time.monotonic()
        while self.restored and now - self.restored[0] > policy.per_s:
            self.restored.popleft()
        return len(self.restored) < policy.restores

    def is_due(self) -> bool:
        """Whether it is time for a full check that is still to be made."""
        return self.needs_full_check and time.monotonic() > self.quick_until

    def count(self) -> None:
        self.restored.append(time.monotonic())


class Guard:
    """Calls `examine` for each watched file that changed and settled.

    `examine` returns whether to examine the file again a moment later. `each_round` is called after
    each look at all files.
    """

    def __init__(
        self,
        examine: Callable[[Watched], Awaitable[bool]],
        policy: GuardPolicy,
        each_round: Callable[[], Awaitable[None]],
    ) -> None:
        self.policy = policy
        self._examine = examine
        self._each_round = each_round
        self._watched: dict[tuple[str, Path], Watched] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._folders = FolderWatch(self._wake.set)

    def watch(self, files: Iterable[tuple[str, Path]]) -> None:
        """Watch these files only, and files already watched whose folder is missing."""
        wanted = dict.fromkeys(
            [*files, *(key for key in self._watched if _is_folder_missing(key[1]))]
        )
        for gone in self._watched.keys() - wanted.keys():
            del self._watched[gone]
        for client, path in wanted:
            if (client, path) not in self._watched:
                self._watched[client, path] = Watched(client, path)
                self._wake.set()

    def of(self, client: str) -> tuple[Watched, ...]:
        return tuple(each for each in self._watched.values() if each.client == client)

    def resume(self, client: str) -> None:
        """Guard the files of this client again after the guard stopped."""
        for watched in self.of(client):
            watched.stopped, watched.is_changing, watched.was_notified = False, True, False
            watched.restored.clear()
        self._wake.set()

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="clients guard")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._folders.close()

    async def _run(self) -> None:
        while True:
            is_reported = self._folders.watch(watched.path for watched in self._watched.values())
            moving = await self._round()
            await self._each_round()
            if moving:
                await asyncio.sleep(self.policy.settle_s)
            elif not self._watched:
                await self._wake.wait()
            else:
                pause = seconds_to_slow_beat() if is_reported else self.policy.poll_s
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
                watched.signature, watched.is_changing = signature, True
            elif watched.is_changing or watched.is_due():
                watched.is_changing = await self._examine_safely(watched)
        return any(each.is_changing and not each.stopped for each in self._watched.values())

    async def _examine_safely(self, watched: Watched) -> bool:
        try:
            return await self._examine(watched)
        except Exception:
            log.exception("The guard could not examine %s", watched.path)
            return False


def _is_folder_missing(path: Path) -> bool:
    return not os.path.lexists(path.parent)


def _signature(path: Path) -> Signature:
    try:
        found = os.stat(path)  # noqa: PTH116 - called in every round for each file
    except OSError:
        return None if _is_folder_missing(path) else _MISSING
    return found.st_mtime_ns, found.st_ino, found.st_size
