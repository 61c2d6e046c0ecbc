"""Where a server or the app listens: the one rule, for every process and every environment.

The rule reads only LOU_HOME, HOME (USERPROFILE on Windows) and the user id, because a client may
launch the bridge with six environment variables. It imports next to nothing: the bridge pays for
every import before its client's first answer.
"""

import os
import sys
import zlib

_SOCKET_PATH_LIMIT = 100
"""Bytes. Linux takes 107 and macOS 103; the margin is for the names of temporary siblings."""
_LONGEST_SOCKET_NAME = len("/s-.sock") + 32


def home() -> str:
    """The folder that LOU_HOME names, or an empty string when the platform's places are used."""
    return os.environ.get("LOU_HOME", "")


def state_folder() -> str:
    """What the bridge must find across reboots: cached answers and how to launch the app."""
    base = home()
    if base:
        return os.path.join(base, "state")
    user = os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(user, "Library", "Application Support", "Lou")
    if sys.platform == "win32":  # not in AppData, which packaged clients see virtualised
        return os.path.join(user, ".lou")
    return os.path.join(user, ".local", "state", "lou")


def run_folder() -> str:
    """Where sockets live while Lou runs: private to the user, and short enough for a socket path.

    Several homes of one user never share a folder.
    """
    base = home()
    candidate = os.path.join(base, "run") if base else _session_folder()
    if candidate and len(os.fsencode(candidate)) + _LONGEST_SOCKET_NAME <= _SOCKET_PATH_LIMIT:
        return candidate
    return f"/tmp/lou-{os.getuid()}-{_tag(base or os.path.expanduser('~'))}"  # noqa: S108 - 0700 and owner-checked


def uses_tcp() -> bool:
    """Whether an address is a file that holds a loopback port: on Windows, or when told so."""
    return sys.platform == "win32" or os.environ.get("LOU_TRANSPORT") == "tcp"


def server_socket(name: str) -> str:
    """The address of the server called `name`; on Windows the file that holds its port."""
    return os.path.join(run_folder(), f"s-{name}.sock")


def control_socket() -> str:
    """The address of the app's control socket; on Windows the file that holds its port."""
    return os.path.join(run_folder(), "control.sock")


def answers_file(name: str) -> str:
    """What the server called `name` answered at its last `ready`; see `answers` in messages."""
    return os.path.join(state_folder(), "answers", f"{name}.json")


def launch_file() -> str:
    """How to start the app: `{"argv": [...], "env": {...}, "start_with_client": true}`."""
    return os.path.join(state_folder(), "launch.json")


def make_private(folder: str) -> None:
    """Create `folder` for this user alone.

    Raises:
        PermissionError: it exists and belongs to somebody else, or is a link.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if sys.platform == "win32":
        return
    found = os.lstat(folder)
    if found.st_uid != os.getuid() or (found.st_mode & 0o170000) != 0o040000:
        raise PermissionError(f"{folder} does not belong to this user; remove it and try again")
    if found.st_mode & 0o077:
        os.chmod(folder, 0o700)


def _session_folder() -> str:
    user = os.path.expanduser("~")
    if sys.platform == "win32":
        return os.path.join(user, ".lou", "run")
    runtime = f"/run/user/{os.getuid()}"
    if sys.platform == "linux" and _is_mine(runtime):
        return os.path.join(runtime, f"lou-{_tag(user)}")
    return os.path.join(user, ".lou", "run")


def _is_mine(folder: str) -> bool:
    try:
        return os.stat(folder).st_uid == os.getuid()
    except OSError:
        return False


def _tag(path: str) -> str:
    name = os.fsencode(os.path.abspath(path))
    return f"{zlib.crc32(name):08x}{zlib.adler32(name):08x}"
