"""What macOS asks of a program of the menu bar: no Dock icon, windows in front, an end by Cmd-Q.

In: the application, and what quits Lou. macOS is never tried here; the calls follow Apple's
documentation of NSApplication.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

_SYSTEM: str = sys.platform
_ACCESSORY = 1
"""NSApplicationActivationPolicyAccessory: a menu bar item and windows, but no Dock icon."""


def leave_dock() -> None:
    """Take the icon out of the Dock; nothing on other systems, or if AppKit cannot be asked."""
    _send(b"setActivationPolicy:", _ACCESSORY)


def come_forward() -> None:
    """Put Lou's windows before those of others; a program without a Dock icon stays behind."""
    _send(b"activateIgnoringOtherApps:", True)


def shows_menu_on_click() -> bool:
    """Whether a click on the icon opens its menu, and so must not open the window as well."""
    return _SYSTEM == "darwin"


def _send(message: bytes, value: int) -> None:
    """Send `message` with `value` to `[NSApplication sharedApplication]`."""
    library = ctypes.util.find_library("objc") if _SYSTEM == "darwin" else None
    if not library:
        return
    objc, pointer = ctypes.CDLL(library), ctypes.c_void_p
    for name in ("objc_getClass", "sel_registerName"):
        function = getattr(objc, name)
        function.restype, function.argtypes = pointer, [ctypes.c_char_p]
    address = ctypes.cast(objc.objc_msgSend, pointer).value
    assert address
    get = ctypes.CFUNCTYPE(pointer, pointer, pointer)(address)
    send = ctypes.CFUNCTYPE(pointer, pointer, pointer, ctypes.c_long)(address)
    shared = get(objc.objc_getClass(b"NSApplication"), objc.sel_registerName(b"sharedApplication"))
    send(shared, objc.sel_registerName(message), value)


class Application(QApplication):
    """Turns Qt's request to quit (Cmd-Q, the Dock, a logout) into the end of Lou in order.

    A filter would see the events of every object, and load the types of all of them.
    """

    on_quit: Callable[[], None] | None = None

    def event(self, event: QEvent) -> bool:
        """Keep the event from Qt, which would end the event loop before the servers ended."""
        if event.type() == QEvent.Type.Quit and self.on_quit:
            event.ignore()
            self.on_quit()
            return True
        return super().event(event)
