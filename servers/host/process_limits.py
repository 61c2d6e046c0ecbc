"""What a server process asks of the system: no core files, an end with its parent, descriptors.

Imported before anything heavy: secrets must be protected first.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import threading

from servers.contract.memory_protection import forbid_core_dumps, forbid_reading

_PR_SET_PDEATHSIG = 1
_DESCRIPTORS = 8192


def keep_secrets() -> None:
    """Keep other processes of this user from reading memory, environment and core file."""
    forbid_core_dumps()
    forbid_reading()


def die_with_parent(parent: int) -> None:
    """Let the system kill this process when its parent ends, even while it is stopped.

    `parent` is its pid from the start of this process: it may have ended before this call.
    """
    if sys.platform == "darwin":
        threading.Thread(target=_end_after, args=(parent,), name="parent", daemon=True).start()
    if sys.platform != "linux":
        return
    set_end_signal()
    if os.getppid() != parent:
        os._exit(1)


def set_end_signal() -> None:
    """Have the system kill this process when its parent ends; nothing where it cannot (macOS)."""
    if sys.platform == "linux":
        ctypes.pythonapi.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


if sys.platform == "darwin":

    def _end_after(parent: int) -> None:
        """End this process when `parent` has ended; kqueue tells at once."""
        ended = select.kevent(
            parent,
            select.KQ_FILTER_PROC,
            select.KQ_EV_ADD | select.KQ_EV_ONESHOT,
            select.KQ_NOTE_EXIT,
        )
        with contextlib.suppress(ProcessLookupError):  # it ended before
            select.kqueue().control([ended], 1, None)
        os._exit(1)


def allow_many_connections() -> None:
    """Raise the limit of open descriptors to 8192; macOS starts processes with 256."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
