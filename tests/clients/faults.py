"""A disk that fails, or takes the process with it, at one chosen system call."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from app.system.safe_write import Disk

CALLS = {
    "read",
    "create",
    "write",
    "take_after",
    "sync",
    "close",
    "exchange",
    "replace",
    "link",
    "unlink",
    "sync_folder",
    "make_folder",
}


class CountedDisk(Disk):
    """Counts its system calls; `before` and `after` are told the number and the name of each."""

    def __init__(self) -> None:
        self.count = 0
        self.before: Callable[[int, str], None] = lambda *_: None
        self.after: Callable[[int, str], None] = lambda *_: None

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        @wraps(found)
        def counted(*args: Any) -> Any:
            self.count += 1
            number = self.count
            self.before(number, name)
            result = found(*args)
            self.after(number, name)
            return result

        return counted


class KillingDisk(CountedDisk):
    """Kills its own process, before or after the call of this number."""

    def __init__(self, number: int, when: str) -> None:
        super().__init__()

        def kill(at: int, _: str) -> None:
            if at == number:
                os.kill(os.getpid(), signal.SIGKILL)

        setattr(self, when, kill)


class FailingDisk(CountedDisk):
    """Fails with this error at the call of this number, and at each later one when `lasting`."""

    def __init__(self, number: int, code: int = errno.ENOSPC, *, lasting: bool = False) -> None:
        super().__init__()
        self.failed_at = ""

        def fail(at: int, name: str) -> None:
            if at == number or (lasting and at > number and name in {"create", "write", "sync"}):
                self.failed_at = self.failed_at or name
                raise OSError(code, os.strerror(code))

        self.before = fail

    def write(self, handle: int, content: bytes) -> int:
        """A disk that fills up takes half."""
        return super().write(handle, content[: max(len(content) // 2, 1)])


def killed(action: Callable[[], None]) -> bool:
    """Run `action` in a process of its own; whether SIGKILL ended it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(BaseException):
            action()
            code = 0
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"it failed: {status}"
    return os.WIFSIGNALED(status)


def leftovers(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob(".lou-*")]
