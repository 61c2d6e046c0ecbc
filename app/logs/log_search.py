"""Finds lines in the log files, newest first, a page at a time, however many lines there are.

Files are mapped and searched as bytes, a chunk at a time from the end, so memory is bounded and a
rare word costs one pass. A search that takes too long returns what it has and where it stopped.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.logs import line_format, log_writer
from app.logs.line_format import STAMP_LENGTH, StoredLine
from app.logs.log_writer import Segment

_CHUNK = 1 << 20
_LEVELS = (b"DEBUG", b"INFO", b"WARNING", b"ERROR", b"CRITICAL")
_RARE_FROM = _LEVELS.index(b"WARNING")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines: of one server or of all, from a level up, with a text in any letter case."""

    server: str = ""
    level: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a search goes on: for each server the file's number and the offset before which."""

    positions: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines that were found, newest first. `before` is None when there are no older ones."""

    lines: tuple[StoredLine, ...]
    before: Cursor | None


@dataclass(frozen=True, slots=True)
class _Match:
    stamp: bytes
    server: str
    position: tuple[int, int]
    line: bytes


def page(
    folder: Path, wanted: LogQuery, before: Cursor | None, *, limit: int, budget_s: float
) -> LogPage:
    """The newest `limit` lines before `before`, or as many as `budget_s` allows."""
    names = [wanted.server] if wanted.server else list(log_writer.servers(folder))
    test = _Test(wanted)
    scanners = [
        _Scanner(folder, name, test, before.positions.get(name) if before else None)
        for name in names
    ]
    try:
        return _collect(scanners, limit, time.monotonic() + budget_s)
    finally:
        for scanner in scanners:
            scanner.close()


def _collect(scanners: list[_Scanner], limit: int, deadline: float) -> LogPage:
    found: list[_Match] = []
    while True:
        running = [scanner for scanner in scanners if scanner.frontier]
        horizon = max((scanner.frontier for scanner in running), default=b"")
        certain = [match for match in found if match.stamp >= horizon]
        if not running or len(certain) >= limit or time.monotonic() >= deadline:
            return _page(scanners, found, certain, limit)
        scanner = max(running, key=lambda each: each.frontier)
        found += scanner.scan(limit)


def _page(
    scanners: list[_Scanner], found: list[_Match], certain: list[_Match], limit: int
) -> LogPage:
    certain.sort(key=lambda match: match.stamp, reverse=True)
    sent = certain[:limit]
    positions: dict[str, tuple[int, int]] = {}
    more = False
    for scanner in scanners:
        own = [match for match in sent if match.server == scanner.server]
        held_back = len(own) < sum(match.server == scanner.server for match in found)
        position = scanner.position
        if held_back:
            position = own[-1].position if own else scanner.began
        positions[scanner.server] = position
        more = more or held_back or bool(scanner.frontier)
    lines = tuple(
        line_format.parse(match.server, match.line.decode("utf-8", "replace")) for match in sent
    )
    return LogPage(lines, Cursor(positions) if more else None)


class _Test:
    """What a line must have, and the cheapest bytes to look for it by."""

    def __init__(self, wanted: LogQuery) -> None:
        self.text = wanted.text.lower().encode("utf-8", "backslashreplace")
        least = _LEVELS.index(wanted.level.encode()) if wanted.level else 0
        self.levels = frozenset(_LEVELS[least:])
        self._any_level = least == 0
        self.tags = (
            tuple(b" - %s - " % level for level in _LEVELS[least:]) if least >= _RARE_FROM else ()
        )

    def lines(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines of `chunk` that pass, last first, each with its offset."""
        if not self.tags and not self.text:
            return self._every(chunk)
        lower = chunk.lower() if self.text else b""
        if not self.text or (self.tags and self._is_level_rarer(chunk, lower)):
            return self._by_bytes(chunk, self.tags)
        return self._by_bytes(lower, (self.text,), chunk)

    def _is_level_rarer(self, chunk: bytes, lower: bytes) -> bool:
        """Whether fewer lines have the level than the text: each of the fewer is looked at."""
        return sum(map(chunk.count, self.tags)) < lower.count(self.text)

    def _passes(self, line: bytes) -> bool:
        if self.text and self.text not in line[STAMP_LENGTH:].lower():
            return False
        if self._any_level:
            return True
        parts = line.split(b" - ", 3)
        return len(parts) == 4 and parts[2] in self.levels

    def _every(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        end = len(chunk)
        while end > 0:
            start = chunk.rfind(b"\n", 0, end - 1) + 1
            line = chunk[start : end - 1]
            if self._passes(line):
                yield start, line
            end = start

    def _by_bytes(
        self, searched: bytes, needles: tuple[bytes, ...], chunk: bytes = b""
    ) -> Iterator[tuple[int, bytes]]:
        chunk = chunk or searched
        ends = {needle: len(searched) for needle in needles if needle in searched}
        while ends:
            hits = {needle: searched.rfind(needle, 0, end) for needle, end in ends.items()}
            ends = {needle: hit for needle, hit in hits.items() if hit >= 0}
            if not ends:
                return
            hit = max(ends.values())
            start = chunk.rfind(b"\n", 0, hit) + 1
            line = chunk[start : chunk.find(b"\n", hit)]
            if self._passes(line):
                yield start, line
            ends = {needle: start if at == hit else at + len(needle) for needle, at in ends.items()}


class _Scanner:
    """Walks the files of one server backwards, a chunk at a time."""

    def __init__(
        self, folder: Path, server: str, test: _Test, position: tuple[int, int] | None
    ) -> None:
        self.server = server
        self._test = test
        files = log_writer.segments(folder, server)
        if position:
            files = [each for each in files if each.number <= position[0]]
        self._files = iter(files)
        self._mapped: mmap.mmap | None = None
        self._number = 0
        self._end = 0
        self._next_file(position)
        self.began = self.position
        self.frontier = self._newest_unseen()
        """The stamp of the newest line not looked at yet; empty when all were."""

    @property
    def position(self) -> tuple[int, int]:
        """The file and the offset before which nothing was looked at."""
        return self._number, self._end

    def scan(self, limit: int) -> list[_Match]:
        """Look at one chunk, or at its newest part when that has `limit` matches."""
        assert self._mapped is not None
        start = self._line_start(max(0, self._end - _CHUNK))
        chunk = self._mapped[start : self._end]
        found: list[_Match] = []
        self._end, number = start, self._number
        for offset, line in self._test.lines(chunk):
            found.append(_Match(line[:STAMP_LENGTH], self.server, (number, start + offset), line))
            if len(found) >= limit:
                self._end = start + offset
                break
        self.frontier = self._newest_unseen()
        return found

    def close(self) -> None:
        if self._mapped:
            self._mapped.close()
            self._mapped = None

    def _newest_unseen(self) -> bytes:
        while self._mapped is not None and self._end <= 0:
            self._next_file(None)
        if self._mapped is None:
            return b""
        start = self._line_start(self._end - 1)
        return self._mapped[start : start + STAMP_LENGTH] or b"?"

    def _line_start(self, offset: int) -> int:
        assert self._mapped is not None
        return self._mapped.rfind(b"\n", 0, max(0, offset)) + 1

    def _next_file(self, position: tuple[int, int] | None) -> None:
        self.close()
        for each in self._files:
            self._mapped = _map(each) or _map(each.when_full())
            if self._mapped is None:
                continue
            self._number = each.number
            whole = self._mapped.rfind(b"\n") + 1
            is_known = position is not None and position[0] == each.number
            self._end = min(whole, position[1]) if position and is_known else whole
            return


def _map(segment: Segment) -> mmap.mmap | None:
    try:
        with segment.path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # deleted or renamed meanwhile, or empty
        return None
