"""Replaces a file that other programs write too, without losing what they wrote.

In: a path, the bytes that it should hold now, the new bytes. The new content is complete and on the
disk before it gets its name. Where the system can exchange two names, the replaced file is read
again afterwards; if another program changed it at the last moment, it is put back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from app.system import files
from servers.contract import file_sharing, ownership

if sys.platform != "win32":
    import fcntl

_NAME = re.compile(re.escape(files.PREFIX) + r"(\d+)-[0-9a-f]{8}")
_FOREIGN = "another program wrote the file"
_OLD_AFTER_S = 600.0
_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2, and RENAME_SWAP of renamex_np."""
_COPYFILE_ACL_AND_XATTR = 1 << 0 | 1 << 2
"""Of copyfile(3)."""
_HERE = -100
"""AT_FDCWD"""


class ChangedError(OSError):
    """The file changed since the change was planned."""

    def __init__(self, number: int, words: str, path: str, displaced: bytes | None = None) -> None:
        super().__init__(number, words, path)
        self.displaced = displaced
        """What another program wrote and the file does not contain now."""


class Disk:
    """System calls, one a method, so that tests can fail each; `put` and `swap` use them."""

    def read(self, path: Path) -> bytes | None:
        """The bytes, None without a file; raises ChangedError for a pipe, which would block."""
        try:
            handle = file_sharing.open_to_read(str(path), _BINARY | _AT_ONCE)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ChangedError(errno.EBUSY, "it is no ordinary file any more", str(path))
            return file.read()

    def create(self, path: Path) -> int:
        """A new private file, open for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, files.PRIVATE)

    def write(self, handle: int, content: bytes) -> int:
        """Write some of `content`."""
        return os.write(handle, content)

    def take_after(self, handle: int, found: os.stat_result) -> None:
        """Copy mode and owner of `found` to the open file."""
        if sys.platform == "win32":
            return
        mode = found.st_mode & 0o7777
        if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
            try:
                os.fchown(handle, found.st_uid, found.st_gid)
            except PermissionError:
                if found.st_uid != os.geteuid():
                    raise
                mode &= ~0o070
        os.fchmod(handle, mode)

    def sync(self, handle: int) -> None:
        """Flush the open file to the disk."""
        if sys.platform == "darwin":
            with contextlib.suppress(OSError):  # the disk, perhaps one of a network, lacks it
                fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
                return
        os.fsync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def exchange(self, one: Path, other: Path) -> bool:
        """Exchange two names atomically; False where the system cannot."""
        if sys.platform == "win32":
            return _exchanged_on_windows(one, other)
        return _exchange_names(os.fsencode(one), os.fsencode(other))

    def replace(self, source: Path, target: Path) -> None:
        file_sharing.replace(str(source), str(target))

    def link(self, source: Path, target: Path) -> None:
        """Rename `source` to `target`, which must not exist."""
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            if os.path.lexists(target):
                raise
            source.rename(target)
        else:
            source.unlink()

    def unlink(self, path: Path) -> None:
        file_sharing.attempt(lambda: path.unlink(missing_ok=True))

    def sync_folder(self, folder: Path) -> None:
        """Flush the entries of `folder` to the disk."""
        files.sync_folder(folder)

    def make_folder(self, folder: Path) -> None:
        """Make a private folder."""
        ownership.make_folders(ownership.resolved(str(folder)))

    def put(self, path: Path, content: bytes) -> None:
        """Replace a file that only Lou writes."""
        temporary = self._write_beside(path, content, None)
        with self._removing(temporary):
            self.replace(temporary, path)
        self.sync_folder(path.parent)

    def swap(self, path: Path, before: bytes | None, after: bytes | None) -> None:
        """Change the content of `path` from `before` to `after`; None means no file.

        Raises:
            ChangedError: it does not hold `before`; it is unchanged.
            OSError: it could not be written; the file is unchanged.
        """
        with _comes_or_goes_means_changed():
            if after is None:
                self._delete(path, before)
            elif before is None:
                temporary = self._write_beside(path, after, None)
                with self._removing(temporary):
                    self.link(temporary, path)
            else:
                self._exchange(path, before, after)
            self.sync_folder(path.parent)
        if self.read(path) != after:
            raise ChangedError(errno.EBUSY, _FOREIGN, str(path))

    def _exchange(self, path: Path, before: bytes, after: bytes) -> None:
        temporary = self._write_beside(path, after, path.stat())
        exchanged = False
        try:
            if self.read(path) != before:
                raise ChangedError(errno.EBUSY, _FOREIGN, str(path))
            exchanged = self.exchange(temporary, path)
            if not exchanged:
                self.replace(temporary, path)
        finally:
            if not exchanged:
                self._drop(temporary)
        if exchanged:
            self._give_back(path, temporary, (before, after))

    def _give_back(self, path: Path, temporary: Path, contents: tuple[bytes, bytes]) -> None:
        """Check the replaced file; put it back when another program wrote it just now.

        If that program wrote again meanwhile, over the content of Lou, the newer version stays.
        """
        before, after = contents
        found = self._ordinary(temporary)
        if found == before:
            self._drop(temporary)
            return
        self.exchange(temporary, path)
        displaced = None
        if self.read(temporary) != after:
            self.exchange(temporary, path)
            displaced = found
        self.unlink(temporary)
        raise ChangedError(errno.EBUSY, _FOREIGN, str(path), displaced=displaced)

    def _delete(self, path: Path, before: bytes | None) -> None:
        aside = _beside(path)
        self.replace(path, aside)
        if self._ordinary(aside) != before:
            self.link(aside, path)
            raise ChangedError(errno.EBUSY, _FOREIGN, str(path))
        self.unlink(aside)

    def _ordinary(self, path: Path) -> bytes | None:
        """The content; None when another program put a folder, a link or a pipe there."""
        return self.read(path) if stat.S_ISREG(path.lstat().st_mode) else None

    def _write_beside(self, path: Path, content: bytes, like: os.stat_result | None) -> Path:
        temporary = _beside(path)
        handle = self.create(temporary)
        try:
            try:
                view = memoryview(content)
                while view:
                    view = view[self.write(handle, bytes(view)) :]
                if like is not None:
                    self.take_after(handle, like)
                    _copy_attributes(path, temporary)
                self.sync(handle)
            finally:
                self.close(handle)
        except OSError:
            self._drop(temporary)
            raise
        return temporary

    @contextlib.contextmanager
    def _removing(self, temporary: Path) -> Iterator[None]:
        try:
            yield
        finally:
            self._drop(temporary)

    def _drop(self, temporary: Path) -> None:
        with contextlib.suppress(OSError):
            self.unlink(temporary)

    def left_over(self, folder: Path) -> list[Path]:
        """The temporary files that killed processes left in `folder`."""
        return [path for path in folder.glob(f"{files.PREFIX}*") if _is_left_over(path)]

    def sweep(self, folder: Path) -> None:
        """Delete the temporary files that killed processes left in a folder of Lou."""
        for path in self.left_over(folder):
            self._drop(path)


_BINARY = getattr(os, "O_BINARY", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)


def _beside(path: Path) -> Path:
    return path.with_name(f"{files.PREFIX}{os.getpid()}-{os.urandom(4).hex()}")


@contextlib.contextmanager
def _comes_or_goes_means_changed() -> Iterator[None]:
    try:
        yield
    except (FileExistsError, FileNotFoundError) as found:
        words = "another program made or deleted the file"
        raise ChangedError(errno.EBUSY, words, str(found.filename)) from None


def _is_left_over(path: Path) -> bool:
    name = _NAME.fullmatch(path.name)
    if not name or path.is_symlink() or not path.is_file():
        return False
    if not _is_running(int(name[1])):
        return True
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime > _OLD_AFTER_S
    return False


def _is_running(pid: int) -> bool:
    """Whether there is a process `pid`. Not by `os.kill(pid, 0)`: Windows ends it with that."""
    try:
        return psutil.pid_exists(pid)
    except (psutil.Error, OSError, OverflowError):
        return True


def _copy_attributes(source: Path, target: Path) -> None:
    """Copy the extended attributes, and on macOS the access list, as far as the disk takes them."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(source):
                with contextlib.suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))
    elif sys.platform == "darwin":
        libc = ctypes.CDLL(None)
        libc.copyfile(os.fsencode(source), os.fsencode(target), None, _COPYFILE_ACL_AND_XATTR)


def _exchange_names(one: bytes, other: bytes) -> bool:
    """Exchange the names; False where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        failed = libc.renameat2(_HERE, one, _HERE, other, _EXCHANGE)
    elif hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(one, other, _EXCHANGE)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), os.fsdecode(other))


if sys.platform == "win32":

    def _exchanged_on_windows(one: Path, other: Path) -> bool:
        """Put `one` in the place of `other`, whose content gets the name of `one`.

        The new file keeps the access list and the attributes of the old one.

        Raises:
            OSError: it failed; both files have the names that they had.
        """
        aside = _beside(other)
        file_sharing.attempt(lambda: _replace_file(other, one, aside))
        file_sharing.replace(str(aside), str(one))
        return True

    def _replace_file(replaced: Path, replacement: Path, backup: Path) -> None:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        names = [ctypes.c_wchar_p(str(path)) for path in (replaced, replacement, backup)]
        if kernel.ReplaceFileW(*names, 0, None, None):
            return
        failure = ctypes.WinError(ctypes.get_last_error())
        if not replaced.exists() and backup.exists():  # ERROR_UNABLE_TO_MOVE_REPLACEMENT_2
            file_sharing.replace(str(backup), str(replaced))
        raise failure
