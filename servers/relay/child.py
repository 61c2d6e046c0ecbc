"""Runs the user's own server as a child process, and chooses what it inherits of the environment.

In: a command and lines for its stdin. Out: its stdout and stderr as lines. After `close` nothing of
its process group is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from servers.contract import system_variables
from servers.contract.line_reader import BoundedLineReader, LongLine, limit_reads
from servers.host import process_limits
from servers.host.tools.service import StartRefusedError
from servers.host.transport.direct_reads import read_directly
from servers.relay import windows_command

if sys.platform == "win32":
    from servers.contract.windows_job import START_FLAGS, JobObject

_INHERITED = (
    "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER",
    "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", *system_variables.WINDOWS,
)  # fmt: skip
"""The variables that the user's server inherits; its entry sets all others."""

_HOME, _SEPARATORS = ("USERPROFILE", "\\/") if sys.platform == "win32" else ("HOME", "/")
PRIVATE_UMASK = 0o077
LONGEST_LINE = 256 << 20
"""Bytes of one line of the server; a longer one is dropped."""
_LONGEST_STDERR = 64 << 10
_LAST_LINES_S = 0.5
"""Seconds after the end of a command in which its last lines arrive; a pipe that stays open then
belongs to another process."""
_ENDS_WITHIN_S = 1.0
"""Seconds after its stdin closed, and again after SIGTERM; then it is killed."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, its environment and its folder."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    umask: int = PRIVATE_UMASK
    """The umask of the user's session; Lou's own is not passed on."""


class Child(asyncio.SubprocessProtocol):
    """One running command. `line` gets each line of its stdout, `stderr_line` of its stderr.

    `ended` is called once with the reason, when it ends or closes its stdout by itself, `drained`
    when it has read most of what waited for it.
    """

    def __init__(
        self,
        line: Callable[[bytes], None],
        stderr_line: Callable[[str], None],
        ended: Callable[[str], None],
        drained: Callable[[], None],
    ) -> None:
        self._line = line
        self._stderr_line = stderr_line
        self._drained = drained
        self._ended: Callable[[str], None] | None = ended
        self._out, self._err = BoundedLineReader(LONGEST_LINE), BoundedLineReader(_LONGEST_STDERR)
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._stdout: asyncio.ReadTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._exited = asyncio.Event()
        self._is_behind = False
        self._is_reading = True
        self._ending: asyncio.TimerHandle | None = None

    async def start(self, command: Command) -> None:
        """Start the command; raises StartRefusedError if it cannot be started."""
        argv, env, folder = _launch_of(command)
        try:
            await _launch(self, argv, command, env=env, cwd=folder)
        except (OSError, ValueError) as refused:
            raise StartRefusedError(
                "not_launchable",
                f"The command {command.argv[0]!r} cannot be started: {refused}.",
                "Check the command and its folder in the server's settings.",
            ) from None

    @property
    def waiting(self) -> int:
        """Bytes that it has not read yet, without those in the pipe."""
        return self._stdin.get_write_buffer_size() if self._stdin and self._is_behind else 0

    def send(self, line: bytes, *_: object) -> None:
        """Write one line to its stdin; do nothing if it is gone."""
        if self._stdin and not self._stdin.is_closing():
            self._stdin.write(line + b"\n")

    def read(self, *, on: bool) -> None:
        """Read its stdout, or let what it writes wait; its end is noticed only while it is read."""
        if self._stdout and not self._stdout.is_closing() and on is not self._is_reading:
            self._is_reading = on
            (self._stdout.resume_reading if on else self._stdout.pause_reading)()

    async def close(self) -> None:
        """Close its stdin, then terminate, then kill it; always kill what is left of its group."""
        self._ended = None
        if not self._transport:
            return
        if self._stdin:
            self._stdin.close()
        for is_asked in (False, True):
            if is_asked:
                _terminate(self._transport.get_pid())
            if await self._has_exited():
                break
        _kill(self._transport.get_pid())
        await self._has_exited()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        self._stdout = stdout = cast("asyncio.ReadTransport", self._transport.get_pipe_transport(1))
        limit_reads(stdout)
        stdout.set_protocol(_Stdout(self._take_stdout, stdout))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._take_stdout(data)
            return
        for text in self._err.feed(data):
            is_long = isinstance(text, LongLine)
            self._stderr_line(
                "(a line too long to show)" if is_long else text.decode(errors="replace")  # type: ignore[union-attr]
            )

    def pause_writing(self) -> None:
        self._is_behind = True

    def resume_writing(self) -> None:
        self._is_behind = False
        self._drained()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            if rest := self._out.rest():
                self._line(rest)
            self._end_in(_ENDS_WITHIN_S)

    def process_exited(self) -> None:
        self._exited.set()
        self._end_in(_LAST_LINES_S)

    def _take_stdout(self, data: bytes) -> None:
        for line in self._out.feed(data):
            if isinstance(line, LongLine):
                self._stderr_line(f"(a line of more than {LONGEST_LINE} bytes on stdout)")
            else:
                self._line(line)

    def _end_in(self, seconds: float) -> None:
        """Report the end in `seconds`, or at once when it both closed its stdout and exited."""
        if self._ending:
            self._ending.cancel()
            seconds = 0.0
        self._ending = self._loop.call_later(seconds, self._report_end)

    def _report_end(self) -> None:
        ended, self._ended = self._ended, None
        code = self._transport.get_returncode() if self._transport else None
        if ended is None:
            return
        if code is None:
            ended("closed its stdout")
        else:
            ended(f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}")

    async def _has_exited(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._exited.wait(), _ENDS_WITHIN_S)
        return self._exited.is_set()


class _Stdout(asyncio.Protocol):
    """Passes data on at once; asyncio's own protocol of a child takes a turn of the loop for it."""

    def __init__(self, take: Callable[[bytes], None], stream: asyncio.ReadTransport) -> None:
        self._take = take
        self._former = stream.get_protocol()
        self._stop_reading = read_directly(stream, take)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_reading()
        self._former.connection_lost(exc)


def _launch_of(command: Command) -> tuple[tuple[str, ...], dict[str, str], Path]:
    """Arguments, environment, folder; raises StartRefusedError without a program or folder."""
    env = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {**command.env}
    name = command.argv[0]
    folder = Path(command.cwd or env.get(_HOME) or os.curdir)
    return (_program(name, folder, env.get("PATH")), *command.argv[1:]), env, folder


def _program(name: str, folder: Path, path: str | None) -> str:
    """The path of the command; a relative path starts at the folder in which it runs."""
    if not folder.is_dir():
        raise StartRefusedError(
            "not_launchable",
            f"The folder {str(folder)!r} that it should run in was not found.",
            "Correct the `cwd` in the server's settings.",
        )
    if any(separator in name for separator in _SEPARATORS):
        name = str(folder / name)
    found = shutil.which(name, path=path)
    if found is None and sys.platform == "win32":  # in its folder too, as CreateProcess does
        endings = os.environ.get("PATHEXT", ".EXE;.CMD").split(";")
        candidates = (shutil.which(f"{folder / name}{ending}") for ending in ("", *endings))
        found = next(filter(None, candidates), None)
    if found is None:
        is_there = Path(name).exists() or shutil.which(name, os.F_OK, path)
        raise StartRefusedError(
            "not_launchable",
            f"The command {name!r} {'may not be executed' if is_there else 'was not found'}.",
            "Give its full path in the server's settings, or install it.",
        )
    return found


if sys.platform == "win32":
    _jobs: dict[int, JobObject] = {}
    """The job of each child, by its pid."""

    async def _launch(child: Child, argv: tuple[str, ...], _: Command, **options: Any) -> None:
        job = JobObject()
        loop = asyncio.get_running_loop()
        try:
            if windows_command.is_batch(argv[0]):
                transport, _protocol = await loop.subprocess_shell(
                    lambda: child,
                    windows_command.batch_line(argv),
                    executable=os.path.join(os.environ["SYSTEMROOT"], "System32", "cmd.exe"),  # noqa: PTH118
                    creationflags=START_FLAGS,
                    **options,
                )
            else:
                transport, _protocol = await loop.subprocess_exec(
                    lambda: child, *argv, creationflags=START_FLAGS, **options
                )
            job.take(transport.get_pid())
        except BaseException:
            job.close()
            raise
        _jobs[transport.get_pid()] = job

    def _terminate(_: int) -> None:
        """Do nothing: a program without a console can only be asked by its stdin."""

    def _kill(pid: int) -> None:
        if job := _jobs.pop(pid, None):
            job.close()

else:

    async def _launch(
        child: Child, argv: tuple[str, ...], command: Command, **options: Any
    ) -> None:
        relay = os.getpid()

        def end_with_relay() -> None:
            process_limits.set_end_signal()
            if os.getppid() != relay:
                os._exit(1)

        await asyncio.get_running_loop().subprocess_exec(
            lambda: child,
            *argv,
            umask=command.umask,
            # In the session of the relay: Linux shares the processors out by session, so that on a
            # busy machine relay and server would wait for each other's turn.
            process_group=0,
            # Takes no lock that a thread could hold: what makes such a function unsafe elsewhere.
            preexec_fn=end_with_relay,
            **options,
        )

    def _terminate(pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGTERM)

    def _kill(pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
