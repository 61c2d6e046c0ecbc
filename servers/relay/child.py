"""Runs the user's own server as a child process.

In: a command and lines for its stdin. Out: its stdout and stderr as lines. When it ends, nothing of
its process group is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers.contract import system_variables
from servers.contract.line_reader import BoundedLineReader, LongLine
from servers.host.tools.service import StartRefusedError
from servers.relay import windows_command

if sys.platform == "win32":
    from servers.contract.windows_job import START_FLAGS, JobObject

_INHERITED = (
    "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER",
    "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", *system_variables.WINDOWS,
)  # fmt: skip
"""The variables that the user's server inherits; its entry sets all others."""

_DIE_WITH_PARENT = (
    "import os,sys;"
    "sys.platform=='linux' and __import__('ctypes').CDLL(None).prctl(1,9,0,0,0);"
    "os.getppid()==int(sys.argv[1]) or os._exit(1);"
    "os.umask(int(sys.argv[2]));"
    "os.closerange(3,1<<16);"
    "os.execv(sys.argv[3],sys.argv[3:])"
)
"""Run by a new interpreter, which then becomes the command: the setting to die with the parent
stays, while a `preexec_fn` is not safe in a process with threads. The umask becomes the user's own.
Descriptors are closed, because uvloop leaves copies of the pipes open; these would hide that the
command closed one, and its children would inherit them."""

_HOME, _SEPARATORS = ("USERPROFILE", "\\/") if sys.platform == "win32" else ("HOME", "/")
PRIVATE_UMASK = 0o077
_MAX_LINE = 64 << 20
_LONGEST_STDERR_LINE = 64 << 10
_CHUNK = 1 << 16
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


class Child:
    """One running command."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process id; the command leads a process group of its own."""
        return self._process.pid

    def send(self, line: bytes) -> None:
        """Write one line to its stdin; do nothing if it is gone."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, RuntimeError):
            self._process.stdin.write(line + b"\n")

    async def lines(self) -> AsyncIterator[bytes]:
        """The lines of its stdout until it closes it, without lines over 64 MiB."""
        assert self._process.stdout is not None
        lines = BoundedLineReader(_MAX_LINE)
        while chunk := await self._process.stdout.read(_CHUNK):
            for line in lines.feed(chunk):
                if isinstance(line, bytes):
                    yield line

    async def stderr_lines(self, take: Callable[[str], None]) -> None:
        """Call `take` with each line of its stderr."""
        assert self._process.stderr is not None
        lines = BoundedLineReader(_LONGEST_STDERR_LINE)
        while chunk := await self._process.stderr.read(_CHUNK):
            for line in lines.feed(chunk):
                if isinstance(line, LongLine):
                    take("(a line too long to show)")
                else:
                    take(line.decode(errors="replace"))

    async def exited(self) -> None:
        """Wait until it exited, even if another process keeps its stdout open."""
        await self._process.wait()
        await asyncio.sleep(_LAST_LINES_S)

    async def end_reason(self) -> str:
        """How it ended, in words; call it after its stdout closed or it exited."""
        try:
            code = await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN_S)
        except TimeoutError:
            return "closed its stdout"
        return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"


@asynccontextmanager
async def running(command: Command) -> AsyncIterator[Child]:
    """Run `command` within this context; then nothing of its process group is left.

    Raises:
        StartRefusedError: it cannot be started.
    """
    process = await _start(command)
    try:
        yield Child(process)
    finally:
        await asyncio.shield(_end(process))


async def _start(command: Command) -> asyncio.subprocess.Process:
    env = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {**command.env}
    name = command.argv[0]
    folder = Path(command.cwd or env.get(_HOME) or os.curdir)
    argv = (_program(name, folder, env.get("PATH")), *command.argv[1:])
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
    try:
        return await _launch(argv, command, env=env, cwd=folder, **pipes)
    except (OSError, ValueError) as refused:
        raise StartRefusedError(
            "not_launchable",
            f"The command {name!r} cannot be started: {refused}.",
            "Check the command and its folder in the server's settings.",
        ) from None


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

    async def _launch(
        argv: tuple[str, ...], _: Command, **options: Any
    ) -> asyncio.subprocess.Process:
        job = JobObject()
        try:
            if windows_command.is_batch(argv[0]):
                process = await asyncio.create_subprocess_shell(
                    windows_command.batch_line(argv),
                    executable=os.path.join(os.environ["SYSTEMROOT"], "System32", "cmd.exe"),  # noqa: PTH118
                    creationflags=START_FLAGS,
                    **options,
                )
            else:
                process = await asyncio.create_subprocess_exec(
                    *argv, creationflags=START_FLAGS, **options
                )
            job.take(process.pid)
        except BaseException:
            job.close()
            raise
        _jobs[process.pid] = job
        return process

else:

    async def _launch(
        argv: tuple[str, ...], command: Command, **options: Any
    ) -> asyncio.subprocess.Process:
        before = (_DIE_WITH_PARENT, str(os.getpid()), str(command.umask))
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", *before, *argv), start_new_session=True, **options
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its stdin, then terminate, then kill it; always kill what is left of its group."""
    if process.stdin:
        process.stdin.close()
    for is_asked in (False, True):
        if is_asked:
            _terminate(process)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _ENDS_WITHIN_S)
            break
    _kill(process)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _ENDS_WITHIN_S)


if sys.platform == "win32":

    def _terminate(_: asyncio.subprocess.Process) -> None:
        """Do nothing: a program without a console can only be asked by its stdin."""

    def _kill(process: asyncio.subprocess.Process) -> None:
        if job := _jobs.pop(process.pid, None):
            job.close()

else:

    def _terminate(process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)

    def _kill(process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
