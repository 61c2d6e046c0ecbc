"""Starts Lou at login, by one file for each operating system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from app.errors import SettingsError
from app.system import files, launch_file

_SYSTEM: str = sys.platform
_LABEL = "app.lou"


def apply(on: bool) -> None:
    """Write or delete the file.

    Raises:
        SettingsError: it cannot be written.
    """
    path, content = _place()
    if on:
        files.write_atomic(path, content(launch_file.command_in_text("tray")))
    elif path.exists():
        try:
            path.unlink()
        except OSError as failure:
            raise files.not_written(path, failure) from failure


def is_on() -> bool:
    """Whether the file exists, for any installation of Lou."""
    return _place()[0].exists()


def is_current() -> bool:
    """Whether the file starts this installation of Lou."""
    path, content = _place()
    try:
        return path.read_bytes() == content(launch_file.command_in_text("tray"))
    except (OSError, SettingsError):
        return False


def _place() -> tuple[Path, Callable[[tuple[str, ...]], bytes]]:
    return _PLACES.get(_SYSTEM, _PLACES["linux"])(), _CONTENTS.get(_SYSTEM, _desktop_entry)


def _linux() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "autostart" / "lou.desktop"


def _mac() -> Path:
    return Path.home() / "Library" / "LaunchAgents" / f"{_LABEL}.plist"


def _windows() -> Path:
    base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    return Path(base) / "Microsoft/Windows/Start Menu/Programs/Startup/Lou.vbs"


def _desktop_entry(argv: tuple[str, ...]) -> bytes:
    from app.system import desktop_entry  # noqa: PLC0415 - only while an entry is written or examined

    return desktop_entry.text(argv, at_login=True).encode()


def _property_list(argv: tuple[str, ...]) -> bytes:
    import plistlib  # noqa: PLC0415 - only on macOS

    return plistlib.dumps({"Label": _LABEL, "ProgramArguments": list(argv), "RunAtLoad": True})


def _script(argv: tuple[str, ...]) -> bytes:
    """A script, because a batch file would show a console window."""
    line = subprocess.list2cmdline(argv).replace('"', '""')
    return f'CreateObject("WScript.Shell").Run "{line}", 0\r\n'.encode("utf-16")


_PLACES = {"linux": _linux, "darwin": _mac, "win32": _windows}
_CONTENTS = {"darwin": _property_list, "win32": _script}
