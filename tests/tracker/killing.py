"""Kills tracker processes at random moments, and knows what they had acknowledged."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

import apsw

_ROOT = Path(__file__).parents[2]
_ANSWERS_WITHIN_S = 60.0


class Victims:
    """One forking process; each task it is given dies at a random moment, or ends by itself."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tracker.victim"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._told: Queue[dict[str, Any]] = Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Victims:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def kill_during(
        self, task: dict[str, Any], *, first: str, within_s: float
    ) -> tuple[list[dict[str, Any]], bool]:
        """What `task` told before it died, and whether it was killed.

        It dies up to `within_s` after it told something that has `first`.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        self._process.stdin.flush()
        pid = self._next()["pid"]
        told: list[dict[str, Any]] = []
        deadline: float | None = None
        while True:
            fact = self._next(None if deadline is None else deadline - time.monotonic())
            if fact is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                deadline = None
                continue
            if "ended" in fact:
                return told, fact["ended"] == -signal.SIGKILL
            told.append(fact)
            if first in fact and deadline is None and len(told) == 1:
                deadline = time.monotonic() + self._rng.uniform(0, within_s)

    @contextlib.contextmanager
    def stopped_during(
        self, task: dict[str, Any], *, first: str, after_s: float
    ) -> Iterator[list[dict[str, Any]]]:
        """What `task` told until it was frozen, some time after it told `first`; it dies then."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        self._process.stdin.flush()
        pid = self._next()["pid"]
        told = [self._next()]
        assert first in told[0]
        until = time.monotonic() + after_s
        while (fact := self._next(until - time.monotonic())) is not None:
            told.append(fact)
        os.kill(pid, signal.SIGSTOP)
        while (fact := self._next(0.05)) is not None:  # what was in the pipe already
            told.append(fact)
        try:
            yield told
        finally:
            os.kill(pid, signal.SIGKILL)
        while "ended" not in self._next():
            pass

    def _next(self, seconds: float | None = _ANSWERS_WITHIN_S) -> Any:
        """The next thing told; None when it is time to kill."""
        bounded = _ANSWERS_WITHIN_S if seconds is None else max(seconds, 0.0)
        try:
            return self._told.get(timeout=bounded)
        except Empty:
            assert seconds is not None
            assert seconds < _ANSWERS_WITHIN_S, "the process told nothing for a minute"
            return None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._told.put(json.loads(line))


def integrity(folder: Path) -> str:
    """What SQLite says about the file of a tracker whose process is gone."""
    connection = apsw.Connection(str(folder / "tracker" / "tracker.db"))
    try:
        return str(connection.execute("PRAGMA integrity_check").get)
    finally:
        connection.close()
