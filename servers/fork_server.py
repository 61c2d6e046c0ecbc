"""A fork server: starts Lou's own servers as forks of a process that has imported their modules.

usage: python -m servers.fork_server FAMILY CONTROL

In: on the socket CONTROL, the lifelines of guards (see `servers.contract.fork_request`). Out: for
each a guard, which at once forks the server. Both run what they would run as programs of their own;
they begin without imports, and share the memory of the modules.

One family is that of the servers with the SDK, another that of the relays, which never have it. A
fork server has one thread, no loop, and no secret: what a server is told is read by the forked
process. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from importlib import import_module

from servers import guard
from servers.__main__ import run_server
from servers.contract import code_pages, fork_request, ownership, ping_timer
from servers.host import process_limits

assert sys.platform != "win32"

_SET_NAME = 15
_OF_BYTES = 40
"""Bytes of memory that a `bytes` object takes besides its content, and a few to spare."""
_MOST_DESCRIPTORS = 1 << 16


def main() -> int:
    """Serve until the app is gone; in a forked server, run it. Returns the exit code."""
    family, control = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    process_limits.keep_secrets()
    process_limits.die_with_parent(os.getppid())
    ownership.set_private_umask()
    _set_title("lou-forks", [sys.executable, "-I", "-m", "servers.fork_server", family])
    gc.disable()
    _load(family)
    _kept.extend(_fillings())
    gc.freeze()
    with contextlib.suppress(AttributeError):  # other C libraries lack it
        ctypes.pythonapi.malloc_trim(0)
    code_pages.give_back_code()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the guards
    while (asked := fork_request.asked(control)) is not None:
        title, lifeline, request = asked
        if os.fork() == 0:
            control.close()
            _split(title, lifeline, request)
            return _become(socket.socket(fileno=request))
        os.close(lifeline)
        os.close(request)
    return 0


def _split(title: str, lifeline: int, request: int) -> None:
    """Become a guard, and fork; returns in the process that is to be the server."""
    os.setsid()
    _set_title("lou-guard", ["lou-guard", *title.split()])
    guard.say(lifeline, f"guard {os.getpid()}")
    guard.guard_server(lifeline, request)
    signal.set_wakeup_fd(-1)
    os.closerange(3, request)
    os.closerange(request + 1, _MOST_DESCRIPTORS)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _load(family: str) -> None:
    for module in ("resource", "servers.host.run", "servers.host.transport.unix"):
        import_module(module)
    # The tables of the encodings take 0.6 MB, and are made with the first secret.
    import_module("servers.contract.redaction").Redactor().learn(["no secret at all"])
    if family == fork_request.RELAYS:
        import_module("servers.relay.server")
        return
    from servers.host.mcp import sdk_imports  # noqa: PLC0415 - not for relays

    sdk_imports.import_sdk()
    from servers.host import rehearsal  # noqa: PLC0415
    from servers.search import server as search  # noqa: PLC0415
    from servers.tracker import server as tracker  # noqa: PLC0415

    rehearsal.rehearse((search.build, tracker.build))
    gc.collect()


_kept: list[bytes] = []


def _fillings() -> Iterator[bytes]:
    """Objects that fill the holes between those of the modules.

    What a fork makes would fill them, and so write to a page of shared memory for each hole.
    """
    reader, writer = os.pipe()
    stderr = os.dup(2)
    os.dup2(writer, 2)
    sys._debugmallocstats()
    os.dup2(stderr, 2)
    report = os.read(reader, 1 << 16).decode()
    for descriptor in (reader, writer, stderr):
        os.close(descriptor)
    for row in map(str.split, report.splitlines()):
        if len(row) == 5 and all(map(str.isdigit, row)) and int(row[1]) > _OF_BYTES:
            yield from (bytes(int(row[1]) - _OF_BYTES) for _ in range(int(row[4])))


def _become(channel: socket.socket) -> int:
    """Read what this process is to be, and be it; returns its exit code."""
    with channel:
        request, descriptors = fork_request.receive(channel)
    for number, stream in enumerate(descriptors[:3]):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request.environment)
    for timer in descriptors[3:]:
        ping_timer.hand_over(timer)
    time.tzset()
    os.chdir(request.folder)
    gc.enable()
    kind, *name, instance = request.arguments
    _set_title(f"lou-{kind}", [sys.executable, "-I", "-m", "servers", *request.arguments])
    return run_server(kind, "".join(name), instance.partition("=")[2], os.getppid())


def _set_title(name: str, arguments: list[str]) -> None:
    """Show another name and other arguments in the list of processes."""
    ctypes.pythonapi.prctl(_SET_NAME, name.encode(), 0, 0, 0)
    text = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
    if _TITLE:
        ctypes.memmove(_TITLE, text[: _TITLE_ROOM - 1].ljust(_TITLE_ROOM, b"\0"), _TITLE_ROOM)


def _title_place() -> tuple[int, int]:
    """Where this process keeps its arguments, and their length."""
    with open("/proc/self/stat", encoding="latin-1") as file:  # noqa: PTH123
        begin, end = file.read().rpartition(")")[2].split()[45:47]
    return int(begin), int(end) - int(begin)


_TITLE, _TITLE_ROOM = _title_place()
"""Found before the first fork: to open a file writes to a megabyte of shared memory."""

if __name__ == "__main__":
    sys.exit(main())
