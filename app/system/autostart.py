"""Starts Lou at login: by a file on Linux and macOS, by a value of the registry on Windows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from app.errors import SettingsError
from app.system import files, launch_file

_SYSTEM: str = sys.platform
_LABEL = "app.lou"
_RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
_APPROVED_KEY = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_VALUE = "Lou"
_LONGEST_RUN = 260
"""Characters of a value of the Run key; Windows ignores a longer one."""


class Entry(Protocol):
    """What the system reads at login."""

    def write(self, argv: tuple[str, ...]) -> None:
        """Let the login run `argv`; raises SettingsError when the system refuses it."""

    def delete(self) -> None:
        """Let it run nothing of Lou; raises SettingsError when the system refuses it."""

    def is_on(self) -> bool:
        """Whether it runs any Lou."""

    def runs(self, argv: tuple[str, ...]) -> bool:
        """Whether it runs exactly `argv`."""


def apply(on: bool) -> None:
    """Make or delete the entry; raises SettingsError when that fails."""
    entry = _entry()
    if on:
        entry.write(launch_file.command_in_text())
    elif entry.is_on():
        entry.delete()


def is_on() -> bool:
    """Whether the entry exists, for any installation of Lou."""
    return _entry().is_on()


def is_current() -> bool:
    """Whether the entry starts this installation of Lou."""
    try:
        return _entry().runs(launch_file.command_in_text())
    except (OSError, SettingsError):
        return False


def _entry() -> Entry:
    if _SYSTEM == "win32":
        return RunValue()
    return LaunchAgent() if _SYSTEM == "darwin" else DesktopEntry()


class DesktopEntry:
    """A file that desktops read at login, after freedesktop.org's autostart specification."""

    def path(self) -> Path:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(base) / "autostart" / "lou.desktop"

    def content(self, argv: tuple[str, ...]) -> bytes:
        from app.system import desktop_entry  # noqa: PLC0415 - only while one is written or examined

        return desktop_entry.text(argv, at_login=True).encode()

    def write(self, argv: tuple[str, ...]) -> None:
        files.write_atomic(self.path(), self.content(argv))

    def delete(self) -> None:
        files.delete(self.path())

    def is_on(self) -> bool:
        return self.path().exists()

    def runs(self, argv: tuple[str, ...]) -> bool:
        return self.path().read_bytes() == self.content(argv)


class LaunchAgent(DesktopEntry):
    """A property list that launchd of macOS reads at login.

    `ProcessType` Interactive keeps the system from slowing Lou down; `LimitLoadToSessionType` Aqua
    starts it in sessions with a desktop only.
    """

    def path(self) -> Path:
        return Path.home() / "Library" / "LaunchAgents" / f"{_LABEL}.plist"

    def content(self, argv: tuple[str, ...]) -> bytes:
        import plistlib  # noqa: PLC0415 - only on macOS

        agent = {"Label": _LABEL, "ProgramArguments": list(argv), "RunAtLoad": True}
        return plistlib.dumps(
            {**agent, "ProcessType": "Interactive", "LimitLoadToSessionType": "Aqua"}
        )


class RunValue:
    """A value of the registry's Run key, which Windows shows among the start-up apps."""

    def write(self, argv: tuple[str, ...]) -> None:
        line = subprocess.list2cmdline(argv)
        if len(line) > _LONGEST_RUN:
            raise SettingsError(
                "Lou cannot be started at login: Windows ignores a command of "
                f"{len(line)} characters.",
                "Install Lou in a folder with a shorter path.",
                code="bad_place",
            )
        try:
            _set_value(line)
        except OSError as failure:
            raise _registry_error("start Lou at login", "on", failure) from failure

    def delete(self) -> None:
        try:
            _delete_value()
        except OSError as failure:
            raise _registry_error("start Lou at login no more", "off", failure) from failure

    def is_on(self) -> bool:
        return bool(_value())

    def runs(self, argv: tuple[str, ...]) -> bool:
        return _value() == subprocess.list2cmdline(argv)


def _registry_error(what: str, switched: str, failure: OSError) -> SettingsError:
    return SettingsError(
        f"Windows refused to {what}: {failure.strerror or failure}.",
        f"Switch it {switched} in Windows: Settings, Apps, Startup.",
        code="not_writable",
    )


if sys.platform == "win32":
    import winreg

    def _value() -> str:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                return str(winreg.QueryValueEx(key, _VALUE)[0])
        except OSError:
            return ""

    def _set_value(line: str) -> None:
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
            winreg.SetValueEx(key, _VALUE, 0, winreg.REG_SZ, line)
        _delete_value(_APPROVED_KEY)  # where the Task Manager notes that a person switched it off

    def _delete_value(path: str = _RUN_KEY) -> None:
        access = winreg.KEY_SET_VALUE
        with (
            contextlib.suppress(FileNotFoundError),
            winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, access) as key,
        ):
            winreg.DeleteValue(key, _VALUE)

else:

    def _value() -> str:
        return ""

    def _set_value(line: str) -> None:
        raise OSError(f"no registry for {line}")

    def _delete_value() -> None:
        return
