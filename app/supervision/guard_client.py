"""The app's end of a guard: what it learns from it and asks of it. Linux and macOS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import py_compile
import signal
import socket
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from servers.contract import endpoint

_GUARD = Path(__file__).with_name("guard.py").resolve()
_SOURCE = _GUARD.read_bytes()
"""The guard as this app knows it: an update replaces the file while the app runs."""


def guard_file() -> str:
    """A copy of the guard that no update takes away, made anew when it is gone.

    It is byte code, which saves half a megabyte in each; source where an update brought another
    interpreter, which does not read that.
    """
    folder = Path(endpoint.run_folder())
    source = folder / f"guard-{_CHECKSUM}.py"
    code = source.with_suffix(f".{sys.implementation.cache_tag}.pyc")
    try:
        if not source.exists() or not code.exists():
            endpoint.make_private(str(folder))
            _put(source, _SOURCE)
            py_compile.compile(str(source), cfile=str(code), doraise=True)
        return str(code if _interpreter() == _BEGAN_WITH else source)
    except (OSError, py_compile.PyCompileError):
        return str(_GUARD)


def _put(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def _interpreter() -> tuple[int, int] | None:
    """Which file the interpreter is now."""
    try:
        found = Path(sys.executable).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


_CHECKSUM = f"{zlib.crc32(_SOURCE):08x}"
_BEGAN_WITH = _interpreter()


class GuardClient:
    """Runs a command under a guard. Closing it, or dying, ends the server's whole tree."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._heard = b""
        self._guard: int | None = None
        self.started: asyncio.Future[int] = self._loop.create_future()
        """The server's own pid; OSError when the guard ended before it had one."""
        self.code: int | None = None
        """The server's exit code; None while it runs, and when the guard itself was killed."""
        self.refusal = ""
        """Why the command could not be executed."""

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        """What to execute so that `argv` runs on this leash."""
        lifeline = str(self._theirs.fileno())
        return (sys.executable, "-I", "-S", guard_file(), lifeline, *argv)

    def options(self) -> dict[str, Any]:
        """How to execute it."""
        return {"pass_fds": (self._theirs.fileno(),), "start_new_session": True}

    def attach(self, pid: int) -> None:
        """The guard runs as `pid`."""
        self._guard = pid
        self._theirs.close()
        self._loop.add_reader(self._ours, self._listen)

    def terminate(self) -> None:
        """SIGTERM and SIGCONT to the server's group."""
        self._order(b"t")

    def kill(self) -> None:
        """SIGKILL to the whole tree; a stopped guard is woken for it."""
        self._order(b"k")
        if self._guard is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._guard, signal.SIGCONT)

    def close(self, code: int | None = None) -> None:
        """The guard is reaped, or was never made; its own exit code says nothing."""
        self._listen()
        self._guard = None
        self._loop.remove_reader(self._ours)
        self._ours.close()
        self._theirs.close()
        if not self.started.done():
            self.started.set_exception(OSError("it ended before it was started"))
            self.started.exception()

    def _order(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            self._ours.send(word)

    def _listen(self) -> None:
        try:
            data = self._ours.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._ours)
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            self._hear(line.decode("utf-8", "replace"))

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "exit":
            self.code = int(rest)
        elif word == "pid" and not self.started.done():
            self.started.set_result(int(rest))
        elif word == "error":
            self.refusal = rest
