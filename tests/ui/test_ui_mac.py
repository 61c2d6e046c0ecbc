"""What the window does on macOS, as far as it can be tried elsewhere."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QSystemTrayIcon

from app.ui import mac_application
from tests.ui.rig import Rig
from tests.ui.screen import printed_alone


def test_a_request_to_quit_ends_lou_in_order_and_not_the_loop() -> None:
    """In a process of its own, since there is one application in each."""
    program = (
        "from PySide6.QtCore import QEvent\n"
        "from app.ui.mac_application import Application\n"
        "application, quit_ = Application([]), QEvent(QEvent.Type.Quit)\n"
        "application.on_quit = lambda: print('asked')\n"
        "print(application.sendEvent(application, quit_), quit_.isAccepted())\n"
    )
    assert printed_alone(program) == ["asked", "True", "False"]


NAMES = {
    b"NSApplication": 1,
    b"sharedApplication": 2,
    b"setActivationPolicy:": 3,
    b"activateIgnoringOtherApps:": 4,
}
"""Numbers for what the runtime of Objective-C would find under these names."""
SHARED = 77


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is sent to the objects of macOS: receiver, message, value."""
    calls: list[tuple[Any, ...]] = []
    pointer = ctypes.c_void_p

    @ctypes.CFUNCTYPE(pointer, pointer, pointer, ctypes.c_long)
    def send(receiver: int, message: int, value: int) -> int:
        calls.append((receiver, message, value))
        return SHARED

    class Named:
        def __call__(self, name: bytes) -> int:
            return NAMES[name]

    objc = SimpleNamespace(objc_getClass=Named(), sel_registerName=Named(), objc_msgSend=send)
    monkeypatch.setattr(mac_application, "_SYSTEM", "darwin")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: name)
    monkeypatch.setattr("ctypes.CDLL", lambda name: {"objc": objc}[name])
    return calls


def test_the_application_becomes_an_accessory(sent: list[tuple[Any, ...]]) -> None:
    mac_application.leave_dock()
    assert sent[0][:2] == (1, 2)
    assert sent[1] == (SHARED, 3, 1)


def test_what_is_opened_comes_before_the_windows_of_others(
    lou: Rig, sent: list[tuple[Any, ...]]
) -> None:
    lou.session.go("servers")
    assert sent[-1] == (SHARED, 4, 1)


@pytest.mark.usefixtures("sent")
def test_a_click_on_the_icon_opens_the_menu_alone(
    lou: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lou.window.hide()
    clicked = lou.tray.icon.activated.emit
    clicked(QSystemTrayIcon.ActivationReason.Trigger)
    assert not lou.window.isVisible()
    monkeypatch.setattr(mac_application, "_SYSTEM", "linux")
    clicked(QSystemTrayIcon.ActivationReason.Trigger)
    assert lou.window.isVisible()
