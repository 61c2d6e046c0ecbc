"""Protects the memory of this process, which holds keys, from the disk and other processes.

No system protects it from root and from users who may debug every process.
"""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4
_PT_DENY_ATTACH = 31
_DACL_SECURITY_INFORMATION = 4
_QUERIED_AND_ENDED_ONLY = "D:P(A;;0x101001;;;OW)(A;;GA;;;SY)"
"""The owner may wait for the process, end it, and read its times; the system may do all."""


def forbid_core_dumps() -> None:
    """Write no core file after a crash. Windows writes none by default."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_reading() -> None:
    """Keep other processes of this user from reading this one's memory and environment.

    Linux: this also stops cores that are piped to a program, which ignore the limit. macOS: no
    debugger can attach; unsigned programs cannot read the memory anyway. It is no error if the
    system refuses.
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
