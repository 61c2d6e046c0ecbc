"""What Lou does on macOS, as far as it can be tried elsewhere: with a platform that is set."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject

from app.system import login_path
from app.ui.mac_application import QuitFilter, set_accessory

SHELL = """#!/bin/sh
echo "Welcome to my shell"
PATH="/opt/homebrew/bin:/usr/local/bin:$PATH"
shift
eval "$2"
"""


@pytest.fixture
def shell(tmp_path: Path) -> str:
    path = tmp_path / "zsh"
    path.write_text(SHELL)
    path.chmod(0o755)
    return str(path)


def test_a_lou_of_launchd_gets_the_path_of_the_login_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_path, "_SYSTEM", "darwin")
    monkeypatch.setenv("SHELL", shell)
    monkeypatch.setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
    login_path.adopt()
    expected = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    assert os.environ["PATH"] == expected


@pytest.mark.parametrize("broken", ["/no/shell", "/bin/false"])
def test_a_shell_that_says_nothing_changes_nothing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_path, "_SYSTEM", "darwin")
    monkeypatch.setenv("SHELL", broken)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    login_path.adopt()
    assert os.environ["PATH"] == "/usr/bin:/bin"


def test_a_lou_of_a_terminal_keeps_its_path(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_path, "_SYSTEM", "darwin")
    monkeypatch.setenv("SHELL", shell)
    monkeypatch.setenv("PATH", "/my/tools:/usr/bin:/bin")
    login_path.adopt()
    assert os.environ["PATH"] == "/my/tools:/usr/bin:/bin"


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
