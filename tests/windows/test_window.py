"""Lou's window and its icon on a Windows desktop: shown, closed, brought back, and ended."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S, wait_until
from tests.ui.screen import Screen, Seen, screen
from tests.windows import machine
from tests.windows.machine import Machine

WIDTH, HEIGHT, BAR = 1280, 900, 20
CORNER = Seen("", "the icons in the task bar", BAR, BAR, WIDTH - BAR, HEIGHT - BAR)
LIST = """
import ctypes, json
from ctypes import wintypes
user, found = ctypes.WinDLL('user32'), []
@ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
def look(window, _):
    name, place = ctypes.create_unicode_buffer(99), wintypes.RECT()
    user.GetWindowTextW(window, name, 99)
    user.GetWindowRect(window, ctypes.byref(place))
    if user.IsWindowVisible(window) and not user.IsIconic(window):
        size = place.right - place.left, place.bottom - place.top
        found.append((str(window), name.value, *size, place.left, place.top))
    return True
user.EnumWindows(look, 0)
print(json.dumps(found))
"""

END_SESSION = """
import ctypes, sys
from ctypes import wintypes
user, found = ctypes.WinDLL('user32', use_last_error=True), []
@ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
def look(window, _):
    pid = wintypes.DWORD()
    user.GetWindowThreadProcessId(window, ctypes.byref(pid))
    if pid.value == int(sys.argv[1]):
        found.append(window)
    return True
user.EnumWindows(look, 0)
LOG_OFF, ABORT_IF_HUNG, MOST_MS = 0x80000000, 2, 60_000
answer = ctypes.c_size_t()
for message, what in ((0x11, 0), (0x16, 1)):
    for window in found:
        heard = user.SendMessageTimeoutW(
            wintypes.HWND(window), message, what, ctypes.c_ssize_t(-LOG_OFF), ABORT_IF_HUNG,
            MOST_MS, ctypes.byref(answer),
        )
        print(message, window, heard, answer.value)
kernel = ctypes.WinDLL('kernel32')
kernel.OpenProcess.restype = wintypes.HANDLE
kernel.TerminateProcess(wintypes.HANDLE(kernel.OpenProcess(1, 0, int(sys.argv[1]))), 9)
"""
"""Ends the session as Windows does: each window is asked and told, then the process is ended."""

LEFT = """
import psutil
for each in psutil.process_iter(['pid', 'cmdline']):
    if 'servers' in (each.info['cmdline'] or ()):
        print(each.info)
"""
"""Prints the servers that run."""


@dataclass
class Desktop:
    """A Windows desktop with a task bar, on a display of its own."""

    windows: Machine
    screen: Screen

    def environment(self) -> dict[str, str]:
        return {"DISPLAY": self.screen.display, "LOU_HOME": "C:\\lou\\Zoë's home"}

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """A Windows program; the end of its Windows ends it."""
        return subprocess.Popen(
            ["wine", *argv],
            env=self.windows.environment(self.environment()),
            cwd=self.windows.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def python(self, *argv: str) -> str:
        """What Python on this desktop prints."""
        return self.windows.python(*argv, timeout=PATIENCE_S, more=self.environment()).stdout

    def lou(self, *words: str) -> str:
        return self.python("-I", "-m", "app", *words)

    def window(self) -> Seen | None:
        """Lou's window, if it is shown."""
        told = self.python("-I", "-S", "-c", LIST)
        seen = [Seen(*each) for each in json.loads(told[told.index("[") :])]
        return next((each for each in seen if each.name == "Lou" and each.width > 600), None)

    def colours(self, place: Seen, picture: Path) -> int:
        """How many colours there are at `place` now."""
        self.screen.picture(picture)
        part = f"{place.width}x{place.height}+{place.x}+{place.y}"
        argv = ["convert", str(picture), "-crop", part, "+repage", "-format", "%k", "info:"]
        return int(subprocess.run(argv, capture_output=True, check=True).stdout)


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    with machine.machine() as windows, screen(tmp_path, f"{WIDTH}x{HEIGHT}") as shown:
        made = Desktop(windows, shown)
        explorer = "HKCU\\Software\\Wine\\Explorer"
        for key, name, value in (
            (explorer, "Desktop", "Lou"),
            (f"{explorer}\\Desktops", "Lou", f"{WIDTH}x{HEIGHT}"),
        ):
            windows.run("reg", "add", key, "/v", name, "/d", value, "/f", timeout=PATIENCE_S)
        windows.end()  # what runs shows nothing
        desk = made.start("explorer", f"/desktop=Lou,{WIDTH}x{HEIGHT}")
        wait_until(lambda: made.colours(CORNER, tmp_path / "desktop.png") == 1, what="a task bar")
        yield made
        windows.end()
        desk.wait(PATIENCE_S)


@pytest.mark.timeout(900)
def test_the_window_and_the_icon_of_the_tray(desktop: Desktop, tmp_path: Path) -> None:
    lou = desktop.start(machine.PYTHON, "-I", "-m", "app")
    wait_until(lambda: '"mode": "tray"' in desktop.lou("status", "--json"), what="Lou runs")
    wait_until(desktop.window, what="the window is shown")
    window = desktop.window()
    assert window
    wait_until(lambda: desktop.colours(window, tmp_path / "window.png") > 100, what="its page")
    wait_until(lambda: desktop.colours(CORNER, tmp_path / "tray.png") > 5, what="the icon")

    close = Seen("", "its close button", 14, 14, window.x + window.width - 21, window.y + 5)
    desktop.screen.click(close)
    wait_until(lambda: desktop.window() is None, what="it is closed")
    assert '"mode": "tray"' in desktop.lou("status", "--json")
    desktop.screen.click(CORNER)
    wait_until(desktop.window, what="the icon brings it back")

    assert "stopped" in desktop.lou("quit")
    assert lou.wait(PATIENCE_S) == 0
    assert desktop.window() is None
    wait_until(lambda: desktop.colours(CORNER, tmp_path / "gone.png") <= 2, what="no icon is left")


@pytest.mark.timeout(900)
def test_the_end_of_the_session_waits_until_lou_has_ended_in_order(desktop: Desktop) -> None:
    lou = desktop.start(machine.PLAIN, "-I", "-m", "app")
    wait_until(lambda: '"state": "ready"' in desktop.lou("status", "--json"), what="Lou runs")
    app = json.loads(desktop.lou("status", "--json"))["app"]
    assert desktop.python("-I", "-c", LEFT).strip(), "its servers run"
    print(desktop.python("-I", "-S", "-c", END_SESSION, str(app["pid"])))
    lou.wait(PATIENCE_S)
    log = (desktop.windows.drive / "lou/Zoë's home/logs/lou.log").read_text()
    assert log.rstrip().endswith("Lou ends"), log
    left = desktop.python("-I", "-c", LEFT)
    assert not left.strip(), left
