"""Runs the whole suite as three pytest processes side by side: two halve its time on two cores, and
the one with a Windows under Wine mostly waits.

    python -m tests.lanes

Each line of output carries the name of its lane. The exit code is 0 if every lane passed. One
pytest process with workers is no choice: tests that share a bus, a tray and a loop need a process
in which they run in order.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVERS = [
    f"tests/{folder}"
    for folder in ("host", "relay", "supervision", "e2e", "install", "search", "tracker")
]
WINDOWS = ["tests/windows"]
LANES = {
    "servers": SERVERS,
    "windows": WINDOWS,
    "app": [f"--ignore={folder}" for folder in (*SERVERS, *WINDOWS)],
}
"""The arguments that give each lane its tests; `app` has every folder that no other lane has."""

_FAILURE = re.compile(r"(FAILED|ERROR) |[\w/]+\.py:\d+: ")
"""What pytest writes of a failure: its name in the summary, and each place of its traceback."""
_printing = threading.Lock()
_LONGEST_S, _LAST_WORDS_S = 45 * 60.0, 20.0
"""The whole suite takes a third of that; what hangs is to be told, not waited for."""


class Lane:
    """One pytest process; a thread prints what it writes."""

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name = name
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-m", "not bench and not dist", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._print, daemon=True)
        self._reader.start()

    def _print(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            with _printing:
                print(f"{self.name}: {line}", end="", flush=True)

    def wait(self, until: float) -> int:
        """The exit code, once all output was printed; one that still runs at `until` is aborted."""
        self._reader.join(max(0.0, until - time.monotonic()))
        if self._reader.is_alive():
            for how in (signal.SIGABRT, signal.SIGKILL):  # pytest first says where it is
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, how)
                self._reader.join(_LAST_WORDS_S)
            self.lines.append(f"FAILED to end within {_LONGEST_S / 60:g} minutes\n")
            return self.process.wait() or 1
        return self.process.wait()

    def end(self) -> None:
        """Interrupt the tests, so that they end what they started."""
        self.process.send_signal(signal.SIGINT)

    def outcome(self) -> list[str]:
        """The places and names of what failed, and the last line, which counts."""
        failed = [line for line in self.lines if re.match(_FAILURE, line)]
        return [*failed, *self.lines[-1:]]


def main() -> int:
    """Run all lanes; 0 if each of them passed."""
    until = time.monotonic() + _LONGEST_S
    lanes = [Lane(name, arguments) for name, arguments in LANES.items()]
    try:
        codes = [lane.wait(until) for lane in lanes]
    except KeyboardInterrupt:
        for lane in lanes:
            lane.end()
        codes = [lane.wait(until) for lane in lanes]
    for lane in lanes:
        for line in lane.outcome():
            print(f"{lane.name}: {line}", end="")
    return max(abs(code) for code in codes)  # a signal counts below zero


if __name__ == "__main__":
    sys.exit(main())
