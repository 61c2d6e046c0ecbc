"""A real screen for end-to-end tests: Xvfb, a real tray (trayer), and ways to look and to click."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.patience import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[2]
_NODE = re.compile(r"^\s*(0x[0-9a-f]+) (.*?)\s+(\d+)x(\d+)\+(-?\d+)\+(-?\d+)\s+\+(-?\d+)\+(-?\d+)")


def printed_alone(program: str) -> list[str]:
    """The words that a Python program prints in a process of its own."""
    argv = [sys.executable, "-c", program]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


@dataclass(frozen=True)
class Seen:
    """One window on the screen; `x` and `y` are absolute."""

    id: str
    name: str
    width: int
    height: int
    x: int
    y: int


@dataclass
class Screen:
    """The display and what runs on it."""

    display: str
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *argv: str, **env: str) -> subprocess.Popen[bytes]:
        """A program on this screen; it is ended with the screen."""
        process = subprocess.Popen(
            argv, env={**self.environment, **env}, cwd=ROOT, stderr=subprocess.PIPE
        )
        self.started.append(process)
        return process

    def lou(self, **env: str) -> subprocess.Popen[bytes]:
        """The tray application, as a person starts it."""
        return self.start(sys.executable, "-I", "-m", "app", **env)

    def tray(self) -> None:
        """A real tray."""
        argv = ("trayer", "--SetDockType", "true", "--edge", "top", "--widthtype", "request")
        self.start(*argv, "--height", "28")
        wait_until(self._has_tray, what="a tray")

    def _has_tray(self) -> bool:
        return any("panel" in seen.name for seen in self.windows())

    def windows(self) -> list[Seen]:
        """Every window there is, those inside others too."""
        told = self.ask("xwininfo", "-root", "-tree")
        found = [_NODE.match(line) for line in told.splitlines()]
        return [Seen(m[1], m[2], int(m[3]), int(m[4]), int(m[7]), int(m[8])) for m in found if m]

    def icon(self) -> Seen | None:
        """Lou's icon in the tray, when it can be seen."""
        for seen in self.windows():
            if '("lou" "lou")' in seen.name and 8 < seen.width < 60 and self.is_viewable(seen):
                return seen
        return None

    def window(self) -> Seen | None:
        """Lou's window, when it can be seen."""
        for seen in self.windows():
            if '("lou" "lou")' in seen.name and seen.width > 600 and self.is_viewable(seen):
                return seen
        return None

    def click(self, seen: Seen, button: int = 1) -> None:
        """Click into the middle of what was seen."""
        x, y = seen.x + seen.width // 2, seen.y + seen.height // 2
        self.ask("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def press(self, keys: str, seen: Seen) -> None:
        """Press `keys` in what was seen."""
        self.ask("xdotool", "windowfocus", seen.id, "key", keys)

    def picture(self, target: Path) -> None:
        """Everything on the screen, as a PNG."""
        self.ask("import", "-window", "root", str(target))

    def is_viewable(self, seen: Seen) -> bool:
        """Whether it is on the screen."""
        return "IsViewable" in self.ask("xwininfo", "-id", seen.id)

    def ask(self, *argv: str) -> str:
        """What a program on this screen prints."""
        done = subprocess.run(
            argv,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        return done.stdout


@contextlib.contextmanager
def screen(home: Path, size: str = "1400x1000") -> Iterator[Screen]:
    """A screen whose programs have `home` as their home. A missing program is a failure."""
    for program in ("Xvfb", "openbox", "trayer", "xdotool", "xwininfo"):
        assert shutil.which(program), f"{program} is not installed; run `make desktop`"
    reader, writer = os.pipe()
    argv = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    # Without -noreset it takes nobody for a moment whenever its last program has gone.
    server = subprocess.Popen([*argv, "-noreset"], pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as told:
        display = f":{told.readline().strip()}"
    environment = {**os.environ, "HOME": str(home), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)
    made = Screen(display, environment)
    try:
        yield made
    finally:
        for process in reversed(made.started):
            process.terminate()
        for process in made.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_S)
            process.kill()
            process.wait(PATIENCE_S)
            if process.stderr:
                _print_what_it_said(process)
        server.terminate()
        server.wait(PATIENCE_S)


def _print_what_it_said(process: subprocess.Popen[bytes]) -> None:
    """A failed test shows it; a program that was left behind may keep the pipe open."""
    assert process.stderr is not None
    with process.stderr as stream:
        os.set_blocking(stream.fileno(), False)
        said = stream.read() or b""
    print(f"{process.args} ended with {process.returncode}: {said.decode(errors='replace')}")
