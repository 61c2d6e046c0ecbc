"""Starts Lou's own servers through fork servers, which it runs, watches, and ends. Linux.

In: the launch of a server. Out: a transport of the forked process, like
the one of `subprocess_exec`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from io import FileIO
from pathlib import Path

from app.supervision import guard_client, launch_command
from app.supervision.launch_command import Launch
from servers.contract import fork_request

assert sys.platform != "win32"

log = logging.getLogger(__name__)

_MODULE = "servers.fork_server"
_ROOM_FOR_TITLES = "-" * 160
"""An argument that the forks replace by their own arguments, which no start of theirs could set."""
_FORKED_WITHIN_S = 30.0
"""The first fork waits for the imports."""
_MOST_FAILURES = 3
"""Failures in a row; then the fork server is not started again."""


class ForkClient:
    """The fork servers of one app, one for each family; each is started when it is needed."""

    def __init__(self) -> None:
        self._servers: dict[str, _ForkServer] = {}

    async def start(
        self, launch: Launch, protocol: asyncio.SubprocessProtocol, guard: guard_client.GuardClient
    ) -> None:
        arguments = launch_command.own_arguments(launch.argv)
        request = fork_request.ForkRequest(arguments, launch.env, launch.cwd or "/")
        family = fork_request.family_of(arguments)
        server = self._servers.setdefault(family, _ForkServer(family))
        ours, theirs = _pipes()
        try:
            guard_pid = await server.fork(request, guard, [pipe.fileno() for pipe in theirs])
            await ForkedTransport(protocol, guard, guard_pid).connect(ours)
        except BaseException:
            guard.close()
            for pipe in ours:
                pipe.close()
            raise
        finally:
            for pipe in theirs:
                pipe.close()

    def close(self) -> None:
        """End the fork servers; their forks live on."""
        for server in self._servers.values():
            server.close()


class _ForkServer:
    """The fork server of one family."""

    def __init__(self, family: str) -> None:
        self._family = family
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._imported: list[int] = []
        self._failures = 0

    async def fork(
        self,
        request: fork_request.ForkRequest,
        guard: guard_client.GuardClient,
        streams: Sequence[int],
    ) -> int:
        """Have a guard and its server forked; returns the pid of the guard, or raises OSError."""
        installed = _package_times()
        if installed != self._imported:
            self.close()
            self._imported, self._failures = installed, 0
        if self._failures >= _MOST_FAILURES:
            raise OSError("that failed too often")
        control = self._opened()
        try:
            guard.ask_for_fork(control, request, streams)
            pid = await asyncio.wait_for(guard.forked, _FORKED_WITHIN_S)
        except OSError as failed:
            if control is self._control:
                self._drop_process()
            if isinstance(failed, TimeoutError):
                raise OSError("its fork server does not answer") from None
            raise
        self._failures = 0
        return pid

    def _opened(self) -> socket.socket:
        """The control socket of the process, which is started unless it runs."""
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._control.setblocking(False)
            number = theirs.fileno()
            words = (_MODULE, self._family, str(number), _ROOM_FOR_TITLES)
            with theirs:
                self._process = subprocess.Popen(
                    (sys.executable, "-I", "-m", *words),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(number,),
                    env=launch_command.server_environment(),
                    cwd="/",
                    start_new_session=True,
                )
            asyncio.get_running_loop().add_reader(self._control, self._drop_process)
        return self._control

    def _drop_process(self) -> None:
        """The process ended or does not answer; its forks live on."""
        self._failures += 1
        self.close()
        log.warning(
            "The process that forks servers (%s) ended; the next start brings it back", self._family
        )

    def close(self) -> None:
        """End the process; its forks live on."""
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


def _package_times() -> list[int]:
    """What changes when a package comes, goes, or is replaced: the times of the packages' folders.

    Installers set the times of modification; nobody can set those of the change itself.
    """
    folders = (Path(name) for name in sys.path if name.endswith("-packages"))
    return [folder.stat().st_ctime_ns for folder in folders if folder.is_dir()]


def _pipes() -> tuple[list[FileIO], list[FileIO]]:
    """Pipes for stdin, stdout and stderr: the app's ends, and the server's."""
    pairs = [os.pipe() for _ in range(3)]
    readers, writers = ([FileIO(pair[end], "rw"[end]) for pair in pairs] for end in range(2))
    return [writers[0], *readers[1:]], [readers[0], *writers[1:]]


class ForkedTransport(asyncio.SubprocessTransport):
    """A forked server, for a protocol that expects what `subprocess_exec` gives it."""

    def __init__(
        self, protocol: asyncio.SubprocessProtocol, guard: guard_client.GuardClient, guard_pid: int
    ) -> None:
        super().__init__()
        self._protocol = protocol
        self._guard, self._guard_pid = guard, guard_pid
        self._pipes: dict[int, asyncio.BaseTransport] = {}
        self._open: set[int] = set()
        self._has_exited = False

    async def connect(self, pipes: Sequence[FileIO]) -> None:
        """Read and write these pipes; then tell the protocol."""
        loop = asyncio.get_running_loop()
        for fd, pipe in enumerate(pipes):
            connect = loop.connect_read_pipe if fd else loop.connect_write_pipe
            self._pipes[fd], _ = await connect(partial(_PipeEnd, self, fd), pipe)
            self._open.add(fd)
        self._protocol.connection_made(self)
        self._guard.ended.add_done_callback(lambda _: self._note_exit())

    def get_pid(self) -> int:
        return self._guard_pid

    def get_returncode(self) -> int | None:
        return 0 if self._has_exited else None

    def get_pipe_transport(self, fd: int) -> asyncio.BaseTransport | None:
        return self._pipes[fd]

    def close(self) -> None:
        for pipe in self._pipes.values():
            pipe.close()

    def received(self, fd: int, data: bytes) -> None:
        self._protocol.pipe_data_received(fd, data)

    def lost(self, fd: int, exc: Exception | None) -> None:
        self._protocol.pipe_connection_lost(fd, exc)
        self._open.discard(fd)
        self._finish()

    def _note_exit(self) -> None:
        self._has_exited = True
        self._protocol.process_exited()
        self._finish()

    def _finish(self) -> None:
        if self._has_exited and not self._open:
            self._protocol.connection_lost(None)


class _PipeEnd(asyncio.Protocol):
    def __init__(self, owner: ForkedTransport, fd: int) -> None:
        self._owner, self._fd = owner, fd

    def data_received(self, data: bytes) -> None:
        self._owner.received(self._fd, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self._fd, exc)
