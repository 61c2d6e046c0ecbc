"""How `lou serve` ends with its console: by Ctrl-C, and when the window is closed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.patience import PATIENCE_S, wait_until
from tests.windows import machine
from tests.windows.inside.running import SERVERS, Lou, still_running

CONSOLE = """
import ctypes, subprocess, sys
nothing = subprocess.DEVNULL
program = subprocess.Popen(sys.argv[1:], stdin=nothing, stdout=nothing, stderr=nothing)
sys.stdin.readline()
kernel = ctypes.WinDLL('kernel32')
kernel.SetConsoleCtrlHandler(None, True)  # as a shell does
kernel.GenerateConsoleCtrlEvent(0, 0)
sys.exit(program.wait())
"""
"""A console with a program in it; a line of input presses Ctrl-C there."""


@pytest.fixture
def lou(folder: Path) -> Iterator[Lou]:
    made = Lou(folder / "home of Lou", (machine.PLAIN, "-I", "-m", "app"), {"own": SERVERS["own"]})
    yield made
    made.stop()


def said(lou: Lou) -> str:
    return (lou.home / "logs/lou.log").read_text("utf-8")


def test_ctrl_c_in_its_console_ends_lou_in_order(lou: Lou) -> None:
    console = (machine.PLAIN, "-I", "-S", "-c", CONSOLE, *lou.program)
    new = subprocess.CREATE_NEW_CONSOLE
    lou.launch("serve", program=console, stdin=subprocess.PIPE, creationflags=new)
    wait_until(lou.is_ready, what="the server is ready")
    assert lou.process
    family = psutil.Process(lou.process.pid).children(recursive=True)
    lou.process.communicate(b"\n", PATIENCE_S)
    assert lou.process.returncode == 0
    wait_until(lambda: not still_running(family))
    assert said(lou).rstrip().endswith("Lou ends")


CLOSE = """
import threading
from app.system import console_close
asked = threading.Event()
hear = console_close.listen(asked.set)
assert not hear(0), "Ctrl-C is not its affair"
assert not asked.is_set()
system = threading.Thread(target=hear, args=(2,), daemon=True)
system.start()
asked.wait()
print("waits" if system.is_alive() else "returned")
"""
"""No window of a console can be closed here, so the handler is called as Windows calls it."""


def test_the_handler_of_a_closed_console_waits_for_the_end_of_the_process() -> None:
    argv = [machine.PLAIN, "-I", "-c", CLOSE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert done.stdout.split() == ["waits"]
