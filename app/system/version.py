"""Which Lou this is, and which one is installed now: an update replaces the files under a process.

What this process began as is looked up once, when this module is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BEGIN, _END = "lou-", ".dist-info"
_RECORD = "RECORD"
"""Installers write it last, and take it away with the rest."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One installation of the package, whole."""

    version: str
    record: str
    stamp: tuple[int, int]
    """Time of the last change and number of `record`: another one is another installation."""


def current() -> str:
    """The version that this process runs; 0 from a folder that was never installed."""
    return _BEGAN_AS.version if _BEGAN_AS else "0"


def is_whole() -> bool:
    """Whether Lou's files are all there: not while an update replaces them, or after a removal."""
    return _BEGAN_AS is None or _installed_now() is not None


def update() -> str:
    """The version that was installed since this process began; empty while it is the same."""
    now = _installed_now()
    return now.version if _BEGAN_AS and now and now.stamp != _BEGAN_AS.stamp else ""


def _installed_now() -> Installed | None:
    if _BEGAN_AS and _look(_BEGAN_AS.record, _BEGAN_AS.version) == _BEGAN_AS:
        return _BEGAN_AS
    return _find()


def _find() -> Installed | None:
    for folder in _folders():
        try:
            names = os.listdir(folder)  # noqa: PTH208 - the module is read by every command
        except OSError:
            continue
        for name in names:
            if name.startswith(_BEGIN) and name.endswith(_END):
                record = os.path.join(folder, name, _RECORD)  # noqa: PTH118
                found = _look(record, name[len(_BEGIN) : -len(_END)])
                if found:
                    return found
    return None


def _folders() -> Iterator[str]:
    """Where packages are; those of another Python too, since an update may bring one."""
    yield from sys.path
    for pattern in ("lib/python3*/site-packages", "Lib/site-packages"):
        yield from map(str, Path(sys.prefix).glob(pattern))


def _look(record: str, version: str) -> Installed | None:
    try:
        found = os.stat(record)  # noqa: PTH116
    except OSError:
        return None
    return Installed(version, record, (found.st_mtime_ns, found.st_ino))


_BEGAN_AS = _find()
