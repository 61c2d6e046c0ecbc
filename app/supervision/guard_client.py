"""Starts and commands the guard of one server, over a socket. Linux and macOS.

In: a command to run. Out: the pid and the exit code of the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import py_compile
import signal
import socket
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from servers.contract import endpoint, fork_request, ping_timer

assert sys.platform != "win32"

_GUARD = Path(endpoint.__file__).resolve().parents[1] / "guard.py"
_SOURCE = _GUARD.read_bytes()
"""Read at the start of the app, because an update may replace the file while the app runs."""


def guard_file() -> str:
    """The path of a copy of the guard that no update removes; made if it is missing.

    It is byte code, which saves 0.5 MB in each guard. After an update of the interpreter it is the
    source, because another interpreter may not read that byte code.
    """
    folder = Path(endpoint.run_folder())
    source = folder / f"guard-{_CHECKSUM}.py"
    code = source.with_suffix(f".{sys.implementation.cache_tag}.pyc")
    try:
        if not source.exists() or not code.exists():
            endpoint.make_private(str(folder))
            _put(source, _SOURCE)
            py_compile.compile(str(source), cfile=str(code), doraise=True)
        return str(code if _interpreter() == _FIRST_INTERPRETER else source)
    except (OSError, py_compile.PyCompileError):
        return str(_GUARD)


def _put(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def _interpreter() -> tuple[int, int] | None:
    """What identifies the file of the interpreter."""
    try:
        found = Path(sys.executable).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


_CHECKSUM = f"{zlib.crc32(_SOURCE):08x}"
_FIRST_INTERPRETER = _interpreter()


class GuardClient:
    """Runs a command under a guard. Closing this, or the end of the app, ends the process tree."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket, self._guard_socket = socket.socketpair()
        self._socket.setblocking(False)
        self._partial = b""
        self._guard: int | None = None
        self._ping_timer: int | None = None
        self.started: asyncio.Future[int] = self._loop.create_future()
        """The pid of the server; OSError when the guard ended before it started the server."""
        self.code: int | None = None
        """The exit code of the server; None while it runs, and when the guard was killed."""
        self.refusal = ""
        """Why the command could not be executed."""
        self.forked: asyncio.Future[int] = self._loop.create_future()
        """The pid of a guard that the fork server started; OSError when it did not."""
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the guard is gone, and all it wrote is read."""

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        socket_number = str(self._guard_socket.fileno())
        return (sys.executable, "-I", "-S", guard_file(), socket_number, *argv)

    def options(self) -> dict[str, Any]:
        """The options of `subprocess_exec` for it."""
        return {"pass_fds": (self._guard_socket.fileno(),), "start_new_session": True}

    def ask_for_fork(
        self, control: socket.socket, request: fork_request.ForkRequest, streams: Sequence[int]
    ) -> None:
        """Ask for a guard, whose server has these streams; raises OSError without a fork server."""
        self._ping_timer = ping_timer.make()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            fork_request.send(ours, request, [*streams, self._ping_timer])
            title = " ".join(request.arguments)
            fork_request.ask(control, title, self._guard_socket.fileno(), theirs.fileno())
        self.listen()

    def attach(self, pid: int) -> None:
        """Begin to read from the guard, which runs as `pid`."""
        self._guard = pid
        self.listen()

    def listen(self) -> None:
        self._guard_socket.close()
        self._loop.add_reader(self._socket, self._read)

    def ping_later(self, seconds: float, ping: Callable[[], None]) -> bool:
        """Call `ping` in `seconds`, unless the server puts that off; False if it cannot."""
        if self._ping_timer is None:
            return False
        ping_timer.wind(self._ping_timer, seconds)
        self._loop.add_reader(self._ping_timer, self._ran_down, self._ping_timer, ping)
        return True

    def _ran_down(self, timer: int, ping: Callable[[], None]) -> None:
        with contextlib.suppress(BlockingIOError):  # the server put it off just now
            os.read(timer, 8)
            ping()

    def terminate(self) -> None:
        """Send SIGTERM and SIGCONT to the process group of the server."""
        self._command(b"t")

    def kill(self) -> None:
        """Send SIGKILL to the whole tree; wakes a stopped guard."""
        self._command(b"k")
        if self._guard is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._guard, signal.SIGCONT)

    def close(self, code: int | None = None) -> None:
        """Release the sockets, after the guard ended or was not started. Its code is ignored."""
        self._read()
        self._guard = None
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._guard_socket.close()
        if self._ping_timer is not None:
            self._loop.remove_reader(self._ping_timer)
            os.close(self._ping_timer)
            self._ping_timer = None
        self._gone()

    def _gone(self) -> None:
        for awaited in (self.started, self.forked):
            if not awaited.done():
                awaited.set_exception(OSError("it ended before it was started"))
                awaited.exception()
        if not self.ended.done():
            self.ended.set_result(None)

    def _command(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.send(word)

    def _read(self) -> None:
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._socket)
            self._gone()
            return
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._handle(line.decode("utf-8", "replace"))

    def _handle(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "exit":
            self.code = int(rest)
        elif word == "pid" and not self.started.done():
            self.started.set_result(int(rest))
        elif word == "guard" and not self.forked.done():
            self._guard = int(rest)
            self.forked.set_result(self._guard)
        elif word == "error":
            self.refusal = rest
