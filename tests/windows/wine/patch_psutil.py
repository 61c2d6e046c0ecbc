"""Lets psutil's exe() and name() work under Wine 8, which lacks SystemProcessIdInformation.

usage: python patch_psutil.py SITE-PACKAGES
"""

from __future__ import annotations

import sys
from pathlib import Path

_CALL = "exe = cext.proc_exe(self.pid)"
_INSTEAD = "return _exe_under_wine(self.pid)"
_FUNCTION = """

def _exe_under_wine(pid):
    import ctypes
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    process = kernel.OpenProcess(0x1000, 0, pid)
    if not process:
        raise OSError(None, "refused", None, ctypes.get_last_error())
    size = ctypes.c_ulong(32768)
    name = ctypes.create_unicode_buffer(32768)
    try:
        handle = ctypes.c_void_p(process)
        if not kernel.QueryFullProcessImageNameW(handle, 0, name, ctypes.byref(size)):
            raise OSError(None, "refused", None, ctypes.get_last_error())
        return name.value
    finally:
        kernel.CloseHandle(ctypes.c_void_p(process))
"""

path = Path(sys.argv[1], "psutil/_pswindows.py")
text = path.read_text()
if _CALL not in text:
    sys.exit(f"{path} has no call {_CALL!r} to replace")
path.write_text(text.replace(_CALL, _INSTEAD) + _FUNCTION)
