"""A fork server: starts Lou's own servers as forks of a process that has imported their modules.

usage: python -m servers.fork_server FAMILY CONTROL

In: on the socket CONTROL, the lifelines of guards (see `servers.contract.fork_request`). Out: for
each a guard, which forks the server. Both run what they would run as programs of their own; they
begin without imports, and share the memory of the modules.

One family is that of the servers with the SDK, another that of the relays, which never have it. A
fork server has one thread, no loop, and no secret: what a server is told is read by the forked
process. Linux only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
import time
from importlib import import_module

from servers import guard
from servers.__main__ import main as run_server
from servers.contract import fork_request, ownership
from servers.host import process_limits

assert sys.platform != "win32"

_SET_NAME = 15
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
    gc.freeze()
    ctypes.CDLL(None).malloc_trim(0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the guards
    while (lifeline := fork_request.asked(control)) is not None:
        if os.fork() == 0:
            control.close()
            return _become(lifeline)
        os.close(lifeline)
    return 0


def _load(family: str) -> None:
    """Import what the servers of a family need."""
    for module in ("servers.host.run", "servers.host.transport.unix"):
        import_module(module)
    if family == fork_request.RELAYS:
        import_module("servers.relay.server")
        return
    from servers.host.mcp import sdk_imports  # noqa: PLC0415 - not for relays

    sdk_imports.delay_fronts()
    from servers.host import rehearsal  # noqa: PLC0415
    from servers.search import server as search  # noqa: PLC0415
    from servers.tracker import server as tracker  # noqa: PLC0415

    rehearsal.rehearse((search.build, tracker.build))
    gc.collect()


def _become(lifeline: int) -> int:
    """Become a guard and fork the server; returns the server's exit code in its process."""
    os.closerange(3, lifeline)
    os.closerange(lifeline + 1, _MOST_DESCRIPTORS)
    app = socket.socket(fileno=lifeline)
    request, streams = fork_request.receive(app)
    app.detach()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.setsid()
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    os.chdir(request.folder)
    _set_title("lou-guard", ["lou-guard", *request.arguments])
    guard.say(lifeline, f"guard {os.getpid()}")
    guard.guard_server(lifeline)
    signal.set_wakeup_fd(-1)
    os.closerange(3, _MOST_DESCRIPTORS)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    kind, *_ = request.arguments
    _set_title(f"lou-{kind}", [sys.executable, "-I", "-m", "servers", *request.arguments])
    return run_server(list(request.arguments), os.getppid())


def _set_title(name: str, arguments: list[str]) -> None:
    """Show another name and other arguments in the list of processes."""
    ctypes.CDLL(None).prctl(_SET_NAME, name.encode(), 0, 0, 0)
    with open("/proc/self/stat", encoding="latin-1") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    begin, room = int(fields[45]), int(fields[46]) - int(fields[45])
    text = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
    if begin:
        ctypes.memmove(begin, text[: room - 1].ljust(room, b"\0"), room)


if __name__ == "__main__":
    sys.exit(main())
