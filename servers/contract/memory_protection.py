"""Protects the memory of this process, which holds keys, from the disk and other processes.

No system protects it from root and from users who may debug every process.
"""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4
_PT_DENY_ATTACH = 31


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
        from servers.contract import access_lists  # noqa: PLC0415 - on Windows only

        access_lists.close_process()
