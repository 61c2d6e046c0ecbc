"""The rows of a file that were not stored. What many rows have in common is kept once."""

from __future__ import annotations

from array import array
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
        """Remember that `row` has this fault."""
        self._rows.append(row)
        self._faults.append(self._said.setdefault(fault, fault))

    def page(self, start: int, count: int) -> list[Problem]:
        """Some of them, from number `start` on."""
        faults = self._faults[start : start + count]
        rows = self._rows[start : start + count]
        return [Problem(row, one.field, one.reason) for row, one in zip(rows, faults, strict=True)]
