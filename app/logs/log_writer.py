"""Writes log lines to files, in batches, in a thread of its own.

In: lines of all servers. Out: `search.log`, the current file of a server, and `search.000007.log`,
a full one. A file gets its number when it is full, so positions in it stay valid. When all files
together are too large, the oldest are deleted. It is no `WorkerThread`: it collects lines for a
tenth of a second, and the app waits for it at its end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from app.logs.line_format import Line, Stamps, render
from servers.contract import ownership

log = logging.getLogger(__name__)

_BATCH_EVERY_S = 0.1
_MOST_WAITING = 400_000
"""Lines that wait while the disk is full; further ones are only counted."""
_SEGMENT_PART = 20
_SEGMENT_BOUNDS = (256_000, 8_000_000)
_NUMBERED = re.compile(r"([a-z0-9_-]+)\.(\d{6})\.log")


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a server; the current one has the number that it gets when it is full."""

    path: Path
    number: int

    def when_full(self) -> Segment:
        """The path that the file has when it is full."""
        server = self.path.name.split(".")[0]
        return Segment(self.path.with_name(f"{server}.{self.number:06d}.log"), self.number)


def segments(folder: Path, server: str) -> list[Segment]:
    """The log files of `server`, newest first."""
    numbered = [
        Segment(path, int(match[2]))
        for path in folder.glob(f"{server}.*.log")
        if (match := _NUMBERED.fullmatch(path.name)) and match[1] == server
    ]
    numbered.sort(key=lambda each: each.number, reverse=True)
    running = folder / f"{server}.log"
    if not running.exists():
        return numbered
    return [Segment(running, numbered[0].number + 1 if numbered else 1), *numbered]


def servers(folder: Path) -> tuple[str, ...]:
    return tuple(sorted({path.name.split(".")[0] for path in folder.glob("*.log")}))


class LogWriter:
    """The only writer of the log files. `problem` says why lines wait, or is empty."""

    def __init__(self, folder: Path, total_bytes: int) -> None:
        self.total_bytes = total_bytes
        self.problem = ""
        self._folder = folder
        self._waiting: deque[tuple[str, Line]] = deque()
        self._files: dict[str, _CurrentFile] = {}
        self._unwritten: dict[str, bytes] = {}
        self._dropped = 0
        self._stamp = Stamps()
        self._writing = threading.Lock()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, server: str, line: Line) -> None:
        """Queue one line, which is written a tenth of a second later."""
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
            return
        self._waiting.append((server, line))
        if not self._woken.is_set():
            self._woken.set()
            self._ensure_thread()

    def flush(self) -> None:
        """Write all queued lines now."""
        with self._writing:
            self._drain()

    def close(self) -> None:
        """Write all queued lines and close the files."""
        self._closing.set()
        self._woken.set()
        if self._thread:
            self._thread.join(timeout=5)
        self.flush()
        with self._writing:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _ensure_thread(self) -> None:
        if self._thread is None and not self._closing.is_set():
            self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.wait()
            self._closing.wait(_BATCH_EVERY_S)
            self._woken.clear()
            self.flush()
            if self._unwritten:
                self._closing.wait(1.0)
                self._woken.set()

    def _drain(self) -> None:
        batches: dict[str, list[str]] = {}
        for _ in range(len(self._waiting)):
            server, record = self._waiting.popleft()
            text = render(self._stamp(record.at), record.logger, record.level, record.message)
            batches.setdefault(server, []).append(text)
        for server in {*batches, *self._unwritten}:
            fresh = "".join(batches.get(server, ())).encode("utf-8", "backslashreplace")
            self._write(server, self._unwritten.pop(server, b"") + fresh)

    def _write(self, server: str, content: bytes) -> None:
        try:
            file = self._files.get(server)
            if file is None:
                file = self._files[server] = _CurrentFile(self._folder, server)
            if file.append(content, self._segment_bytes()):
                with contextlib.suppress(OSError):  # the lines are written, so none is kept
                    self._make_room()
            self._note_recovery()
        except OSError as failure:
            self._keep(server, content)
            if not self.problem:
                self.problem = failure.strerror or str(failure)
                log.warning("Log lines wait in memory: %s", self.problem)

    def _keep(self, server: str, content: bytes) -> None:
        room = _MOST_WAITING * 100 - sum(map(len, self._unwritten.values()))
        if len(content) > room:
            self._dropped += content.count(b"\n", max(0, room))
            content = content[: content.rfind(b"\n", 0, max(0, room)) + 1]
        self._unwritten[server] = content

    def _note_recovery(self) -> None:
        if self.problem or self._dropped:
            dropped, self._dropped, self.problem = self._dropped, 0, ""
            log.warning("Log lines are stored again; %d could not be kept", dropped)

    def _segment_bytes(self) -> int:
        low, high = _SEGMENT_BOUNDS
        return max(low, min(high, self.total_bytes // _SEGMENT_PART))

    def _make_room(self) -> None:
        """Delete the oldest full files, and none after one that cannot be deleted."""
        found = [
            (path.stat().st_mtime_ns, path.stat().st_size, path)
            for path in self._folder.glob("*.log")
        ]
        excess = sum(size for _, size, _ in found) - self.total_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            if _NUMBERED.fullmatch(path.name):
                path.unlink(missing_ok=True)
                excess -= size


class _CurrentFile:
    """The current file of one server."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server
        self._path = folder / f"{server}.log"
        self._handle = -1
        self._size = 0

    def append(self, content: bytes, limit: int) -> bool:
        """Write all of `content` or nothing; returns whether the file was full and was renamed."""
        self._ensure_open()
        try:
            self._write(content)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)
            raise
        self._size += len(content)
        return self._size >= limit and self._rotate()

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def _ensure_open(self) -> None:
        if self._handle >= 0 and os.fstat(self._handle).st_nlink:
            return
        self.close()
        ownership.make_private(str(self._folder))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._handle = ownership.open_to_write(str(self._path), flags)
        self._size = os.fstat(self._handle).st_size

    def _rotate(self) -> bool:
        """Rename the full file; on Windows not while another program has it open, so then later.

        What was written is written: a failure here must not make the caller write it again.
        """
        running = segments(self._folder, self._server)[0]
        self.close()
        try:
            self._path.rename(running.when_full().path)
        except OSError as failure:
            log.debug("%s goes on, since it cannot be renamed: %s", self._path, failure)
            return False
        return True
