"""`lou desktop`: the menu entry, the icon and the start at login of an installation by pip."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app.cli.output import Output
from app.cli.parser import CommandParser
from app.system import desktop_entry


def declare(parser: CommandParser) -> None:
    install = parser.subcommand("install", "add Lou to the menu of the desktop")
    install.set_defaults(run=_install)
    remove = parser.subcommand("remove", "take Lou out of the menu of the desktop")
    remove.set_defaults(run=_remove)


def _install(args: Namespace, output: Output) -> int:
    del args
    return _print(desktop_entry.install(), "Lou is in the menu", "written", output)


def _remove(args: Namespace, output: Output) -> int:
    del args
    desktop_entry.require_linux()
    return _print(desktop_entry.remove(), "Lou is not in the menu", "deleted", output)


def _print(paths: list[Path], done: str, what: str, output: Output) -> int:
    if output.printed({what: [str(path) for path in paths]}):
        return 0
    output.line(f"{done}.")
    for path in paths:
        output.line(f"  {path}: {what}")
    return 0
