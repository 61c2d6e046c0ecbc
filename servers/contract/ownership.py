"""Checks who owns files and folders, so that nothing that another user could write is used.

In: paths. Out: descriptors, real paths, or a ForeignError. App, command line, servers and bridge
use it. A path is safe if every folder and link on the way belongs to this user or to root and no
other user may write there. A sticky folder such as /tmp is safe, because nobody can replace an
entry of another user in it. So a link of this user is followed (a dotfiles folder, a LOU_HOME on
another disk) and a link of another user is refused. On Windows Lou's folders have an access list of
their own, which what is in them inherits; files of others are not looked for.
"""

import errno
import os
import stat
import sys

from servers.contract import file_sharing

PRIVATE = 0o600
_ROOT = 0
_OTHERS = 0o022
_MOST_LINKS = 40
_ALWAYS = (
    getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for ever
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


class ForeignError(PermissionError):
    """Another user made this or could change it; the message says so, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy}")
        self.what = what
        """One sentence without its full stop."""
        self.remedy = remedy


def resolved(path: str, *, follows_last: bool = True) -> str:
    """The real path of `path`, after a check of every part.

    Parts that do not exist are kept. Of the last part only the owner is checked.

    Raises:
        ForeignError: another user owns a part, or may replace what is in it.
        OSError: a part cannot be read, or its links form a circle.
    """
    if sys.platform == "win32":
        return os.path.realpath(path)
    here, links = "/", 0
    ahead = os.path.abspath(path).split("/")[::-1]
    while ahead:
        part = ahead.pop()
        step = os.path.normpath(os.path.join(here, part))  # `here` has no links: `..` is its parent
        try:
            found = os.lstat(step)
        except FileNotFoundError:
            return os.path.join(step, *ahead[::-1])
        _require_owner(step, found)
        if stat.S_ISLNK(found.st_mode):
            links += 1
            follows = links <= _MOST_LINKS and bool(ahead or follows_last)
            target = _target(step, found, follows=follows)
            here = "/" if target.startswith("/") else here
            ahead += target.split("/")[::-1]
            continue
        if ahead:
            _require_nobody_else_writes(step, found)
        here = step
    return here


def _target(link: str, found: os.stat_result, *, follows: bool) -> str:
    if not follows or found.st_nlink > 1:
        raise ForeignError(
            f"{link} is a link, which Lou does not follow here",
            "To go on, remove it and try again.",
        )
    return os.readlink(link)


def make_private(folder: str, *, follows_last: bool = True, others_may_look: bool = False) -> str:
    """Create `folder` and its missing parents for this user only; returns the real path.

    Other users lose their access to an existing folder; with `others_may_look` only to write.

    Raises:
        ForeignError: it or a parent belongs to another user, or it is shared by all users.
        OSError: it cannot be created.
    """
    real = resolved(folder, follows_last=follows_last)
    if sys.platform == "win32":
        return _made_private(real)
    make_folders(real)
    found = os.lstat(real)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{real} is no folder. Move it away.")
    if found.st_uid != os.getuid():
        raise _foreign(real, found)
    excess = _OTHERS if others_may_look else 0o077
    if found.st_mode & excess:
        if found.st_mode & stat.S_ISVTX:
            raise ForeignError(f"{real} is open to all users", "Give Lou a folder of its own.")
        os.chmod(real, stat.S_IMODE(found.st_mode) & ~excess)
        _require_nobody_else_writes(real, os.lstat(real))
    return real


if sys.platform == "win32":

    def _made_private(folder: str) -> str:
        """Create `folder`; if others may write to it, or it is new, close it to them."""
        from servers.contract import access_lists

        is_new = not os.path.isdir(folder)
        make_folders(folder)
        if is_new or access_lists.others_who_write(folder):
            access_lists.close_folder(folder)
        return folder


def make_folders(folder: str) -> None:
    """As os.makedirs, but every new folder is private, whatever the umask."""
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    if parent != folder:
        make_folders(parent)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return


def open_to_read(path: str, *, follows_last: bool = False, may_be_writable: bool = False) -> int:
    """A descriptor of a file that only this user or root can have written.

    With `may_be_writable` a file of this user is read although others could write to it, because a
    wrong content would do no harm. In both cases other users lose their access.

    Raises:
        ForeignError: others can have written it, or the path to it is not safe.
        OSError: it does not exist, is not a file, or cannot be read.
    """
    real = path if sys.platform == "win32" else resolved(path, follows_last=follows_last)
    handle = file_sharing.open_to_read(real, _ALWAYS)
    try:
        found = os.fstat(handle)
        _require_file(real, found)
        _require_owner(real, found)
        if not may_be_writable:
            _require_nobody_else_writes(real, found)
        _close_to_others(handle, found)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read(path: str, *, follows_last: bool = False, may_be_writable: bool = False) -> bytes:
    """The content of such a file. Raises as `open_to_read`."""
    with open(
        open_to_read(path, follows_last=follows_last, may_be_writable=may_be_writable), "rb"
    ) as file:
        return file.read()


def open_to_write(path: str, flags: int) -> int:
    """A descriptor of a file that is made private to this user; `flags` as of os.open.

    Raises:
        ForeignError: it is a link, has a second name, or belongs to another user.
        OSError: it cannot be opened.
    """
    real = resolved(path, follows_last=False)
    handle = os.open(real, (flags & ~os.O_TRUNC) | _ALWAYS, PRIVATE)
    try:
        found = os.fstat(handle)
        _require_file(real, found)
        _require_only_mine(real, found)
        _close_to_others(handle, found)
        if flags & os.O_TRUNC:
            os.ftruncate(handle, 0)
    except BaseException:
        os.close(handle)
        raise
    return handle


def require_database(path: str, *, makes: bool = True) -> None:
    """Check that the SQLite file at `path` is private to this user; create it if it is missing.

    An existing one is not opened, because closing it would drop the locks of this process.

    Raises:
        ForeignError: it or a file that SQLite keeps beside it belongs to another user, is a link,
            or has a second name.
        OSError: it cannot be created.
    """
    real = resolved(path, follows_last=False)
    for name in (real, f"{real}-wal", f"{real}-shm", f"{real}-journal"):
        try:
            found = os.lstat(name)
        except FileNotFoundError:
            continue
        _require_file(name, found)
        _require_only_mine(name, found)
        _require_nobody_else_writes(name, found)
        if sys.platform != "win32" and found.st_mode & 0o077:
            os.chmod(name, PRIVATE)
    if makes and not os.path.lexists(real):
        os.close(open_to_write(real, os.O_WRONLY | os.O_CREAT))


def trouble_with(path: str) -> ForeignError | None:
    """Why others can write to the folder or file at `path`; None if they cannot."""
    if sys.platform == "win32":
        from servers.contract import access_lists

        others = access_lists.others_who_write(path)
        remedy = f'Close it to them: icacls "{path}" /inheritance:r /grant:r "%USERNAME%":F'
        return ForeignError(f"Other users may write to {path}", remedy) if others else None
    try:
        real = resolved(path)
        found = os.lstat(real)
        if found.st_uid != os.getuid():
            return _foreign(real, found)
        _require_nobody_else_writes(real, found)
        if found.st_mode & stat.S_ISVTX and found.st_mode & _OTHERS:
            return ForeignError(f"{real} is open to all users", "Give Lou a folder of its own.")
    except ForeignError as trouble:
        return trouble
    except OSError:
        return None
    return None


_users_umask = -1


def set_private_umask() -> None:
    """Make new files of this process private to this user."""
    global _users_umask  # noqa: PLW0603 - a umask belongs to the process
    if sys.platform != "win32" and _users_umask < 0:
        _users_umask = os.umask(0o077)


def users_umask() -> int:
    """The umask with which the user started this process; -1 if it was not changed."""
    return _users_umask


class UsersUmask:
    """Within this context new processes inherit the umask of the user's session."""

    def __enter__(self) -> None:
        if _users_umask >= 0:
            os.umask(_users_umask)

    def __exit__(self, *_: object) -> None:
        if _users_umask >= 0:
            os.umask(0o077)


def _close_to_others(handle: int, found: os.stat_result) -> None:
    if sys.platform != "win32" and found.st_mode & 0o077 and found.st_uid == os.getuid():
        try:
            os.fchmod(handle, stat.S_IMODE(found.st_mode) & 0o700)
        except OSError:  # a disk that is read-only
            return


def _require_file(path: str, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise ForeignError(f"{path} is a link", "Remove it; Lou makes a new file.")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file", path)


def _require_owner(path: str, found: os.stat_result) -> None:
    if (
        sys.platform != "win32"
        and found.st_uid not in {os.getuid(), _ROOT}
        and not _is_unmapped(found.st_uid)
    ):
        raise _foreign(path, found)


def _require_only_mine(path: str, found: os.stat_result) -> None:
    if sys.platform == "win32":
        return
    if found.st_uid != os.getuid():
        raise _foreign(path, found)
    if found.st_nlink > 1:
        raise ForeignError(
            f"{path} is the same file as another one (a hard link)",
            "Move it away; Lou makes a new file.",
        )


def _require_nobody_else_writes(path: str, found: os.stat_result) -> None:
    mode = found.st_mode
    if sys.platform == "win32" or not mode & _OTHERS:
        return
    if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
        return
    if mode & 0o002 or not _is_own_group(path, found.st_gid):
        raise ForeignError(
            f"Other users may write to {path}", f"Close it for them: chmod go-w '{path}'"
        )


def _is_own_group(path: str, group: int) -> bool:
    """Whether this user is the only member of `group`, as in the groups that many systems make."""
    if sys.platform == "win32" or group == _ROOT:
        return True
    import grp
    import pwd

    try:
        me, found = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except KeyError:
        return False
    is_private = me.pw_gid == group and found.gr_name == me.pw_name
    return is_private and not {*found.gr_mem} - {me.pw_name} and not _has_access_list(path)


def _has_access_list(path: str) -> bool:
    """Whether an access list names more users than the mode shows."""
    if sys.platform != "linux":
        return False
    try:
        return bool(os.getxattr(path, "system.posix_acl_access"))
    except OSError:
        return False


def _is_unmapped(user: int) -> bool:
    """Whether `user` stands for root in a container that does not know root."""
    try:
        with open("/proc/self/uid_map", "rb") as file:
            known = [line.split() for line in file]
        with open("/proc/sys/kernel/overflowuid", "rb") as file:
            unknown = int(file.read())
    except (OSError, ValueError):
        return False
    return user == unknown and known != [[b"0", b"0", b"4294967295"]]


def _foreign(path: str, found: os.stat_result) -> ForeignError:
    if sys.platform == "win32":
        raise NotImplementedError
    return ForeignError(
        f"{path} does not belong to this user but to {_name_of(found.st_uid)}",
        "To go on, remove it and try again, or make it yours: "
        f"sudo chown {_name_of(os.getuid())} '{path}'",
    )


def _name_of(user: int) -> str:
    if sys.platform == "win32":
        return str(user)
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
