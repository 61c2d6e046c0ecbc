"""Finds the clients' files by path rules, for any platform, home and environment.

All input of a rule is in `Places`, so the rules of each platform can be tested on any other.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.clients.catalog import Client, Platform, Words

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]{0,400}+))?\}")
_ENDINGS = {"windows": (".exe", ".cmd", ".bat"), "linux": ("",), "macos": ("",)}
_PLATFORMS: Mapping[str, Platform] = {"darwin": "macos", "win32": "windows"}


@dataclass(frozen=True, slots=True)
class Places:
    """What the path rules depend on: platform, home folder, environment variables."""

    platform: Platform
    home: Path
    env: Mapping[str, str]

    @classmethod
    def here(cls) -> Places:
        return cls(_PLATFORMS.get(sys.platform, "linux"), Path.home(), dict(os.environ))


@dataclass(frozen=True, slots=True)
class Target:
    """One file of a client; `can_be_made` tells whether Lou may create it."""

    path: Path
    exists: bool
    can_be_made: bool


def is_installed(client: Client, places: Places) -> bool:
    """Whether a file, folder or command of the client exists on this machine."""
    signs = [*_expanded(client.detect, places), *_expanded(client.files, places)]
    if any(os.path.lexists(path) for path in signs):
        return True
    return any(_on_path(command, places) for command in client.commands)


def targets(client: Client, places: Places) -> tuple[Target, ...]:
    """The files of the client that are in use, or the one to create.

    A client's folder is created only below a folder by which the client was detected.
    """
    candidates = [_target(client, path, places) for path in _expanded(client.files, places)]
    usable = [target for target in candidates if target.exists or target.can_be_made]
    if client.pick == "every":
        return tuple(usable)
    present = [target for target in usable if target.exists]
    return tuple((present or usable)[:1])


def expand(template: str, places: Places) -> Iterator[Path]:
    """The paths that `template` stands for; a wildcard matches only what exists.

    No path comes of a variable that is unset without a default, or is no absolute path.
    """
    before, star, after = template.partition("*")
    text = _with_variables(before, places)
    if text is None:
        return
    if not star:
        yield Path(text)
        return
    parent, _, start = text.rpartition("/")
    end, _, below = after.partition("/")
    for found in _matching(Path(parent), f"{start}*{end}"):
        yield found / below if below else found


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _with_variables(template: str, places: Places) -> str | None:
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = places.env.get(match[1], "")
        if found and (found.startswith("/") or Path(found).is_absolute()):
            return found.rstrip("/\\")
        if match[2] is None:
            missing = True
            return ""
        return match[2]

    text = _VARIABLE.sub(value, template)
    if missing:
        return None
    return f"{places.home}{text[1:]}" if text.startswith("~") else text


def _expanded(rules: Words, places: Places) -> list[Path]:
    """The paths of the rules for this platform, each once."""
    templates = rules.get(places.platform, ())
    return list(dict.fromkeys(path for each in templates for path in expand(each, places)))


def _target(client: Client, path: Path, places: Places) -> Target:
    exists = os.path.lexists(path)
    return Target(path, exists, exists or _may_be_made(client, path, places))


def _may_be_made(client: Client, path: Path, places: Places) -> bool:
    if is_there(path.parent.is_dir):
        return is_installed(client, places)
    signs = [sign for sign in _expanded(client.detect, places) if is_there(sign.is_dir)]
    return any(sign in path.parents for sign in signs)


def _on_path(command: str, places: Places) -> bool:
    endings: tuple[str, ...] = _ENDINGS[places.platform]
    folders = [folder for folder in places.env.get("PATH", "").split(os.pathsep) if folder]
    files = (Path(folder, command + ending) for folder in folders for ending in endings)
    return any(is_there(file.is_file) for file in files)


def is_there(check: Callable[[], bool]) -> bool:
    """The result of `check`; what this user may not read counts as absent."""
    try:
        return check()
    except OSError:
        return False
