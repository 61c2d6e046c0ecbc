"""Searches the log files, newest line first, one page at a time.

In: a query and a cursor. Out: lines and the next cursor. Files are mapped and searched as bytes, in
chunks from the end, so memory is bounded. After its time budget a search returns what it found.
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
    """Matches lines of one server or all, from a level up, with a text in any letter case."""

    server: str = ""
    level: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a search continues: the number of the file and the offset in it, for each server."""

    positions: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Matching lines, newest first. `before` is None when there are no older ones."""

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
    matcher = _Matcher(wanted)
    scanners = [
        _Scanner(folder, name, matcher, before.positions.get(name) if before else None)
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


class _Matcher:
    """Matches lines, by the bytes that are cheapest to search."""

    def __init__(self, wanted: LogQuery) -> None:
        self.text = wanted.text.lower().encode("utf-8", "backslashreplace")
        least = _LEVELS.index(wanted.level.encode()) if wanted.level else 0
        self.levels = frozenset(_LEVELS[least:])
        self._any_level = least == 0
        self.tags = (
            tuple(b" - %s - " % level for level in _LEVELS[least:]) if least >= _RARE_FROM else ()
        )

    def lines(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The matching lines of `chunk`, last first, each with its offset."""
        if not self.tags and not self.text:
            return self._every(chunk)
        lower = chunk.lower() if self.text else b""
        if not self.text or (self.tags and self._is_level_rarer(chunk, lower)):
            return self._by_bytes(chunk, self.tags)
        return self._by_bytes(lower, (self.text,), chunk)

    def _is_level_rarer(self, chunk: bytes, lower: bytes) -> bool:
        """Whether fewer lines have the level than the text; only those are parsed."""
        return sum(map(chunk.count, self.tags)) < lower.count(self.text)

    def _matches(self, line: bytes) -> bool:
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
            if self._matches(line):
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
            if self._matches(line):
                yield start, line
            ends = {needle: start if at == hit else at + len(needle) for needle, at in ends.items()}


class _Scanner:
    """Reads the files of one server backwards, in chunks."""

    def __init__(
        self, folder: Path, server: str, matcher: _Matcher, position: tuple[int, int] | None
    ) -> None:
        self.server = server
        self._matcher = matcher
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
        """The time stamp of the newest line that was not searched yet; empty at the end."""

    @property
    def position(self) -> tuple[int, int]:
        """The file and the offset; lines before them were not searched."""
        return self._number, self._end

    def scan(self, limit: int) -> list[_Match]:
        """Search one chunk, or its newest part when that has `limit` matches."""
        assert self._mapped is not None
        start = self._line_start(max(0, self._end - _CHUNK))
        chunk = self._mapped[start : self._end]
        found: list[_Match] = []
        self._end, number = start, self._number
        for offset, line in self._matcher.lines(chunk):
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
    except (OSError, ValueError):  # deleted, renamed or empty
        return None
