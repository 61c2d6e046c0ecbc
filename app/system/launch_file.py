"""The file from which a bridge starts Lou when it does not run.

A client starts the bridge with almost no environment, so the file holds the variables that this Lou
got from the desktop: only those a desktop program needs, none that could hold a secret.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.errors import SettingsError
from app.system import files
from servers.contract import endpoint, ownership, system_variables

_PASSED = (
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "DESKTOP_SESSION", "QT_QPA_PLATFORM"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"),
    *("LOU_HOME", "LOU_TRANSPORT", "HOME", "PATH", "LANG", "LC_ALL"),
    *system_variables.WINDOWS,
)


BY_CLIENT = "LOU_STARTED_BY_CLIENT"
"""The variable that is set when a client started Lou, which then shows no window."""


def command(mode: str) -> tuple[str, ...]:
    """The command that starts this Lou again; no update changes it, not even one of Python."""
    serve = ("serve",) if mode == "headless" else ()
    if getattr(sys, "frozen", False):
        return (sys.executable, *serve)
    script = Path(sys.executable).with_name("lou")
    if os.name == "posix" and script.is_file():
        return (str(script), *serve)
    return (_interpreter(), "-I", "-m", "app", *serve)


def _interpreter() -> str:
    """This Python; on Windows the one that opens no console window."""
    windowless = Path(sys.executable).with_name("pythonw.exe")
    return str(windowless) if sys.platform == "win32" and windowless.is_file() else sys.executable


def command_in_text() -> tuple[str, ...]:
    """The command that starts the tray again, as a file of lines can hold it.

    Raises:
        SettingsError: a word of it contains a control character.
    """
    argv = command("tray")
    if any(not word.isprintable() for word in argv):
        raise SettingsError(
            "Lou cannot be started from the folder that it is installed in by an entry of yours.",
            "The folder's name has a line break or another control character: rename it.",
            code="bad_place",
        )
    return argv


def save(mode: str, start_with_client: bool) -> None:
    """Write the file; raises SettingsError when that fails."""
    document = {
        "argv": command(mode),
        "env": {name: os.environ[name] for name in _PASSED if name in os.environ}
        | {BY_CLIENT: "1"},
        "start_with_client": start_with_client,
    }
    files.write_atomic(Path(endpoint.launch_file()), json.dumps(document, indent=2).encode())


def saved() -> dict[str, Any]:
    """The command and the environment with which the running Lou can be started again.

    Raises:
        SettingsError: the file is missing or cannot be used.
    """
    path = endpoint.launch_file()
    try:
        found = json.loads(ownership.read(path))
        return {"argv": [*map(str, found["argv"])], "env": dict(found["env"])}
    except (OSError, ValueError, KeyError, TypeError) as failure:
        raise SettingsError(
            f"{path} does not say how Lou was started.",
            "Quit Lou without --restart, and start it again yourself.",
            code="no_launch_file",
        ) from failure


def start(launch: dict[str, Any]) -> None:
    """Start what `saved` returned, as a process of its own that outlives this one."""
    flags = getattr(subprocess, "DETACHED_PROCESS", 0)
    flags |= getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    subprocess.Popen(
        launch["argv"],
        env=launch["env"],
        cwd=Path.home(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=os.name == "posix",
        creationflags=flags,
    )
