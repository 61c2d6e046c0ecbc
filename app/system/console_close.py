"""Ends Lou in order when the console window in which it runs on Windows is closed, or at log-off.

Windows ends the process as soon as its handler returns, and five seconds later if it does not. So
the handler waits, while the main thread ends Lou and with it the process.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from ctypes import wintypes

assert sys.platform == "win32"

_CLOSE, _LOG_OFF, _SHUTDOWN = 2, 5, 6
_LONGER_THAN_WINDOWS_WAITS_S = 10.0

_HANDLER = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
_handlers: list[object] = []
"""Windows does not keep them."""


def listen(quit_: Callable[[], object]) -> Callable[[int], int]:
    """Call `quit_` in a thread of Windows at such an end; returns what Windows calls for an event.

    Without a console nothing happens. Ctrl-C and Ctrl-Break are signals, which others hear.
    """

    def hear(event: int) -> bool:
        if event not in {_CLOSE, _LOG_OFF, _SHUTDOWN}:
            return False
        quit_()
        time.sleep(_LONGER_THAN_WINDOWS_WAITS_S)
        return True

    handler = _HANDLER(hear)
    _handlers.append(handler)
    ctypes.WinDLL("kernel32").SetConsoleCtrlHandler(handler, True)
    return handler
