"""Which files of a client take part, and every change that Lou makes to them. Blocking.

Each method works on one client and leaves all others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.clients import masking
from app.clients.catalog import Client
from app.clients.files.apply import AppliedChange, ClientFile, Plan, undo_of
from app.clients.files.backups import BackupStore, FileRecord
from app.clients.files.locations import Places, is_installed, is_there, targets
from app.clients.guard import restore as restoring
from app.clients.masking import Foreign
from app.clients.planning import plan
from app.clients.planning.file_state import RefusedError
from app.clients.planning.plan import Change, DesiredEntries, look, snippet
from app.clients.planning.text_diff import unified
from app.clients.running import as_marks, instances
from app.clients.views import Inspected, inspect
from app.errors import AppError, ClientConfigError
from app.system.safe_write import Disk

_TOGETHER_S = 5.0
"""Changes to several files of a client within this time are undone together."""


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """Works on the files of clients; `wish` says what ought to be in them now."""

    root: Path
    wish: Callable[[], DesiredEntries]
    places: Places
    disk: Disk

    def file(self, client: Client, path: Path) -> ClientFile:
        """One file."""
        return ClientFile(self.disk, BackupStore(self.disk, self.root, client.id, path), path)

    def files(self, client: Client) -> tuple[ClientFile, ...]:
        """The files that take part: those of the path rules, and those that Lou wrote before."""
        found = {target.path for target in targets(client, self.places)}
        paths = dict.fromkeys(target.path for target in targets(client, self.places))
        for shelf in BackupStore.known(self.disk, self.root):
            if shelf.client != client.id or shelf.path in found:
                continue
            if is_there(shelf.path.exists):
                paths[shelf.path] = None
        return tuple(self.file(client, path) for path in paths)

    def sweep(self) -> None:
        """Delete what a killed Lou left beside the files it wrote, and in its own folder."""
        for folder in (self.root, *self.root.glob("*/")):
            self.disk.sweep(folder)
        for shelf in BackupStore.known(self.disk, self.root):
            file = ClientFile(self.disk, shelf, shelf.path)
            folder = file.see().real.parent
            if is_there(folder.is_dir):
                file.sweep(folder)

    def inspect(self, client: Client) -> tuple[Inspected, ...]:
        """Look at the client's files; one that Lou once wrote counts while its entry is there."""
        wish = self.wish()
        found = [inspect(client, file, wish) for file in self.files(client)]
        usual = {target.path for target in targets(client, self.places)}
        return tuple(
            each
            for each in found
            if each.file.path in usual or each.record.wanted or each.finding.present
        )

    def connect(self, client: Client, *, replace_foreign: bool = False) -> list[AppliedChange]:
        """Write Lou's entries into each of the client's files."""
        wish = self.wish()
        _check(wish)
        marks = as_marks(instances(client, self.places.platform)) if client.rewrites else ()

        def change(content: bytes | None, record: FileRecord) -> Change:
            return plan.connect(client, content, wish, record, replace_foreign=replace_foreign)

        def one(file: ClientFile) -> AppliedChange:
            done = file.carry_out(change, cached_by=marks)
            restoring.remember_good(client, file, done.after)
            return done

        return _each(client, self._usual(client), one)

    def disconnect(self, client: Client) -> list[AppliedChange]:
        """Take Lou's entries out of each of the client's files."""
        wish = self.wish()

        def change(content: bytes | None, record: FileRecord) -> Change:
            return plan.disconnect(client, content, wish, record)

        files = (*self._known(client), *self._away(client))
        return _each(client, files, lambda file: file.carry_out(change))

    def undo(self, client: Client, *, force: bool = False) -> list[AppliedChange]:
        """Bring back what the last change to the client's files replaced."""
        files = self._last_changed(client)
        if not files:
            raise ClientConfigError(
                f"There is nothing to undo for {client.name}.", "Lou has not changed its file."
            )

        def one(file: ClientFile) -> AppliedChange:
            return file.carry_out(self._undo(client, file, force=force))

        return _each(client, files, one)

    def restore(self, client: Client) -> list[AppliedChange]:
        """Put the user's own lost entries back, from the last good copy."""
        return _each(
            client, self._known(client), lambda file: restoring.put_others_back(client, file)
        )

    def accept(self, client: Client) -> None:
        """Take the files as they are for the last good copies."""
        for file in self._known(client):
            restoring.remember_good(client, file, file.see().content)

    def diff(self, client: Client, action: str) -> str:
        """What connect, disconnect or undo would change, for a person.

        Raises:
            ClientConfigError: a file cannot be changed.
        """
        files = self._files_for(client, action)
        return "\n".join(filter(None, (self._diff_of(client, file, action) for file in files)))

    def _files_for(self, client: Client, action: str) -> Sequence[ClientFile]:
        if action == "undo":
            return self._last_changed(client)
        return self._known(client) if action == "disconnect" else self._usual(client)

    def _diff_of(self, client: Client, file: ClientFile, action: str) -> str:
        seen = file.see()
        if seen.problem is not None:
            raise as_error(client, file.path, RefusedError(seen.problem))
        record = file.shelf.record(seen.content)
        try:
            change = self._planned(client, file, action)(seen.content, record)
        except RefusedError as refused:
            raise as_error(client, file.path, refused) from refused
        foreign = Foreign()
        for content, known in ((change.before, record), (change.after, change.record)):
            ours = look(client, content, self.wish(), known).present
            masking.add(foreign, client, content, ours)
        return unified(str(file.path), change.before, change.after, foreign.masked)

    def _planned(self, client: Client, file: ClientFile, action: str) -> Plan:
        wish = self.wish()
        if action == "undo":
            return self._undo(client, file, force=True)
        if action == "disconnect":
            return lambda content, record: plan.disconnect(client, content, wish, record)
        return lambda content, record: plan.connect(
            client, content, wish, record, replace_foreign=True
        )

    def _undo(self, client: Client, file: ClientFile, *, force: bool) -> Plan:
        def has_ours(content: bytes | None) -> bool:
            record = file.shelf.record(content)
            return bool(look(client, content, self.wish(), record).present)

        return undo_of(file.shelf, present=has_ours, force=force)

    def _usual(self, client: Client) -> Sequence[ClientFile]:
        if not client.has_file:
            raise ClientConfigError(
                f"{client.name} has no file that Lou could write.",
                f"{client.reload_words}\n{snippet(client, self.wish())}",
                code="paste",
            )
        found = [self.file(client, target.path) for target in targets(client, self.places)]
        if found:
            return found
        if is_installed(client, self.places):
            raise ClientConfigError(
                f"{client.name} has no settings folder yet.",
                "Start it once, then connect.",
                code="not_started",
            )
        raise ClientConfigError(
            f"{client.name} is not installed on this computer.",
            "Install it and start it once, then connect. If it is somewhere else, add the entry "
            f"there yourself: lou clients by-hand {client.id}",
            code="absent",
        )

    def _known(self, client: Client) -> Sequence[ClientFile]:
        return [each.file for each in self.inspect(client)]

    def _away(self, client: Client) -> Sequence[ClientFile]:
        """The connected files whose folder is gone: they may come back with it."""
        return [
            self.file(client, shelf.path)
            for shelf in BackupStore.known(self.disk, self.root)
            if shelf.client == client.id
            and not is_there(shelf.path.parent.is_dir)
            and shelf.record(None).wanted
        ]

    def _last_changed(self, client: Client) -> Sequence[ClientFile]:
        found = []
        for file in self.files(client):
            undo = file.shelf.record(file.see().content).undo
            if undo is not None:
                found.append((undo.at, file))
        last = max((at for at, _ in found), default=0.0)
        return [file for at, file in found if last - at <= _TOGETHER_S]


def as_error(client: Client, path: Path, refused: RefusedError) -> ClientConfigError:
    """A refusal as the user reads it."""
    finding = refused.finding
    return ClientConfigError(
        f"{client.name}: {finding.reason} ({path})", finding.hint, code=finding.state.value
    )


def _check(wish: DesiredEntries) -> None:
    if not wish.servers:
        raise ClientConfigError(
            "No server is switched on.", "Switch one on, then connect.", code="no_servers"
        )
    wish.bridge.check()


def _each(
    client: Client, files: Sequence[ClientFile], change: Callable[[ClientFile], AppliedChange]
) -> list[AppliedChange]:
    """Change every file that can be; a failure of one does not stop the next.

    Raises:
        ClientConfigError: not one of them could be changed.
    """
    done: list[AppliedChange] = []
    failures: list[AppError] = []
    for file in files:
        try:
            done.append(change(file))
        except RefusedError as refused:
            failures.append(as_error(client, file.path, refused))
        except AppError as failure:
            failures.append(failure)
    if failures and not done:
        raise failures[0]
    return done
