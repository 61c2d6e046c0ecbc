"""What the window does on macOS, as far as it can be tried elsewhere."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject

from app.ui.mac_application import QuitFilter, set_accessory


def test_a_request_to_quit_ends_lou_in_order_and_not_the_loop(qapp: QCoreApplication) -> None:
    asked: list[int] = []
    application = QObject()
    QuitFilter(application, lambda: asked.append(1))
    event = QEvent(QEvent.Type.Quit)
    assert qapp.sendEvent(application, event)
    assert asked == [1]
    assert not event.isAccepted()


def test_the_application_becomes_an_accessory() -> None:
    calls: list[tuple[Any, ...]] = []
    pointer = ctypes.c_void_p

    @ctypes.CFUNCTYPE(pointer, pointer, pointer, ctypes.c_long)
    def send(receiver: int, selector: int, value: int) -> int:
        calls.append((receiver, selector, value))
        return 77

    names = {b"NSApplication": 1, b"sharedApplication": 2, b"setActivationPolicy:": 3}

    class Named:
        def __call__(self, name: bytes) -> int:
            return names[name]

    objc = SimpleNamespace(objc_getClass=Named(), sel_registerName=Named(), objc_msgSend=send)
    set_accessory(objc)  # type: ignore[arg-type]
    assert calls[0][:2] == (1, 2)
    assert calls[1] == (77, 3, 1)
