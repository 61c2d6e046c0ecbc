"""A job of Windows: the process tree of one program, which the system ends when the job is closed.

In: the pid of a process that was started suspended. Only the process that made the job holds it and
no child inherits it, so the tree ends with that process, whatever ends it.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from ctypes import wintypes

assert sys.platform == "win32"

START_FLAGS = (
    subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW | 0x4  # CREATE_SUSPENDED
)
"""For the start of a process: without a console window, and suspended until the job takes it, since
it could start others before, which the job would then not end."""
_KILL_ON_JOB_CLOSE = 0x2000
_EXTENDED_LIMITS = 9
_QUOTA_TERMINATE_RESUME = 0x0901
_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateJobObjectW.restype = wintypes.HANDLE
_kernel.OpenProcess.restype = wintypes.HANDLE
_ntdll = ctypes.WinDLL("ntdll")


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


class JobObject:
    """One job. `close`, or the end of this process, ends all that is in it."""

    def __init__(self) -> None:
        self._handle = wintypes.HANDLE(_kernel.CreateJobObjectW(None, None))
        limits = _Limits(LimitFlags=_KILL_ON_JOB_CLOSE)
        size = ctypes.sizeof(limits)
        _kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), size)

    def take(self, pid: int) -> None:
        """Put the suspended process into the job and let it run; raises OSError and ends it."""
        process = wintypes.HANDLE(_kernel.OpenProcess(_QUOTA_TERMINATE_RESUME, False, pid))
        try:
            if not _kernel.AssignProcessToJobObject(self._handle, process):
                failure = ctypes.WinError(ctypes.get_last_error())
                _kernel.TerminateProcess(process, 1)
                raise failure
            _ntdll.NtResumeProcess(process)
        finally:
            _kernel.CloseHandle(process)

    def end(self) -> None:
        _kernel.TerminateJobObject(self._handle, 1)

    def close(self) -> None:
        """Release the job, which ends all that is still in it."""
        _kernel.CloseHandle(self._handle)
