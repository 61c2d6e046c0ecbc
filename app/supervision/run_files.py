"""Files that record which servers run, to end those that a killed app left.

In: the name of a server and the mark of its instance. Out: one file per running server. A file is
no proof that its process lives, and its pid may be reused; only processes that carry the mark in
their arguments or environment are ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from app.supervision.launch_command import MARKER, MARKER_VARIABLE
from servers.contract import file_sharing, ownership

_GRACE = 0.5
_PATIENCE = 2.0
_POLL = 0.01


@dataclass(frozen=True, slots=True)
class RunFile:
    """The content of one file: a server, and the app that runs it."""

    name: str
    instance: str
    app_pid: int
    app_created: float


def write(folder: Path, name: str, instance: str) -> None:
    """Record that `name` is about to run, so that a sweep can find it."""
    me = psutil.Process()
    record = RunFile(name, instance, me.pid, me.create_time())
    path = _path(folder, name)
    fresh = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(record), file)
    file_sharing.replace(str(fresh), str(path))


def erase(folder: Path, name: str) -> None:
    """Record that `name` does not run any more."""
    _path(folder, name).unlink(missing_ok=True)


def sweep(folder: Path) -> list[str]:
    """End the servers of dead apps and delete their files; returns their names. Takes up to 3 s."""
    stale = [record for record in _read(folder) if not _is_running(record)]
    end(record.instance for record in stale)
    for record in stale:
        erase(folder, record.name)
    return [record.name for record in stale]


def end(instances: Iterable[str]) -> None:
    """End every process with one of these marks: SIGTERM, then SIGKILL until none is left."""
    marks = set(instances)
    left = _processes_with(marks) if marks else []
    _each(left, "terminate")
    began = time.monotonic()
    while left and time.monotonic() < began + _PATIENCE:
        if time.monotonic() > began + _GRACE:
            _each(left, "kill")
        time.sleep(_POLL)
        left = _processes_with(marks)


def _each(processes: list[psutil.Process], action: str) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            getattr(process, action)()
            process.resume()


def _processes_with(marks: set[str]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _mark(process) in marks]


def _mark(process: psutil.Process) -> str:
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return ""
        for argument in process.cmdline():
            if argument.startswith(MARKER):
                return argument.removeprefix(MARKER)
        return process.environ().get(MARKER_VARIABLE, "")
    except (psutil.Error, OSError):
        return ""


def _is_running(record: RunFile) -> bool:
    """Whether the app of this file lives; then its servers are not left over."""
    try:
        return abs(psutil.Process(record.app_pid).create_time() - record.app_created) < 1
    except psutil.Error:
        return False


def _read(folder: Path) -> list[RunFile]:
    found = []
    for path in folder.glob("run-*.json"):
        try:
            found.append(RunFile(**json.loads(ownership.read(str(path)))))
        except (OSError, ValueError, TypeError):
            path.unlink(missing_ok=True)
    return found


def _path(folder: Path, name: str) -> Path:
    return folder / f"run-{name}.json"
