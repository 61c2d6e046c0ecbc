"""The version that runs and the version that is installed now; an update may replace the files.

The version that runs is read when this module is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BEGIN, _END = "lou-", ".dist-info"
_RECORD = "RECORD"
"""Installers write it last and delete it with the rest."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One complete installation of the package."""

    version: str
    record: str
    stamp: tuple[int, int]
    """Modification time and inode of `record`; they differ for another installation."""


def current() -> str:
    """The version that this process runs; 0 when the package was never installed."""
    return _RUNNING.version if _RUNNING else "0"


def is_whole() -> bool:
    """Whether all files of Lou exist: not during an update or after a removal."""
    return _RUNNING is None or _installed_now() is not None


def update() -> str:
    """The version that was installed since this process started; empty while it is the same."""
    now = _installed_now()
    return now.version if _RUNNING and now and now.stamp != _RUNNING.stamp else ""


def _installed_now() -> Installed | None:
    if _RUNNING and _read(_RUNNING.record, _RUNNING.version) == _RUNNING:
        return _RUNNING
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
                found = _read(record, name[len(_BEGIN) : -len(_END)])
                if found:
                    return found
    return None


def _folders() -> Iterator[str]:
    """The folders of packages, those of another Python too, since an update may bring one."""
    yield from sys.path
    for pattern in ("lib/python3*/site-packages", "Lib/site-packages"):
        yield from map(str, Path(sys.prefix).glob(pattern))


def _read(record: str, version: str) -> Installed | None:
    try:
        found = os.stat(record)  # noqa: PTH116
    except OSError:
        return None
    return Installed(version, record, (found.st_mtime_ns, found.st_ino))


_RUNNING = _find()
