"""Collects the problems and doubts of a file's rows; equal texts are stored once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from servers.tracker.entry import Fault


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was not stored: its number, the field and the reason."""

    row: int
    field: str
    reason: str


class Problems:
    """Every problem of one job, in the order of the rows; a file may consist of nothing else."""

    def __init__(self) -> None:
        self._rows = array("Q")
        self._faults: list[Fault] = []
        self._said: dict[Fault, Fault] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: int, fault: Fault) -> None:
        self._rows.append(row)
        self._faults.append(self._said.setdefault(fault, fault))

    def page(self, start: int, count: int) -> list[Problem]:
        """Some of them, from number `start` on."""
        faults = self._faults[start : start + count]
        rows = self._rows[start : start + count]
        return [Problem(row, one.field, one.reason) for row, one in zip(rows, faults, strict=True)]


class Doubts:
    """What is doubtful about the rows of one job: each doubt once, with the first of its rows."""

    _ROWS = 5
    _MOST = 500
    _SHOWN = 60

    def __init__(self) -> None:
        self._whole: list[str] = []
        self._rows: dict[str, tuple[int, list[int]]] = {}
        self._others = 0

    def begin(self, doubts: Iterable[str]) -> None:
        """Remember what is doubtful about the file as a whole."""
        self._whole += doubts

    def add(self, row: int, doubt: str) -> None:
        if doubt not in self._rows and len(self._rows) >= self._MOST:
            self._others += 1
            return
        count, first = self._rows.setdefault(doubt, (0, []))
        self._rows[doubt] = (count + 1, first)
        if len(first) < self._ROWS:
            first.append(row)

    def sentences(self) -> list[str]:
        """All of them in words, those of the file first, then the most frequent."""
        often = sorted(self._rows.items(), key=lambda one: -one[1][0])
        lines = [f"{_rows_text(*rows)}: {doubt}." for doubt, rows in often]
        left = len(lines) - self._SHOWN + self._others
        lines = lines[: self._SHOWN]
        more = [f"{left:,} more doubts about single rows are not shown."] if left > 0 else []
        return [*self._whole, *lines, *more]


def _rows_text(count: int, first: list[int]) -> str:
    shown = ", ".join(map(str, first))
    if count == 1:
        return f"Row {shown}"
    more = f" and {count - len(first):,} more" if count > len(first) else ""
    return f"Rows {shown}{more}"
