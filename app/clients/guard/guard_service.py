"""Connects the guard with the client files: restores lost entries and notifies the user.

In: inspected files. Out: `notices`, and `examined` with the id of a client whose file changed.
"""

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
from app.clients.guard.restore import GuardFinding, Outcome
from app.clients.planning.file_state import RefusedError
from app.clients.running import OldCopies
from app.clients.views import ClientContext, Inspected
from app.errors import ClientConfigError
from app.system.listeners import Listeners
from app.views import Notice

log = logging.getLogger(__name__)

_PAGE = "clients"
_MOST_ATTEMPTS = 5
"""For a file that cannot be read or restored: its client may still be writing it."""


class GuardService:
    """Guards the files of connected clients. `examined` announces the id of the client."""

    def __init__(
        self,
        files: ClientFiles,
        row: Callable[[str], Client],
        guards: Callable[[], bool],
        policy: GuardPolicy,
    ) -> None:
        self.examined: Listeners[str] = Listeners()
        self.notices: Listeners[Notice] = Listeners()
        self._files = files
        self._row = row
        self._guards = guards
        self._old_copies = OldCopies()
        self._guard = Guard(self._examine, policy, self._each_round)
        self.start, self.stop, self.resume = self._guard.start, self._guard.stop, self._guard.resume

    def watch(self, files: Iterable[tuple[Client, Inspected]]) -> None:
        wanted = [(row, each) for row, each in files if each.record.wanted]
        self._guard.watch((row.id, each.file.path) for row, each in wanted)
        for row, each in wanted:
            self._old_copies.note((row.id, each.file.path), each.record.cached_by)

    def described(self, id: str, context: ClientContext) -> ClientContext:
        """`context` with the state of the guard."""
        watched = self._guard.of(id)
        if not watched or not self._guards():
            return replace(context, guard="off")
        stopped = any(each.stopped for each in watched)
        return replace(context, guard="stopped" if stopped else "watching")

    async def _examine(self, watched: Watched) -> bool:
        row = self._row(watched.client)
        file = self._files.file(row, watched.path)
        if time.monotonic() < watched.quick_until:
            watched.needs_full_check = await asyncio.to_thread(restore.is_untouched, file)
            if watched.needs_full_check:
                return False
        watched.needs_full_check = False
        watched.quick_until = time.monotonic() + self._guard.policy.full_check_s
        finding = await asyncio.to_thread(restore.examine, row, file)
        again = await self._follow(row, watched, finding)
        if not again:
            watched.attempts = 0
            self.examined.notify(row.id)
        return again

    async def _follow(self, row: Client, watched: Watched, finding: GuardFinding) -> bool:
        """Act on the finding; returns whether to examine the file again soon."""
        if finding.outcome is Outcome.UNREADABLE:
            return self._shall_retry(watched) or self._notify_once(watched, _unreadable_notice(row))
        if finding.outcome is Outcome.REMOVED:
            log.info("%s: %s was taken out by hand", row.name, ", ".join(finding.ours))
            self.notices.notify(_removed_notice(row, finding))
        elif finding.outcome is Outcome.WIPED and self._guards():
            return await self._restore_wiped(row, watched, finding)
        watched.was_notified = False
        return False

    async def _restore_wiped(self, row: Client, watched: Watched, finding: GuardFinding) -> bool:
        if not watched.may_restore(self._guard.policy):
            watched.stopped = True
            log.warning("%s keeps wiping %s; the guard stopped", row.name, watched.path)
            self.notices.notify(_stopped_notice(row, len(watched.restored)))
            return False
        if not watched.attempts:  # a later attempt is for the same wipe
            watched.count()
        try:
            await asyncio.to_thread(self._put_back, row, watched)
        except (ClientConfigError, RefusedError) as failure:
            trouble = failure
            if isinstance(failure, RefusedError):
                trouble = as_error(row, watched.path, failure)
            log.warning("Lou's entry was not put back: %s", trouble)
            return self._shall_retry(watched) or self._notify_once(
                watched, _not_put_back(row, str(trouble))
            )
        log.warning("%s lost %s; put back", row.name, ", ".join(finding.ours))
        if len(watched.restored) == 1:
            self.notices.notify(_put_back(row, finding))
        watched.was_notified = False
        return False

    def _shall_retry(self, watched: Watched) -> bool:
        """Whether to try again soon: an unreadable file may be half written."""
        watched.attempts += 1
        return watched.attempts < _MOST_ATTEMPTS

    def _notify_once(self, watched: Watched, notice: Notice) -> bool:
        """Notify the user once, and schedule a full check; returns False for no early retry."""
        if not watched.was_notified:
            self.notices.notify(notice)
        watched.was_notified = watched.needs_full_check = True
        return False

    def _put_back(self, row: Client, watched: Watched) -> None:
        file = self._files.file(row, watched.path)
        platform = self._files.places.platform
        found = running.instances(row, platform) if row.rewrites else ()
        restore.put_back(row, file, self._files.desired(), found)

    async def _each_round(self) -> None:
        for client, path in self._old_copies.expired():
            file = self._files.file(self._row(client), path)
            await asyncio.to_thread(restore.forget_old_copies, file)


def _put_back(row: Client, finding: GuardFinding) -> Notice:
    lost = f" It also lost {', '.join(finding.others)}: Clients, Restore." if finding.others else ""
    return Notice(
        "client_restored",
        f"{row.name} had lost Lou's entry",
        f"Lou put it back. {row.reload_words}{lost}",
        "warning" if finding.others else "info",
        action=_PAGE,
    )


def _stopped_notice(row: Client, times: int) -> Notice:
    return Notice(
        "client_guard_stopped",
        f"{row.name} keeps wiping its settings",
        f"Lou put its entry back {times} times within a minute and stopped. "
        f"Quit {row.name}, then press Connect.",
        "error",
        action=_PAGE,
    )


def _removed_notice(row: Client, finding: GuardFinding) -> Notice:
    return Notice(
        "client_removed",
        f"{row.name}: {', '.join(finding.ours)} was taken out",
        "Lou leaves it out. Connect puts it back.",
        "info",
        action=_PAGE,
    )


def _unreadable_notice(row: Client) -> Notice:
    return Notice(
        "client_unreadable",
        f"The settings of {row.name} cannot be read",
        "Lou leaves the file as it is. The Clients page shows the line.",
        action=_PAGE,
    )


def _not_put_back(row: Client, why: str) -> Notice:
    return Notice("client_not_restored", f"{row.name} lost Lou's entry", why, "error", action=_PAGE)
