"""No copy of this process's memory reaches the disk or another process: keys pass through it.

Root and whoever may debug every process are not kept out by any system.
"""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4
_PT_DENY_ATTACH = 31
_DACL_SECURITY_INFORMATION = 4
_QUERIED_AND_ENDED_ONLY = "D:P(A;;0x101001;;;OW)(A;;GA;;;SY)"
"""The owner may wait for the process, end it, and ask for its times; the system may do all."""


def forbid_core_dumps() -> None:
    """From now on a crash leaves no image behind. Windows has no such file by default."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_reading() -> None:
    """From now on no other process of this user can read this one's memory or environment.

    Linux: nor its core, where that is piped to a program, which ignores the limit. macOS: no
    debugger can attach; memory is out of reach of other users' and unsigned programs anyway. A
    system that refuses is no error: what it can do has been asked for.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    elif sys.platform == "darwin":
        ctypes.CDLL(None, use_errno=True).ptrace(_PT_DENY_ATTACH, 0, None, 0)
    elif sys.platform == "win32":
        _close_process()


def _close_process() -> None:
    advapi = ctypes.WinDLL("advapi32")  # type: ignore[attr-defined,unused-ignore]
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    described = ctypes.c_void_p()
    made = advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        ctypes.c_wchar_p(_QUERIED_AND_ENDED_ONLY), 1, ctypes.byref(described), None
    )
    if made:
        itself = ctypes.c_void_p(-1)
        advapi.SetKernelObjectSecurity(itself, _DACL_SECURITY_INFORMATION, described)
        kernel.LocalFree(described)
