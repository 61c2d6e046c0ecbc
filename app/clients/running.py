"""Finds running clients, asks them to quit, and starts them again.

A client is never killed: one that does not quit is left to the user.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from app.clients.catalog import Client, Platform, Trace
from servers.contract import ownership

log = logging.getLogger(__name__)

_QUIT_WAIT_S = 15.0
_TERMINATE = ("terminate",)


class Instance(NamedTuple):
    """One running client: its process id and start time, as a record stores them."""

    pid: int
    started: float

    def is_alive(self) -> bool:
        """Whether this process still runs."""
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < 1.0 and (
                process.status() != psutil.STATUS_ZOMBIE
            )
        except (psutil.Error, OSError):
            return False


class OldCopies:
    """The running clients that hold a file in memory as it was before Lou wrote it.

    A client can write once more shortly after its process ended, so each is kept for `GRACE_S`.
    """

    GRACE_S = 15.0

    def __init__(self) -> None:
        self._held: dict[tuple[str, Path], tuple[tuple[Instance, ...], float]] = {}

    def note(self, key: tuple[str, Path], marks: Iterable[tuple[int, float]]) -> None:
        """Note that these processes hold an old copy of this client's file."""
        running = tuple(Instance(pid, started) for pid, started in marks)
        if running:
            self._held[key] = (running, time.monotonic())
        else:
            self._held.pop(key, None)

    def expired(self) -> list[tuple[str, Path]]:
        """Remove and return the files of which no process holds an old copy any more."""
        now = time.monotonic()
        expired = []
        for key, (running, last_alive) in tuple(self._held.items()):
            if any(instance.is_alive() for instance in running):
                self._held[key] = (running, now)
            elif now - last_alive > self.GRACE_S:
                del self._held[key]
                expired.append(key)
        return expired


def instances(client: Client, platform: Platform) -> tuple[Instance, ...]:
    """The client's running processes, without their children."""
    traces = client.processes.get(platform, ())
    if not traces:
        return ()
    found = {process["pid"]: process for process in _matching(traces)}
    return tuple(
        Instance(process["pid"], process["create_time"])
        for process in found.values()
        if process["ppid"] not in found
    )


async def quit_politely(client: Client, platform: Platform) -> bool:
    """Ask the client to quit, as a logout does; returns whether it quit."""
    running = await asyncio.to_thread(instances, client, platform)
    if not running:
        return True
    words = client.quit.get(platform, ())
    if not words:
        return False
    if words == _TERMINATE:
        _ask(running)
    else:
        await _run(words)
    return await _gone(running)


async def reopen(client: Client, platform: Platform) -> bool:
    """Start the client; returns whether the command could be run."""
    words = client.open.get(platform, ())
    if not words:
        return False
    try:
        await _run(words)
    except OSError as failure:
        log.warning("%s could not be started: %s", client.name, failure.strerror)
        return False
    return True


def can_be_asked(client: Client, platform: Platform) -> bool:
    return bool(client.quit.get(platform))


def _ask(running: Iterable[Instance]) -> None:
    for instance in running:
        with contextlib.suppress(psutil.Error):
            psutil.Process(instance.pid).terminate()


async def _gone(running: tuple[Instance, ...]) -> bool:
    until = time.monotonic() + _QUIT_WAIT_S
    while any(instance.is_alive() for instance in running):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True


async def _run(words: tuple[str, ...]) -> None:
    await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        umask=ownership.users_umask(),
    )


def _matching(traces: tuple[Trace, ...]) -> list[dict[str, Any]]:
    """The facts about each process that fits; one that cannot be looked at hides no other."""
    names = {trace.name.casefold() for trace in traces}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name().casefold() not in names:
                continue
            words = _words(process)
            if any(_fits(process.name(), words, trace) for trace in traces):
                created = process.create_time()
                found.append({"pid": process.pid, "ppid": process.ppid(), "create_time": created})
    return found


def _words(process: psutil.Process) -> list[str]:
    """The program and the arguments, as far as the system tells them."""
    words = []
    with contextlib.suppress(psutil.Error, OSError):
        words.append(process.exe())
    with contextlib.suppress(psutil.Error, OSError):
        words += process.cmdline()
    return words


def _fits(name: str, words: list[str], trace: Trace) -> bool:
    return name.casefold() == trace.name.casefold() and any(trace.has in word for word in words)
