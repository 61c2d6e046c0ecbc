"""Opens, with its pragmas, checks and backs up the SQLite file; restores the newest good backup."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw

from servers.contract import file_sharing, ownership

KEEP = 7
KEEP_BEFORE = 2
"""Backups before one migration, which may have been begun more than once."""
DAY_S = 24 * 3600
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)
_DAILY = "daily"
_PATIENCE_S = 2.0
"""How long a damaged file is waited for that another program has open."""
_UNFINISHED = ".unfinished"


def connect(file: Path) -> apsw.Connection:
    """The file, open for reading and writing with the settings that durability needs."""
    if not file.exists():
        os.close(ownership.open_to_write(str(file), os.O_CREAT | os.O_WRONLY))
    connection = apsw.Connection(str(file))
    try:
        connection.set_busy_timeout(5000)
        for setting in _SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()  # Windows renames no file that is open
        raise
    return connection


def connect_to_read(file: Path) -> apsw.Connection:
    """The file, opened as immutable: for a disk on which not even the WAL can be written."""
    if has_waiting_changes(file):
        raise apsw.CantOpenError("changes wait in the write-ahead log")
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"{file.absolute().as_uri()}?immutable=1", flags=flags)


def has_waiting_changes(file: Path) -> bool:
    """Whether changes wait that are not in the file yet; a clean stop leaves none."""
    try:
        return file.with_name(file.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def check(file: Path, limit_s: float, is_over: Callable[[], bool]) -> bool | None:
    """Whether all of `file` is in order, as `is_sound` says it."""
    with contextlib.closing(connect(file)) as connection:
        return is_sound(connection, limit_s=limit_s, is_over=is_over)


def is_sound(
    connection: apsw.Connection,
    *,
    limit_s: float = 3600.0,
    is_over: Callable[[], bool] = lambda: False,
) -> bool | None:
    """Whether the whole file is in order; None after `limit_s`, or once it `is_over`."""
    deadline = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: is_over() or time.monotonic() > deadline, 10_000)
    try:
        return bool(connection.execute("PRAGMA integrity_check(1)").get == "ok")
    except apsw.InterruptError:
        return None
    except (apsw.CorruptError, apsw.NotADBError):
        return False
    finally:
        connection.set_progress_handler(None)


def back_up(file: Path, folder: Path, label: str = _DAILY) -> Path:
    """A checked copy of the file as it is now, made while it is in use.

    Raises:
        apsw.Error: it could not be made, or the copy is not in order.
        OSError: it could not be put in place.
    """
    ownership.make_private(str(folder))
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    target = folder / f"tracker-{stamp}-{label}.db"
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    with contextlib.closing(connect(file)) as source:
        os.close(ownership.open_to_write(str(unfinished), os.O_CREAT | os.O_WRONLY))
        with contextlib.closing(apsw.Connection(str(unfinished))) as copy:
            # One step is one snapshot; smaller ones start again with every write.
            with copy.backup("main", source, "main") as work:
                work.step(-1)
            copy.execute("PRAGMA journal_mode = DELETE")
            if not is_sound(copy):
                raise apsw.CorruptError("the copy is not in order")
    file_sharing.replace(str(unfinished), str(target))
    _sync(folder)
    _forget_old(folder, label)
    return target


def backups(folder: Path, label: str = "") -> list[Path]:
    """The backups in `folder`, the newest first."""
    return sorted(folder.glob(f"tracker-*-{label or '*'}.db"), reverse=True)


def is_due(folder: Path) -> bool:
    """Whether no daily backup is younger than a day. One from the future does not count."""
    ages = (time.time() - path.stat().st_mtime for path in backups(folder, _DAILY))
    return not any(0 <= age <= DAY_S for age in ages)


def sweep(folder: Path) -> None:
    """Remove copies that were never finished; one that is being made cannot be on Windows."""
    for path in folder.glob(f"*{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def go_back(file: Path, folder: Path) -> tuple[Path, Path | None]:
    """Put the damaged file aside and the newest good backup in its place.

    Returns where the damaged one is kept, and the backup that was taken, if there was any.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = file.with_name(f"tracker-{stamp}.damaged.db")
    _put_aside(file, aside)
    for backup in backups(folder):
        unfinished = file.with_name(file.name + _UNFINISHED)
        shutil.copyfile(backup, unfinished)
        unfinished.chmod(0o600)
        with contextlib.closing(apsw.Connection(str(unfinished))) as copy:
            good = is_sound(copy)
        if good:
            _sync(unfinished)
            file_sharing.replace(str(unfinished), str(file))
            _sync(file.parent)
            return aside, backup
        unfinished.unlink()
    return aside, None


def _put_aside(file: Path, aside: Path) -> None:
    """Rename the file and what SQLite keeps beside it: all of it, or nothing.

    The log goes first: beside a missing file SQLite would take it for the log of the next one.
    """
    done: list[tuple[Path, Path]] = []
    try:
        for end in ("-wal", "-shm", ""):
            source, target = file.with_name(file.name + end), aside.with_name(aside.name + end)
            with contextlib.suppress(FileNotFoundError):
                file_sharing.replace(str(source), str(target), patience_s=_PATIENCE_S)
                done.append((source, target))
    except OSError:
        for source, target in reversed(done):
            target.replace(source)
        raise


def _forget_old(folder: Path, label: str) -> None:
    for old in backups(folder, label)[KEEP if label == _DAILY else KEEP_BEFORE :]:
        old.unlink()


def _sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():  # Windows cannot, and need not
        return
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
