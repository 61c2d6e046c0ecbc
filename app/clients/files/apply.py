"""Carries out a planned change: reads the file again under a lock, backs it up, swaps it whole.

When another program changes the file meanwhile, the plan is made again from the new content.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.clients.files.backups import BackupStore, FileRecord, Undo, digest
from app.clients.files.file_lock import locked
from app.clients.files.locations import is_there
from app.clients.planning.file_state import FileState, Finding, RefusedError
from app.clients.planning.plan import Change
from app.errors import ClientConfigError
from app.formats import text_edits
from app.system import files
from app.system.safe_write import ChangedError, Disk
from servers.contract import ownership

log = logging.getLogger(__name__)

_TRIES = 5
_LEAVE = "Lou leaves it as it is."

Plan = Callable[[bytes | None, FileRecord], Change]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as read: its bytes, or the problem that prevents reading."""

    real: Path
    content: bytes | None = None
    problem: Finding | None = None


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """The content and record before and after a change."""

    before: bytes | None
    after: bytes | None
    record: FileRecord
    backup: str = ""


@dataclass(frozen=True, slots=True)
class ClientFile:
    """One file of a client, and the store of its backups and record."""

    disk: Disk
    store: BackupStore
    path: Path

    def read(self) -> ReadFile:
        """The file behind links, or the problem with it."""
        try:
            real = self.path.resolve(strict=self.path.is_symlink())
            return ReadFile(real, _ordinary(self.disk, real))
        except FileNotFoundError:
            problem = "The file is a link to something that is not there."
        except _NotAFileError as refused:
            problem = str(refused)
        except (OSError, RuntimeError) as failure:
            problem = _reason(failure)
        hint = f"{_LEAVE} Look at {self.path}."
        return ReadFile(self.path, problem=Finding(FileState.UNREADABLE, problem, hint))

    def carry_out(
        self, plan: Plan, *, cached_by: tuple[tuple[int, float], ...] = ()
    ) -> AppliedChange:
        """Change the file as `plan` says; `cached_by` are processes that hold an older copy.

        Raises:
            RefusedError: the file cannot be read, or the plan refuses it.
            ClientConfigError: the file could not be written; it is unchanged.
        """
        real = self._require_readable().real
        try:
            if not real.parent.is_dir() and (done := self._without_folder(plan)):
                return done
            ownership.make_folders(str(real.parent))
            for _ in range(_TRIES):
                try:
                    with locked(real.parent, self.store.folder):
                        return self._attempt(plan, cached_by)
                except ChangedError as failure:
                    if failure.displaced is not None:
                        self.store.keep(failure.displaced)
                    log.info("%s changed meanwhile; looked again: %s", real, failure.strerror)
        except OSError as failure:
            raise _not_written(self.path, failure) from failure
        raise ClientConfigError(
            f"{self.path.name} kept changing while Lou was writing it.",
            "Close the program that writes it and try again.",
            code="busy",
        )

    def _without_folder(self, plan: Plan) -> AppliedChange | None:
        """The change, if it needs no file: then no folder is made. None if it needs one."""
        record = self.store.record(None)
        change = plan(None, record)
        if change.is_needed:
            return None
        self.store.settle(change.record)
        return AppliedChange(None, None, change.record)

    def sweep(self, folder: Path) -> None:
        """Back up and delete the temporary files of killed processes."""
        for left in self.disk.left_over(folder):
            content = self.disk.read(left)
            if content:
                self.store.keep(content)
            self.disk.unlink(left)
        self.disk.sweep(self.store.folder)

    def _attempt(self, plan: Plan, cached_by: tuple[tuple[int, float], ...]) -> AppliedChange:
        current = self._require_readable()
        self.sweep(current.real.parent)
        record = self.store.record(current.content)
        change = plan(current.content, record)
        if not change.is_needed:
            if change.record != record:
                self.store.settle(change.record)
            return AppliedChange(change.before, change.after, change.record)
        _check_writable(current.real)
        backup = self.store.keep(change.before) if change.before is not None else ""
        then = replace(
            change.record,
            undo=Undo(backup, digest(change.after)),
            cached_by=cached_by,
            written_at=record.written_at
            if record.promise == change.record.promise
            else time.time(),
        )
        self.store.intend(record, then, change.after)
        self._swap(current.real, change)
        self._settle(then)
        return AppliedChange(change.before, change.after, then, backup)

    def _swap(self, real: Path, change: Change) -> None:
        try:
            self.disk.swap(real, change.before, change.after)
        except ChangedError:
            raise
        except OSError:
            if self.disk.read(real) != change.after:
                raise
            log.warning("%s was written, but the disk did not confirm it", real)

    def _settle(self, record: FileRecord) -> None:
        """Save the record of a written file; if that fails, the next read completes it."""
        try:
            self.store.settle(record)
        except OSError as failure:
            log.warning("The record of the change could not be finished: %s", failure.strerror)

    def _require_readable(self) -> ReadFile:
        current = self.read()
        if current.problem is not None:
            raise RefusedError(current.problem)
        return current


def undo_of(store: BackupStore, *, present: Callable[[bytes | None], bool], force: bool) -> Plan:
    """The plan that restores what was replaced; `present` tells if a content has Lou's entries."""

    def plan(content: bytes | None, record: FileRecord) -> Change:
        last = record.undo
        if last is None:
            raise _ambiguous_error("There is nothing to undo.", "Lou has not changed this file.")
        if digest(content) != last.after and not force:
            raise _ambiguous_error(
                "The file was changed after Lou wrote it.",
                "Undo anyway (in a terminal: --force) to lose those changes; they are backed up.",
            )
        before = store.backup(last.backup) if last.backup else None
        if last.backup and before is None:
            raise _ambiguous_error(
                "The backup is gone.", f"Look for another one in {store.folder}."
            )
        return Change(content, before, replace(record, wanted=present(before), cached_by=()))

    return plan


class _NotAFileError(Exception):
    """The path leads to something that Lou does not read, such as a folder."""


def _ordinary(disk: Disk, real: Path) -> bytes | None:
    try:
        found = real.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no ordinary file"
        raise _NotAFileError(f"Where the file should be is {kind}.")
    if found.st_size > text_edits.LARGEST:
        raise _NotAFileError(f"The file has {found.st_size:,} bytes, too many for settings.")
    return disk.read(real)


def _check_writable(real: Path) -> None:
    if real.exists() and not os.access(real, os.W_OK):
        raise ClientConfigError(
            f"{real.name} is write-protected.",
            f"Allow writing to {real} and try again.",
            code="not_writable",
        )


def _ambiguous_error(reason: str, hint: str) -> RefusedError:
    return RefusedError(Finding(FileState.AMBIGUOUS, reason, hint))


_WORDS: Mapping[int, str] = {
    errno.EACCES: "Lou may not read the file.",
    errno.EPERM: "Lou may not read the file.",
    errno.ELOOP: "The file is a link that leads back to itself.",
    errno.ENOTDIR: "A part of its path is a file and no folder.",
}


def _reason(failure: Exception) -> str:
    if isinstance(failure, RuntimeError):  # of pathlib for a loop of links, before Python 3.13
        return _WORDS[errno.ELOOP]
    number = getattr(failure, "errno", 0)
    return _WORDS.get(number, f"The file cannot be read: {getattr(failure, 'strerror', failure)}.")


def _not_written(path: Path, failure: OSError) -> ClientConfigError:
    if failure.errno in files.DISK_FULL:
        return ClientConfigError(
            f"The disk is full: {path.name} was not changed.",
            "Free some space and try again; the file is as it was before.",
            code="disk_full",
        )
    blamed = Path(failure.filename) if isinstance(failure.filename, str) else path
    folder = blamed if is_there(blamed.is_dir) else blamed.parent
    return ClientConfigError(
        f"{path.name} could not be written: {failure.strerror or failure}.",
        f"Check that you may write to {folder}; the file is as it was before.",
        code="not_writable",
    )
