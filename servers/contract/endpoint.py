"""Decides where servers and the app listen, for every process and environment.

In: LOU_HOME, HOME (USERPROFILE on Windows) and the user id; a client may give the bridge no more
variables than these. Out: paths of sockets and files. It imports almost nothing, since every import
delays the bridge's first answer.
"""

import _socket
import os
import sys
import zlib

_SOCKET_PATH_LIMIT = 100
"""Bytes. Linux admits 107 and macOS 103; the rest is for the names of temporary files."""
_KIND, _FOLDER, _LINK = 0o170000, 0o040000, 0o120000
_LONGEST_SOCKET_NAME = len("/s-.sock") + 32


def home() -> str:
    """The folder that LOU_HOME names; an empty string if the system's usual folders are used."""
    return os.environ.get("LOU_HOME", "")


def state_folder() -> str:
    """The folder of what the bridge needs after a reboot: cached answers and the launch file."""
    base = home()
    if base:
        return os.path.join(base, "state")
    user = os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(user, "Library", "Application Support", "lou", "state")
    if sys.platform == "win32":  # not AppData: packaged clients see a virtual copy of it
        return os.path.join(user, ".lou")
    return os.path.join(user, ".local", "state", "lou")


def run_folder() -> str:
    """The folder of the sockets: private to the user, and short enough for a socket path.

    Each home has a folder of its own, the same one by whatever link the home is named.
    """
    base, user = home(), os.path.expanduser("~")
    if sys.platform == "win32":  # no name is made of the path, so links need not be followed
        return os.path.join(os.path.abspath(base or os.path.join(user, ".lou")), "run")
    base, user = os.path.realpath(base) if base else "", os.path.realpath(user)
    own = _runtime_folder(user) or os.path.join(user, ".lou", "run")
    candidate = os.path.join(base, "run") if base else own
    if len(os.fsencode(candidate)) + _LONGEST_SOCKET_NAME <= _SOCKET_PATH_LIMIT:
        return candidate
    return _runtime_folder(base or user) or f"/tmp/lou-{os.getuid()}-{_tag(base or user)}"  # noqa: S108 - 0700 and owner-checked


def uses_tcp() -> bool:
    """Whether addresses are files with a loopback port: on Windows, or if LOU_TRANSPORT is tcp."""
    return sys.platform == "win32" or os.environ.get("LOU_TRANSPORT") == "tcp"


def server_socket(name: str) -> str:
    """The address of the server called `name`; on Windows the file with its port."""
    return os.path.join(run_folder(), f"s-{name}.sock")


def control_socket() -> str:
    """The address of the app's control socket; on Windows the file with its port."""
    return os.path.join(run_folder(), "control.sock")


def answers_file(name: str) -> str:
    """The file of the answers that the server called `name` saved at its last `ready`."""
    return os.path.join(state_folder(), "answers", f"{name}.json")


def launch_file() -> str:
    """The file that says how to start the app: `{"argv", "env", "start_with_client"}`."""
    return os.path.join(state_folder(), "launch.json")


def make_private(folder: str) -> None:
    """Create `folder` for this user only; raises ForeignError for a link or another user's."""
    from servers.contract import ownership

    ownership.make_private(folder, follows_last=False)


def require_own_folder(folder: str) -> None:
    """Check that no other user can have put a socket into `folder`.

    Raises:
        FileNotFoundError: it does not exist.
        ForeignError: it belongs to another user, is a link, or others may write there.
    """
    if sys.platform == "win32":
        return
    found = os.lstat(folder)
    if found.st_mode & _KIND not in {_FOLDER, _LINK}:
        raise NotADirectoryError(folder)
    if found.st_uid != os.getuid() or found.st_mode & (_KIND | 0o022) != _FOLDER:
        from servers.contract.ownership import ForeignError

        raise ForeignError(
            f"{folder} belongs to another user, or others may write there, so nothing was sent",
            "Remove it (its owner or root can) or use another LOU_HOME, and start Lou again.",
        )


def peer_user(link: _socket.socket) -> int:
    """The id of the user at the other end of a Unix socket; raises OSError if it is unknown."""
    if sys.platform == "linux":
        found, at = link.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12), 4
    else:  # LOCAL_PEERCRED of SOL_LOCAL: struct xucred
        found, at = link.getsockopt(0, 1, 76), 4
    return int.from_bytes(found[at : at + 4], sys.byteorder)


def require_own_peer(link: _socket.socket) -> None:
    """Raise ForeignError unless a process of this user is at the other end of the socket."""
    if sys.platform == "win32":
        raise NotImplementedError
    user = peer_user(link)
    if user != os.getuid():
        from servers.contract.ownership import ForeignError

        raise ForeignError(
            f"A process of another user ({user}) listens where Lou should, so nothing was sent",
            "End that process (its owner or root can) and start Lou again.",
        )


def _runtime_folder(home: str) -> str:
    """A folder that no other user can create before; an empty string if the system has none."""
    if sys.platform == "win32":
        raise NotImplementedError
    runtime = f"/run/user/{os.getuid()}"
    if sys.platform == "linux" and _is_mine(runtime):
        return os.path.join(runtime, f"lou-{_tag(home)}")
    return ""


def _is_mine(folder: str) -> bool:
    if sys.platform == "win32":
        raise NotImplementedError
    try:
        return os.stat(folder).st_uid == os.getuid()
    except OSError:
        return False


def _tag(path: str) -> str:
    name = os.fsencode(path)
    return f"{zlib.crc32(name):08x}{zlib.adler32(name):08x}"
