"""Cells that add up counts and times, and percentiles from histograms. Pure.

A bucket of a histogram is 5 % wide, so a percentile is exact to 2.5 % for any number of calls, and
two cells merge by addition.
"""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.views import CallRecord

_GROWTH = math.log(1.05)
_SHORTEST_MS = 0.001
_PAIR = struct.Struct("<iI")

Row = tuple[int, int, int, int, float, int, int, str, str, bytes]
"""calls, errors, hits, misses, cpu_sum, cpu_count, rss, kinds, apis, times"""


@dataclass(slots=True)
class MetricsCell:
    """The figures of one server or tool within one minute or hour."""

    calls: int = 0
    errors: int = 0
    hits: int = 0
    misses: int = 0
    cpu_sum: float = 0.0
    cpu_count: int = 0
    rss: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    apis: dict[str, list[int]] = field(default_factory=dict)
    """Provider: calls, errors."""
    times: Counter[int] = field(default_factory=Counter)

    def call(self, record: CallRecord) -> None:
        self.calls += 1
        self.times[math.floor(math.log(max(record.ms, _SHORTEST_MS)) / _GROWTH)] += 1
        if record.outcome != "ok":
            self.errors += 1
            self.kinds[record.error or record.outcome] += 1

    def api(self, name: str, failed: bool) -> None:
        """Count one request to a provider."""
        use = self.apis.setdefault(name, [0, 0])
        use[0] += 1
        use[1] += failed

    def lookup(self, hit: bool) -> None:
        """Count one lookup in a cache."""
        self.hits += hit
        self.misses += not hit

    def process(self, rss: int, cpu: float) -> None:
        """Record one measurement of the process tree."""
        self.cpu_sum += cpu
        self.cpu_count += 1
        self.rss = max(self.rss, rss)

    def add(self, other: MetricsCell) -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.hits += other.hits
        self.misses += other.misses
        self.cpu_sum += other.cpu_sum
        self.cpu_count += other.cpu_count
        self.rss = max(self.rss, other.rss)
        self.kinds.update(other.kinds)
        self.times.update(other.times)
        for name, (calls, errors) in other.apis.items():
            use = self.apis.setdefault(name, [0, 0])
            use[0] += calls
            use[1] += errors

    @property
    def cpu(self) -> float:
        """The mean of the measurements, in percent of one core."""
        return self.cpu_sum / self.cpu_count if self.cpu_count else 0.0

    def percentiles(self, *parts: float) -> tuple[float | None, ...]:
        """The times in ms below which these fractions (0 to 1) of the calls are."""
        total = sum(self.times.values())
        ordered = sorted(self.times)
        return tuple(_at(self.times, ordered, math.ceil(part * total)) for part in parts)


def to_row(cell: MetricsCell) -> Row:
    kinds = json.dumps(cell.kinds) if cell.kinds else ""
    apis = json.dumps(cell.apis) if cell.apis else ""
    times = b"".join(_PAIR.pack(*pair) for pair in cell.times.items())
    numbers = (cell.calls, cell.errors, cell.hits, cell.misses, cell.cpu_sum, cell.cpu_count)
    return (*numbers, cell.rss, kinds, apis, times)


def from_row(row: Row) -> MetricsCell:
    kinds = Counter(json.loads(row[7]) if row[7] else {})
    apis = json.loads(row[8]) if row[8] else {}
    return MetricsCell(*row[:7], kinds, apis, Counter(dict(_PAIR.iter_unpack(row[9]))))


def _at(times: Mapping[int, int], ordered: list[int], rank: int) -> float | None:
    seen = 0
    for bucket in ordered:
        seen += times[bucket]
        if seen >= max(rank, 1):
            return math.exp((bucket + 0.5) * _GROWTH)
    return None
