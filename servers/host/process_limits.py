"""What this process asks of the system: no core files, a prompt end, and enough descriptors."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from servers.contract.memory_protection import forbid_core_dumps, forbid_reading

_PR_SET_PDEATHSIG = 1
_DESCRIPTORS = 8192


def keep_secrets() -> None:
    """Let nobody of the same user read this process's memory, environment or core file."""
    forbid_core_dumps()
    forbid_reading()


def die_with_parent(parent: int) -> None:
    """End at once when the process that started this one ends, even while stopped.

    `parent` was read at the very start: it may have ended before the system was asked.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def allow_many_connections() -> None:
    """Raise the limit of open descriptors: macOS starts processes with 256."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_descriptors() -> int:
    """How many descriptors are open; psutil cannot ask a process that keeps its secrets."""
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 - counted, not opened
    except OSError:
        return 0
