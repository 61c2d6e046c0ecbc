"""The interface to the clients for the rest of Lou: their states, and the verbs that change them.

In: verbs with a client's id, client events, calls. Out: `ClientView`s and notices. Nothing here
blocks: threads read and write the files, one change at a time for each client.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.clients import catalog, running
from app.clients.catalog import Client
from app.clients.files.client_files import ClientFiles
from app.clients.files.locations import Places, is_installed
from app.clients.guard import restore as restoring
from app.clients.guard.file_guard import GuardPolicy
from app.clients.guard.guard_service import GuardService
from app.clients.manual_setup import ManualSetup
from app.clients.planning.file_state import FileState
from app.clients.planning.plan import DesiredEntries
from app.clients.proof_tracker import Proofs
from app.clients.running import Instance
from app.clients.views import ClientContext, ClientView, Inspected, client_view
from app.errors import AppError, ClientConfigError
from app.system.background_tasks import BackgroundTasks
from app.system.listeners import Listeners
from app.system.safe_write import Disk
from app.views import CallRecord, ClientEvent, Notice

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientChoices:
    """The user's settings about clients, read each time they are needed."""

    guards: Callable[[], bool] = lambda: True
    """Restore Lou's entry when a client loses it."""
    repairs: Callable[[], bool] = lambda: False
    """Update the entries without asking after Lou moved."""
    is_known: Callable[[], bool] = lambda: True
    """Whether config.json was read, so that Lou knows which servers the clients should have."""


class Clients:
    """Every client in the catalog. `changed` announces the id of a client whose view changed.

    Raises:
        ClientConfigError: a file cannot be changed, and nothing was written.
    """

    def __init__(
        self,
        folder: Path,
        desired: Callable[[], DesiredEntries],
        *,
        places: Places | None = None,
        choices: ClientChoices | None = None,
        policy: GuardPolicy | None = None,
    ) -> None:
        self.changed: Listeners[str] = Listeners()
        self.notices: Listeners[Notice] = Listeners()
        self._places = places or Places.here()
        self._rows = catalog.clients()
        self.by_hand = ManualSetup(self._rows, desired, self._places.platform)
        self._choices = choices or ClientChoices()
        disk = Disk()
        self._files = ClientFiles(folder, desired, self._places, disk)
        self._proofs = Proofs(disk, folder / "proofs.json", self._rows)
        self._guard = GuardService(
            self._files, self._row, self._choices.guards, policy or GuardPolicy()
        )
        self._guard.examined.subscribe(lambda name: self._background.start(self.refresh(name)))
        self._guard.notices.subscribe(self.notices.notify)
        self._views: dict[str, ClientView] = {}
        self._inspected: dict[str, tuple[tuple[Inspected, ...], ClientContext]] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._background = BackgroundTasks()

    async def start(self) -> None:
        """Inspect every client, repair if the user allows it, and watch connected files."""
        await asyncio.to_thread(self._files.sweep)
        self._proofs.load()
        await self.refresh()
        if self._choices.repairs():
            for view in self.views():
                if view.wanted and view.state == FileState.OUTDATED.value:
                    await self._repair_unasked(view)
        self._guard.start()

    async def stop(self) -> None:
        await self._guard.stop()
        await self._background.stop()
        await asyncio.to_thread(self._proofs.save)

    def views(self) -> tuple[ClientView, ...]:
        """Every client as last inspected."""
        return tuple(self._views[row.id] for row in self._rows if row.id in self._views)

    def view(self, id: str) -> ClientView:
        """One client as last inspected; before that, a view without files."""
        row = self._row(id)
        return self._views.get(id) or client_view(row, (), ClientContext(), self._proofs.of(id))

    async def refresh(self, *ids: str) -> tuple[ClientView, ...]:
        """Inspect these clients again, or all; a failure of one does not stop the others."""
        rows = [self._row(id) for id in ids] or list(self._rows)
        for row in rows:
            await self._refresh_one(row)
        self._watch_connected()
        return self.views()

    async def connect(
        self, id: str, *, replace_foreign: bool = False, restart: bool = False
    ) -> ClientView:
        """Write Lou's entries; with `restart`, quit the client before and start it after."""
        row = self._row(id)
        if not self._choices.is_known():
            raise ClientConfigError(
                "config.json cannot be read, so Lou does not know all of your servers.",
                "Mend it first: lou doctor says where.",
                code="broken_config",
            )
        was_running = restart and await self.quit(id)
        async with self._locks[id]:
            await asyncio.to_thread(self._files.connect, row, replace_foreign=replace_foreign)
        self._guard.resume(id)
        if was_running:
            await running.reopen(row, self._places.platform)
        return await self._refreshed_view(row)

    async def disconnect(self, id: str) -> ClientView:
        """Remove what Lou wrote, and nothing else."""
        return await self._edit(id, self._files.disconnect)

    async def undo(self, id: str, *, force: bool = False) -> ClientView:
        """Restore the exact bytes that the last change replaced; `force` drops later changes."""
        return await self._edit(id, partial(self._files.undo, force=force))

    async def diff(self, id: str, action: str = "connect") -> str:
        """A diff of what connect, disconnect or undo would change; empty for no change."""
        return await asyncio.to_thread(self._files.diff, self._row(id), action)

    async def restore(self, id: str) -> ClientView:
        """Restore the user's own lost entries from the last good copy."""
        return await self._edit(id, self._files.restore)

    async def dismiss(self, id: str) -> ClientView:
        """Accept the file as it is: lost entries are not offered again."""
        return await self._edit(id, self._files.accept)

    async def quit(self, id: str) -> bool:
        """Ask a running client to quit; False when it was not running, an error if it stays."""
        row = self._row(id)
        found = await asyncio.to_thread(running.instances, row, self._places.platform)
        if found and not await running.quit_politely(row, self._places.platform):
            raise ClientConfigError(
                f"{row.name} is still running.", row.reload_words, code="still_running"
            )
        return bool(found)

    def saw(self, event: ClientEvent) -> None:
        """Handle the event that a client reached a stage with a server."""
        self._proof_changed(self._proofs.client_event(event))

    def called(self, record: CallRecord) -> None:
        self._proof_changed(self._proofs.call_ended(record))

    def servers_changed(self) -> None:
        """Handle a change of the desired entries."""
        self._background.start(self.refresh())

    def _row(self, id: str) -> Client:
        return catalog.client(id, self._rows)

    async def _refresh_one(self, row: Client) -> None:
        try:
            files, context, found = await asyncio.to_thread(self._inspect, row)
        except Exception:
            log.exception("%s could not be inspected", row.name)
            return
        self._proofs.inspected(row, files, found)
        self._inspected[row.id] = files, context
        self._update_view(row)

    def _inspect(
        self, row: Client
    ) -> tuple[tuple[Inspected, ...], ClientContext, tuple[Instance, ...]]:
        platform = self._places.platform
        files = self._files.inspect(row)
        installed = is_installed(row, self._places)
        found = running.instances(row, platform) if installed else ()
        lost = [
            name
            for each in files
            for name in restoring.lost_others(row, each.file, each.record, each.current.content)
        ]
        context = ClientContext(
            installed=installed,
            running=bool(found),
            can_quit=running.can_be_asked(row, platform),
            lost=tuple(dict.fromkeys(lost)),
        )
        return files, context, found

    def _update_view(self, row: Client) -> None:
        files, context = self._inspected[row.id]
        context = self._guard.described(row.id, context)
        view = client_view(row, files, context, self._proofs.of(row.id))
        if view != self._views.get(row.id):
            self._views[row.id] = view
            self.changed.notify(row.id)

    def _watch_connected(self) -> None:
        self._guard.watch(
            (row, each) for row in self._rows for each in self._inspected.get(row.id, ((),))[0]
        )
        for row in self._rows:
            if row.id in self._inspected:
                self._update_view(row)

    async def _edit(self, id: str, edit: Callable[[Client], object]) -> ClientView:
        """Edit the files of a client in a thread; returns the view after that."""
        row = self._row(id)
        async with self._locks[id]:
            await asyncio.to_thread(edit, row)
        return await self._refreshed_view(row)

    async def _refreshed_view(self, row: Client) -> ClientView:
        await self.refresh(row.id)
        return self._views[row.id]

    def _proof_changed(self, id: str) -> None:
        if id in self._inspected:
            self._update_view(self._row(id))

    async def _repair_unasked(self, view: ClientView) -> None:
        try:
            await self.connect(view.id)
            log.info("Repaired the entries in %s", view.name)
        except AppError as failure:
            log.warning("The entries in %s could not be repaired: %s", view.name, failure)
