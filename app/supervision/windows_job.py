"""The process tree of a server on Windows, with the interface of `GuardClient`.

A job takes the place of the guard: the system ends the tree when the app ends.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any

assert sys.platform == "win32"

from servers.contract import windows_job  # noqa: E402 - exists on Windows only


class WindowsJob:
    """Runs a command in a job. Closing this, or the end of the app, ends the process tree."""

    def __init__(self) -> None:
        self.started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.code: int | None = None
        self.refusal = ""
        self._job = windows_job.JobObject()

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command that runs `argv`; the job needs no other."""
        return tuple(argv)

    def options(self) -> dict[str, Any]:
        return {"creationflags": windows_job.START_FLAGS}

    def attach(self, pid: int) -> None:
        """Put the server, which was started suspended as `pid`, into the job and let it run."""
        try:
            self._job.take(pid)
        except OSError as failure:
            self.refusal = f"Windows refused to put the server into a job: {failure.strerror}"
        else:
            self.started.set_result(pid)

    def ping_later(self, seconds: float, ping: Callable[[], None]) -> bool:
        return False

    def terminate(self) -> None:
        """Do nothing: an app without a console can only close stdin as a polite request."""

    def kill(self) -> None:
        self._job.end()

    def close(self, code: int | None = None) -> None:
        self.code = code
        self._job.close()
        if not self.started.done():
            self.started.set_exception(OSError("it ended before it was started"))
            self.started.exception()
