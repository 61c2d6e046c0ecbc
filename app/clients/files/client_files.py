"""Finds the files of a client and makes every change to them. Blocking.

In: a row of the catalog. Out: inspected files, applied changes, diffs. A method that changes files
raises ClientConfigError when it could change none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.clients.catalog import Client
from app.clients.files.apply import AppliedChange, ClientFile, Plan, undo_of
from app.clients.files.backups import BackupStore
from app.clients.files.locations import Places, is_installed, is_there, targets
from app.clients.guard import restore as restoring
from app.clients.planning import plan
from app.clients.planning.file_state import RefusedError
from app.clients.planning.plan import DesiredEntries, find_state, snippet
from app.clients.running import instances
from app.clients.views import Inspected, inspect
from app.errors import AppError, ClientConfigError
from app.system.safe_write import Disk

_TOGETHER_S = 5.0
"""Changes to several files of a client within this time are undone together."""


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """The files of all clients; `desired` returns what should be in them now."""

    root: Path
    desired: Callable[[], DesiredEntries]
    places: Places
    disk: Disk

    def file(self, client: Client, path: Path) -> ClientFile:
        return ClientFile(self.disk, BackupStore(self.disk, self.root, client.id, path), path)

    def files(self, client: Client) -> tuple[ClientFile, ...]:
        """The client's files: those of the path rules, and those that Lou wrote before."""
        by_rule = [target.path for target in targets(client, self.places)]
        written = [
            store.path
            for store in BackupStore.known(self.disk, self.root)
            if store.client == client.id and is_there(store.path.exists)
        ]
        return tuple(self.file(client, path) for path in dict.fromkeys([*by_rule, *written]))

    def sweep(self) -> None:
        """Delete what killed processes of Lou left beside client files and in Lou's own folder."""
        for folder in (self.root, *self.root.glob("*/")):
            self.disk.sweep(folder)
        for store in BackupStore.known(self.disk, self.root):
            file = ClientFile(self.disk, store, store.path)
            folder = file.read().real.parent
            if is_there(folder.is_dir):
                file.sweep(folder)

    def inspect(self, client: Client) -> tuple[Inspected, ...]:
        """Inspect the client's files: those of the path rules, and others that have Lou's entry."""
        desired = self.desired()
        found = [inspect(client, file, desired) for file in self.files(client)]
        by_rule = {target.path for target in targets(client, self.places)}
        return tuple(
            each
            for each in found
            if each.file.path in by_rule or each.record.wanted or each.finding.present
        )

    def connect(self, client: Client, *, replace_foreign: bool = False) -> list[AppliedChange]:
        """Write Lou's entries into each of the client's files."""
        _check(self.desired())
        marks = instances(client, self.places.platform) if client.rewrites else ()

        def change_one(file: ClientFile) -> AppliedChange:
            planned = self._plan_for(client, file, "connect", force=replace_foreign)
            done = file.carry_out(planned, cached_by=marks)
            restoring.remember_good(client, file, done.after)
            return done

        return _change_each(client, self._files_to_connect(client), change_one)

    def disconnect(self, client: Client) -> list[AppliedChange]:
        """Remove Lou's entries from each of the client's files."""
        files = (*self._inspected_files(client), *self._files_without_folder(client))
        return _change_each(
            client, files, lambda file: file.carry_out(self._plan_for(client, file, "disconnect"))
        )

    def undo(self, client: Client, *, force: bool = False) -> list[AppliedChange]:
        """Restore what the last change to the client's files replaced."""
        files = self._last_changed(client)
        if not files:
            raise ClientConfigError(
                f"There is nothing to undo for {client.name}.", "Lou has not changed its file."
            )
        return _change_each(
            client,
            files,
            lambda file: file.carry_out(self._plan_for(client, file, "undo", force=force)),
        )

    def restore(self, client: Client) -> list[AppliedChange]:
        """Restore the user's own lost entries from the last good copy."""
        return _change_each(
            client,
            self._inspected_files(client),
            lambda file: restoring.put_others_back(client, file),
        )

    def accept(self, client: Client) -> None:
        """Save the files as they are as the last good copies."""
        for file in self._inspected_files(client):
            restoring.remember_good(client, file, file.read().content)

    def diff(self, client: Client, action: str) -> str:
        """A masked diff of a change; raises ClientConfigError if a file cannot be changed."""
        files = self._files_for(client, action)
        return "\n".join(filter(None, (self._diff_of(client, file, action) for file in files)))

    def _files_for(self, client: Client, action: str) -> Sequence[ClientFile]:
        if action == "undo":
            return self._last_changed(client)
        return (
            self._inspected_files(client)
            if action == "disconnect"
            else self._files_to_connect(client)
        )

    def _diff_of(self, client: Client, file: ClientFile, action: str) -> str:
        current = file.read()
        if current.problem is not None:
            raise as_error(client, file.path, RefusedError(current.problem))
        record = file.store.record(current.content)
        try:
            change = self._plan_for(client, file, action, force=True)(current.content, record)
        except RefusedError as refused:
            raise as_error(client, file.path, refused) from refused
        from app.clients import masking  # noqa: PLC0415 - only where a diff is shown

        foreign = masking.Foreign()
        for content, known in ((change.before, record), (change.after, change.record)):
            ours = find_state(client, content, self.desired(), known).present
            masking.add(foreign, client, content, ours)
        return masking.unified(str(file.path), change.before, change.after, foreign.masked)

    def _plan_for(
        self, client: Client, file: ClientFile, action: str, *, force: bool = False
    ) -> Plan:
        """What `action` does to the file; `force`: to foreign entries and later changes, too."""
        desired = self.desired()

        def has_ours(content: bytes | None) -> bool:
            record = file.store.record(content)
            return bool(find_state(client, content, desired, record).present)

        if action == "undo":
            return undo_of(file.store, present=has_ours, force=force)
        if action == "disconnect":
            return lambda content, record: plan.disconnect(client, content, desired, record)
        return lambda content, record: plan.connect(
            client, content, desired, record, replace_foreign=force
        )

    def _files_to_connect(self, client: Client) -> Sequence[ClientFile]:
        if not client.has_file:
            raise ClientConfigError(
                f"{client.name} has no file that Lou could write.",
                f"{client.reload_words}\n{snippet(client, self.desired())}",
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

    def _inspected_files(self, client: Client) -> Sequence[ClientFile]:
        return [each.file for each in self.inspect(client)]

    def _files_without_folder(self, client: Client) -> Sequence[ClientFile]:
        """The connected files whose folder is missing, such as one on an unplugged disk."""
        return [
            self.file(client, store.path)
            for store in BackupStore.known(self.disk, self.root)
            if store.client == client.id
            and not is_there(store.path.parent.is_dir)
            and store.record(None).wanted
        ]

    def _last_changed(self, client: Client) -> Sequence[ClientFile]:
        found = []
        for file in self.files(client):
            undo = file.store.record(file.read().content).undo
            if undo is not None:
                found.append((undo.at, file))
        last = max((at for at, _ in found), default=0.0)
        return [file for at, file in found if last - at <= _TOGETHER_S]


def as_error(client: Client, path: Path, refused: RefusedError) -> ClientConfigError:
    finding = refused.finding
    return ClientConfigError(
        f"{client.name}: {finding.reason} ({path})", finding.hint, code=finding.state.value
    )


def _check(desired: DesiredEntries) -> None:
    if not desired.servers:
        raise ClientConfigError(
            "No server is switched on.", "Switch one on, then connect.", code="no_servers"
        )
    desired.bridge.check()


def _change_each(
    client: Client, files: Sequence[ClientFile], change: Callable[[ClientFile], AppliedChange]
) -> list[AppliedChange]:
    """Change each file; a failure of one does not stop the next, and is raised if all fail."""
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
