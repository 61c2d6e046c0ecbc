"""How the bridge starts Lou when a client calls and Lou is not there.

Clients launch the bridge with next to no environment, so what this start of Lou was given by the
desktop is written down: only what a desktop program needs, and nothing that could hold a secret.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from app.system import files
from servers.contract import endpoint

_PASSED = (
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "DESKTOP_SESSION", "QT_QPA_PLATFORM"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"),
    *("LOU_HOME", "LOU_TRANSPORT", "HOME", "PATH", "LANG", "LC_ALL"),
)


BY_CLIENT = "LOU_STARTED_BY_CLIENT"
"""Set for a Lou that no person started: it has no reason to show a window."""


def command(mode: str) -> tuple[str, ...]:
    """The argument list that starts this Lou again."""
    serve = ("serve",) if mode == "headless" else ()
    if getattr(sys, "frozen", False):
        return (sys.executable, *serve)
    return (sys.executable, "-I", "-m", "app", *serve)


def save(mode: str, start_with_client: bool) -> None:
    """Write it down for the next client.

    Raises:
        SettingsError: it could not be saved.
    """
    document = {
        "argv": command(mode),
        "env": {name: os.environ[name] for name in _PASSED if name in os.environ}
        | {BY_CLIENT: "1"},
        "start_with_client": start_with_client,
    }
    files.write_atomic(Path(endpoint.launch_file()), json.dumps(document, indent=2).encode())
