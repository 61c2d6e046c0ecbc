"""The process tree of a server on Windows: a job that the system ends when its handle is closed.

Only this process has the handle and no child inherits it, so the tree ends with the app. Not tested
on Windows yet.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Sequence
from ctypes import wintypes
from typing import Any

assert sys.platform == "win32"

_KILL_ON_JOB_CLOSE = 0x2000
_EXTENDED_LIMITS = 9
_SET_QUOTA_AND_TERMINATE = 0x0101
_NEW_GROUP_NO_WINDOW = 0x0200 | 0x08000000
_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateJobObjectW.restype = wintypes.HANDLE
_kernel.OpenProcess.restype = wintypes.HANDLE


class _Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
        ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
        ("IoCounters", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class WindowsJob:
    """Runs a command in a job. Closing this, or the end of the app, ends the process tree."""

    def __init__(self) -> None:
        self.started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.code: int | None = None
        self.refusal = ""
        self._handle = wintypes.HANDLE(_kernel.CreateJobObjectW(None, None))
        limits = _Limits(LimitFlags=_KILL_ON_JOB_CLOSE)
        size = ctypes.sizeof(limits)
        _kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), size)

    def command(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command that runs `argv`; the job needs no other."""
        return tuple(argv)

    def options(self) -> dict[str, Any]:
        """The options of `subprocess_exec` for it."""
        return {"creationflags": _NEW_GROUP_NO_WINDOW}

    def attach(self, pid: int) -> None:
        """Put the server, which runs as `pid`, and all that it starts into the job."""
        process = wintypes.HANDLE(_kernel.OpenProcess(_SET_QUOTA_AND_TERMINATE, False, pid))
        _kernel.AssignProcessToJobObject(self._handle, process)
        _kernel.CloseHandle(process)
        self.started.set_result(pid)

    def terminate(self) -> None:
        """Do nothing: an app without a console can only close stdin as a polite request."""

    def kill(self) -> None:
        """End the whole tree."""
        _kernel.TerminateJobObject(self._handle, 1)

    def close(self, code: int | None = None) -> None:
        """Release the handle; the server ended or was never started."""
        self.code = code
        self.started.cancel()
        _kernel.CloseHandle(self._handle)
