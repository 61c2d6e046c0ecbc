"""The clients as the rest of Lou sees them: their states, and the verbs that change them.

Nothing here blocks: files are read and written in threads, one change at a time for each client.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
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
    """What the user chose about clients, asked for each time it matters."""

    guards: Callable[[], bool] = lambda: True
    """Put Lou's own entry back when a client loses it."""
    repairs: Callable[[], bool] = lambda: False
    """Repair entries of a moved installation without asking."""
    is_known: Callable[[], bool] = lambda: True
    """Whether config.json was read, so that Lou knows which servers the clients should have."""


class Clients:
    """Every client of the catalogue. `changed` tells the id of a client whose view differs."""

    def __init__(
        self,
        folder: Path,
        wish: Callable[[], DesiredEntries],
        *,
        places: Places | None = None,
        rows: tuple[Client, ...] | None = None,
        choices: ClientChoices | None = None,
        policy: GuardPolicy | None = None,
    ) -> None:
        self.changed: Listeners[str] = Listeners()
        self.notices: Listeners[Notice] = Listeners()
        self._places = places or Places.here()
        self._rows = catalog.clients() if rows is None else rows
        self.by_hand = ManualSetup(self._rows, wish, self._places.platform)
        self._choices = choices or ClientChoices()
        disk = Disk()
        self._workshop = ClientFiles(folder, wish, self._places, disk)
        self._proofs = Proofs(disk, folder / "proofs.json", self._rows)
        self._watch = GuardService(self._workshop, self._row, self._choices.guards, policy)
        self._watch.looked.subscribe(self._looked)
        self._watch.notices.subscribe(self.notices.tell)
        self._views: dict[str, ClientView] = {}
        self._known: dict[str, tuple[tuple[Inspected, ...], ClientContext]] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._background = BackgroundTasks()

    async def start(self) -> None:
        """Look at every client, repair what may be unasked, and watch what is connected."""
        await asyncio.to_thread(self._workshop.sweep)
        self._proofs.load()
        await self.refresh()
        if self._choices.repairs():
            for view in self.views():
                if view.wanted and view.state == FileState.OUTDATED.value:
                    await self._repair_unasked(view)
        self._watch.start()

    async def stop(self) -> None:
        """Stop watching."""
        await self._watch.stop()
        await self._background.stop()
        await asyncio.to_thread(self._proofs.save)

    def views(self) -> tuple[ClientView, ...]:
        """Every client as it was last seen."""
        return tuple(self._views[row.id] for row in self._rows if row.id in self._views)

    def view(self, id: str) -> ClientView:  # noqa: A002 - the row's own word
        """One client as it was last seen; before the first look, as if nothing were there."""
        row = self._row(id)
        return self._views.get(id) or client_view(row, (), ClientContext(), self._proofs.of(id))

    async def refresh(self, *ids: str) -> tuple[ClientView, ...]:
        """Look at these clients again, or at all; one that cannot be looked at stops no other."""
        rows = [self._row(id) for id in ids] or list(self._rows)  # noqa: A001 - the row's own word
        for row in rows:
            await self._look_at(row)
        self._watch_connected()
        return self.views()

    async def connect(
        self,
        id: str,  # noqa: A002 - the row's own word
        *,
        replace_foreign: bool = False,
        restart: bool = False,
    ) -> ClientView:
        """Write Lou's entries; with `restart`, between a polite quit and a new start.

        Raises:
            ClientConfigError: nothing was written, or the client does not quit.
        """
        row = self._row(id)
        if not self._choices.is_known():
            raise ClientConfigError(
                "config.json cannot be read, so Lou does not know all of your servers.",
                "Mend it first: lou doctor says where.",
                code="broken_config",
            )
        was_running = restart and await self.quit(id)
        async with self._turns[id]:
            await asyncio.to_thread(self._workshop.connect, row, replace_foreign=replace_foreign)
        self._watch.resume(id)
        if was_running:
            await running.reopen(row, self._places.platform)
        return await self._after(row)

    async def repair(self, id: str) -> ClientView:  # noqa: A002 - the row's own word
        """Make outdated entries right; an entry that Lou did not write stays.

        Raises:
            ClientConfigError: nothing was written.
        """
        return await self.connect(id)

    async def disconnect(self, id: str) -> ClientView:  # noqa: A002 - the row's own word
        """Take out what Lou wrote, and nothing else.

        Raises:
            ClientConfigError: nothing was written.
        """
        row = self._row(id)
        async with self._turns[id]:
            await asyncio.to_thread(self._workshop.disconnect, row)
        return await self._after(row)

    async def undo(self, id: str, *, force: bool = False) -> ClientView:  # noqa: A002
        """Bring back the exact bytes that the last change replaced.

        Raises:
            ClientConfigError: there is nothing to undo, or the file changed since and no `force`.
        """
        row = self._row(id)
        async with self._turns[id]:
            await asyncio.to_thread(self._workshop.undo, row, force=force)
        return await self._after(row)

    async def diff(self, id: str, action: str = "connect") -> str:  # noqa: A002
        """What connect, disconnect or undo would change; empty when nothing would.

        Raises:
            ClientConfigError: the file cannot be changed.
        """
        return await asyncio.to_thread(self._workshop.diff, self._row(id), action)

    async def restore(self, id: str) -> ClientView:  # noqa: A002 - the row's own word
        """Put the user's own lost entries back, from the last good copy.

        Raises:
            ClientConfigError: nothing was written.
        """
        row = self._row(id)
        async with self._turns[id]:
            await asyncio.to_thread(self._workshop.restore, row)
        return await self._after(row)

    async def dismiss(self, id: str) -> ClientView:  # noqa: A002 - the row's own word
        """Take the file as it is for good: what was lost is not offered again."""
        row = self._row(id)
        await asyncio.to_thread(self._workshop.accept, row)
        return await self._after(row)

    async def quit(self, id: str) -> bool:  # noqa: A002 - the row's own word
        """Ask a running client to quit; False when it was not running.

        Raises:
            ClientConfigError: it did not, or cannot be asked.
        """
        row = self._row(id)
        found = await asyncio.to_thread(running.instances, row, self._places.platform)
        if found and not await running.quit_politely(row, self._places.platform):
            raise ClientConfigError(
                f"{row.name} is still running.", row.reload_words, code="still_running"
            )
        return bool(found)

    def saw(self, event: ClientEvent) -> None:
        """A client reached a stage with a server."""
        self._proven(self._proofs.saw(event))

    def called(self, record: CallRecord) -> None:
        """A client's call ended."""
        self._proven(self._proofs.called(record))

    def servers_changed(self) -> None:
        """What ought to be in the files is another now."""
        self._background.start(self.refresh())

    def _row(self, id: str) -> Client:  # noqa: A002 - the row's own word
        return catalog.client(id, self._rows)

    async def _look_at(self, row: Client) -> None:
        try:
            files, around, found = await asyncio.to_thread(self._inspect, row)
        except Exception:
            log.exception("%s could not be looked at", row.name)
            return
        self._proofs.took(row, files, found)
        self._known[row.id] = files, around
        self._show(row)

    def _inspect(
        self, row: Client
    ) -> tuple[tuple[Inspected, ...], ClientContext, tuple[Instance, ...]]:
        platform = self._places.platform
        files = self._workshop.inspect(row)
        installed = is_installed(row, self._places)
        found = running.instances(row, platform) if installed else ()
        lost = [
            name
            for each in files
            for name in restoring.lost_others(row, each.file, each.record, each.seen.content)
        ]
        around = ClientContext(
            installed=installed,
            running=bool(found),
            can_quit=running.can_be_asked(row, platform),
            lost=tuple(dict.fromkeys(lost)),
        )
        return files, around, found

    def _show(self, row: Client) -> None:
        files, around = self._known[row.id]
        around = self._watch.described(row.id, around)
        view = client_view(row, files, around, self._proofs.of(row.id))
        if view != self._views.get(row.id):
            self._views[row.id] = view
            self.changed.tell(row.id)

    def _watch_connected(self) -> None:
        self._watch.watch(
            (row, each) for row in self._rows for each in self._known.get(row.id, ((),))[0]
        )
        for row in self._rows:
            if row.id in self._known:
                self._show(row)

    async def _after(self, row: Client) -> ClientView:
        await self.refresh(row.id)
        return self._views[row.id]

    def _looked(self, id: str) -> None:  # noqa: A002 - the row's own word
        self._background.start(self.refresh(id))

    def _proven(self, id: str) -> None:  # noqa: A002 - the row's own word
        if id in self._known:
            self._show(self._row(id))

    async def _repair_unasked(self, view: ClientView) -> None:
        try:
            await self.repair(view.id)
            log.info("Repaired the entries in %s", view.name)
        except AppError as failure:
            log.warning("The entries in %s could not be repaired: %s", view.name, failure)
