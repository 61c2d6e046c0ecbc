"""The system calls that touch a client's file, and the order that makes them safe.

A new content is complete and on the disk before it takes its name. Where the system can exchange
two names, the file that was replaced is looked at once more afterwards: what a foreign program put
there in the last moment goes back, and nothing of it is lost.
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

from servers.contract import ownership

if sys.platform != "win32":
    import fcntl

PREFIX = ".lou-"
_NAME = re.compile(re.escape(PREFIX) + r"(\d+)-[0-9a-f]{8}")
_FOREIGN = "another program wrote the file"
_PRIVATE = 0o600
_OLD_AFTER_S = 600.0
_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2, and RENAME_SWAP of renamex_np."""
_HERE = -100
"""AT_FDCWD"""


class ChangedError(OSError):
    """The file was not, or did not stay, what it was when the change was planned."""

    def __init__(self, number: int, words: str, path: str, displaced: bytes | None = None) -> None:
        super().__init__(number, words, path)
        self.displaced = displaced
        """What a foreign program wrote and has no place in the file now."""


class Disk:
    """One method a system call; and `put` and `swap`, made of them."""

    def read(self, path: Path) -> bytes | None:
        """The file's bytes; None when there is none.

        Raises:
            ChangedError: what stands there is no ordinary file; a pipe would be waited at forever.
        """
        try:
            handle = os.open(path, os.O_RDONLY | _BINARY | _AT_ONCE)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ChangedError(errno.EBUSY, "it is no ordinary file any more", str(path))
            return file.read()

    def create(self, path: Path) -> int:
        """A new private file, open for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, _PRIVATE)

    def write(self, handle: int, content: bytes) -> int:
        """Write some of `content`."""
        return os.write(handle, content)

    def take_after(self, handle: int, found: os.stat_result) -> None:
        """Give the open file the mode and the owner of another."""
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
        """Have the open file on the disk itself."""
        if sys.platform == "darwin":
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
        else:
            os.fsync(handle)

    def close(self, handle: int) -> None:
        """Close it."""
        os.close(handle)

    def exchange(self, one: Path, other: Path) -> bool:
        """Swap two names at once; False where the system cannot."""
        return _exchanged(os.fsencode(one), os.fsencode(other))

    def replace(self, source: Path, target: Path) -> None:
        """Move over what is there."""
        for attempt in range(_ATTEMPTS):
            try:
                source.replace(target)
                return
            except PermissionError:  # Windows: a reader still has it open
                if os.name != "nt" or attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.05)

    def link(self, source: Path, target: Path) -> None:
        """Give the file a name that nothing has yet."""
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
        """Delete it."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Have the names in `folder` on the disk itself."""
        if sys.platform == "win32":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def make_folder(self, folder: Path) -> None:
        """A private folder."""
        ownership.make_folders(ownership.resolved(str(folder)))

    def put(self, path: Path, content: bytes) -> None:
        """Replace a file of Lou's own."""
        temporary = self._written(path, content, None)
        with self._swept(temporary):
            self.replace(temporary, path)
        self.sync_folder(path.parent)

    def swap(self, path: Path, before: bytes | None, after: bytes | None) -> None:
        """Make the file at `path` go from `before` to `after`; None means that there is none.

        Raises:
            ChangedError: it holds something else; that is untouched.
            OSError: it could not be written; the file is as it was.
        """
        with _comes_or_goes_means_changed():
            if after is None:
                self._delete(path, before)
            elif before is None:
                temporary = self._written(path, after, None)
                with self._swept(temporary):
                    self.link(temporary, path)
            else:
                self._exchange(path, before, after)
            self.sync_folder(path.parent)
        if self.read(path) != after:
            raise ChangedError(errno.EBUSY, _FOREIGN, str(path))

    def _exchange(self, path: Path, before: bytes, after: bytes) -> None:
        temporary = self._written(path, after, path.stat())
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
        """Look at what was replaced; put it back when a foreign program wrote it just now.

        What that program wrote in between, on top of Lou's own content, is newer and stays.
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
        """The content; None where a foreign program put no file but a folder, a link, a pipe."""
        return self.read(path) if stat.S_ISREG(path.lstat().st_mode) else None

    def _written(self, path: Path, content: bytes, like: os.stat_result | None) -> Path:
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
    def _swept(self, temporary: Path) -> Iterator[None]:
        try:
            yield
        finally:
            self._drop(temporary)

    def _drop(self, temporary: Path) -> None:
        with contextlib.suppress(OSError):
            self.unlink(temporary)

    def left_over(self, folder: Path) -> list[Path]:
        """What killed processes left in `folder`."""
        return [path for path in folder.glob(f"{PREFIX}*") if _is_left_over(path)]

    def sweep(self, folder: Path) -> None:
        """Delete what killed processes left in a folder of Lou's own."""
        for path in self.left_over(folder):
            self._drop(path)


_BINARY = getattr(os, "O_BINARY", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
_ATTEMPTS = 10


def _beside(path: Path) -> Path:
    return path.with_name(f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}")


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
    try:
        os.kill(int(name[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime > _OLD_AFTER_S
    return False


def _copy_attributes(source: Path, target: Path) -> None:
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        for name in os.listxattr(source):
            with contextlib.suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))


def _exchanged(one: bytes, other: bytes) -> bool:
    """Swap the names; False where the system cannot.

    Raises:
        OSError: it could, and did not.
    """
    libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    if libc is not None and hasattr(libc, "renameat2"):
        failed = libc.renameat2(_HERE, one, _HERE, other, _EXCHANGE)
    elif libc is not None and hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(one, other, _EXCHANGE)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), os.fsdecode(other))
