"""The menu entry and the icon of Lou on Linux desktops, for installations that bring none."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from app.errors import AppError
from app.system import files, installation, launch_file, paths

_READABLE = 0o644
_WITHOUT_ENTRY = {"pip", "pipx", "uv"}
"""Installers of Python packages, which can write no entry. Source code may be moved any time."""


def text(argv: tuple[str, ...], *, at_login: bool = False) -> str:
    """A desktop entry that starts `argv`; nothing is started once that program was removed."""
    more = "X-GNOME-Autostart-enabled=true\n" if at_login else _MENU
    line = " ".join(_quoted(word) for word in argv)
    return (
        "[Desktop Entry]\nType=Application\nName=Lou\n"
        "Comment=Local MCP servers for your AI clients\n"
        f"Exec={line}\nTryExec={_escaped(argv[0])}\nIcon=lou\nTerminal=false\n{more}"
    )


_MENU = (
    "GenericName=MCP servers\nCategories=Utility;\n"
    "Keywords=MCP;AI;assistant;Claude;search;\n"
    "StartupNotify=true\nStartupWMClass=lou\n"
)


def install() -> list[Path]:
    """Write the menu entry and the icon for this user; returns their paths.

    Raises:
        AppError: this system has no such entries, or a file could not be written.
    """
    require_linux()
    menu, icon = places()
    files.write_atomic(icon, paths.resource("icons", "lou.svg").read_bytes(), mode=_READABLE)
    files.write_atomic(menu, text(launch_file.command_in_text()).encode(), mode=_READABLE)
    return [menu, icon]


def remove() -> list[Path]:
    """Delete what `install` wrote; returns what was there, or raises SettingsError."""
    found = [path for path in places() if path.is_file()]
    for path in found:
        files.delete(path)
    return found


def is_offered() -> bool:
    """Whether this Lou could have an entry, which its installer did not write, and has none."""
    kind = installation.current().kind
    return is_supported() and kind in _WITHOUT_ENTRY and not is_installed()


def is_installed() -> bool:
    """Whether a menu entry of Lou exists for this user or for all."""
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    folders = [_data_home(), *map(Path, shared.split(":"))]
    return any((folder / "applications" / "lou.desktop").is_file() for folder in folders)


def places() -> tuple[Path, Path]:
    """Where the menu entry and the icon of this user are."""
    base = _data_home()
    return base / "applications/lou.desktop", base / "icons/hicolor/scalable/apps/lou.svg"


def is_supported() -> bool:
    """Whether this system has menu entries of this kind."""
    return sys.platform not in {"win32", "darwin"}


def require_linux() -> None:
    """Raise AppError unless this system has menu entries of this kind."""
    if not is_supported():
        raise AppError(
            "Menu entries of this kind are for Linux desktops.",
            "On Windows the setup program makes the entry; on macOS start Lou with `lou`.",
            code="no_menu",
        )


def _data_home() -> Path:
    given = os.environ.get("XDG_DATA_HOME")
    return Path(given) if given else Path.home() / ".local" / "share"


def _quoted(word: str) -> str:
    """A word of an Exec line, quoted as the Desktop Entry Specification says."""
    escaped = word.replace("%", "%%")
    if shlex.quote(word) == word:
        return escaped
    for special in ("\\", '"', "`", "$"):
        escaped = escaped.replace(special, f"\\{special}")
    return f'"{escaped}"'.replace("\\", "\\\\")


def _escaped(word: str) -> str:
    """A plain string value: only a backslash has a meaning in it."""
    return word.replace("\\", "\\\\")
