"""Joins the guard with the files: what each look comes to, and what the user hears of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from app.clients import running
from app.clients.catalog import Client
from app.clients.files.client_files import ClientFiles, as_error
from app.clients.guard import restore
from app.clients.guard.file_guard import Guard, GuardPolicy, Watched
from app.clients.guard.restore import Look, Outcome
from app.clients.planning.file_state import RefusedError
from app.clients.running import OldCopies
from app.clients.views import ClientContext, Inspected
from app.errors import ClientConfigError
from app.system.listeners import Listeners
from app.views import Notice

log = logging.getLogger(__name__)

_PAGE = "clients"
_LOOKS = 5
"""How often a file that cannot be read is looked at again: its client may still be writing it."""


class GuardService:
    """The guard over the files of connected clients. `looked` tells whose file was looked at."""

    def __init__(
        self,
        workshop: ClientFiles,
        row: Callable[[str], Client],
        guards: Callable[[], bool],
        policy: GuardPolicy | None = None,
    ) -> None:
        self.looked: Listeners[str] = Listeners()
        self.notices: Listeners[Notice] = Listeners()
        self._workshop = workshop
        self._row = row
        self._guards = guards
        self._old = OldCopies()
        self._guard = Guard(self._examine, policy, self._pulse)

    def watch(self, files: Iterable[tuple[Client, Inspected]]) -> None:
        """Watch those of these files that the user connected."""
        wanted = [(row, each) for row, each in files if each.record.wanted]
        self._guard.watch((row.id, each.file.path) for row, each in wanted)
        for row, each in wanted:
            self._old.note((row.id, each.file.path), each.record.cached_by)

    def described(self, id: str, around: ClientContext) -> ClientContext:  # noqa: A002
        """`around` with the state of the guard."""
        watched = self._guard.of(id)
        if not watched or not self._guards():
            return replace(around, guard="off")
        stopped = any(each.stopped for each in watched)
        return replace(around, guard="stopped" if stopped else "watching")

    def resume(self, id: str) -> None:  # noqa: A002 - the row's own word
        """Go on where the guard stopped."""
        self._guard.resume(id)

    def start(self) -> None:
        """Begin to watch."""
        self._guard.start()

    async def stop(self) -> None:
        """Stop watching."""
        await self._guard.stop()

    async def _examine(self, watched: Watched) -> bool:
        row = self._row(watched.client)
        file = self._workshop.file(row, watched.path)
        if time.monotonic() < watched.thorough_until:
            watched.is_owed = await asyncio.to_thread(restore.is_untouched, file)
            if watched.is_owed:
                return False
        watched.is_owed = False
        watched.thorough_until = time.monotonic() + self._guard.policy.thorough_s
        look = await asyncio.to_thread(restore.look, row, file)
        again = await self._follow(row, watched, look)
        if not again:
            watched.looks = 0
            self.looked.tell(row.id)
        return again

    async def _follow(self, row: Client, watched: Watched, look: Look) -> bool:
        """Do what the look asks for; whether to look once more."""
        if look.outcome is Outcome.UNREADABLE:
            return self._is_patient(watched) or self._say_once(watched, _unreadable(row))
        if look.outcome is Outcome.REMOVED:
            log.info("%s: %s was taken out by hand", row.name, ", ".join(look.ours))
            self.notices.tell(_removed(row, look))
        elif look.outcome is Outcome.WIPED and self._guards():
            return await self._wiped(row, watched, look)
        watched.was_told = False
        return False

    async def _wiped(self, row: Client, watched: Watched, look: Look) -> bool:
        if not watched.may_restore(self._guard.policy):
            watched.stopped = True
            log.warning("%s keeps wiping %s; the guard stopped", row.name, watched.path)
            self.notices.tell(_stopped(row, len(watched.restored)))
            return False
        if not watched.looks:  # else it is the same wipe, looked at again
            watched.count()
        try:
            await asyncio.to_thread(self._put_back, row, watched)
        except (ClientConfigError, RefusedError) as failure:
            trouble = failure
            if isinstance(failure, RefusedError):
                trouble = as_error(row, watched.path, failure)
            log.warning("Lou's entry was not put back: %s", trouble)
            return self._is_patient(watched) or self._say_once(
                watched, _not_put_back(row, str(trouble))
            )
        log.warning("%s lost %s; put back", row.name, ", ".join(look.ours))
        if len(watched.restored) == 1:
            self.notices.tell(_put_back(row, look))
        watched.was_told = False
        return False

    def _is_patient(self, watched: Watched) -> bool:
        """A file that cannot be read may be half written: it gets a few more looks."""
        watched.looks += 1
        return watched.looks < _LOOKS

    def _say_once(self, watched: Watched, notice: Notice) -> bool:
        """Tell, unless it was told already; and come back later."""
        if not watched.was_told:
            self.notices.tell(notice)
        watched.was_told = watched.is_owed = True
        return False

    def _put_back(self, row: Client, watched: Watched) -> None:
        file = self._workshop.file(row, watched.path)
        platform = self._workshop.places.platform
        found = running.instances(row, platform) if row.rewrites else ()
        restore.put_back(row, file, self._workshop.wish(), found)

    async def _pulse(self) -> None:
        for client, path in self._old.outlived():
            file = self._workshop.file(self._row(client), path)
            await asyncio.to_thread(restore.forget_old_copies, file)


def _put_back(row: Client, look: Look) -> Notice:
    lost = f" It also lost {', '.join(look.others)}: Clients, Restore." if look.others else ""
    return Notice(
        "client_restored",
        f"{row.name} had lost Lou's entry",
        f"Lou put it back. {row.reload_words}{lost}",
        "warning" if look.others else "info",
        action=_PAGE,
    )


def _stopped(row: Client, times: int) -> Notice:
    return Notice(
        "client_guard_stopped",
        f"{row.name} keeps wiping its settings",
        f"Lou put its entry back {times} times within a minute and stopped. "
        f"Quit {row.name}, then press Connect.",
        "error",
        action=_PAGE,
    )


def _removed(row: Client, look: Look) -> Notice:
    return Notice(
        "client_removed",
        f"{row.name}: {', '.join(look.ours)} was taken out",
        "Lou leaves it so. Connect puts it back.",
        "info",
        action=_PAGE,
    )


def _unreadable(row: Client) -> Notice:
    return Notice(
        "client_unreadable",
        f"The settings of {row.name} cannot be read",
        "Lou leaves the file as it is. The Clients page shows the line.",
        action=_PAGE,
    )


def _not_put_back(row: Client, why: str) -> Notice:
    return Notice("client_not_restored", f"{row.name} lost Lou's entry", why, "error", action=_PAGE)
