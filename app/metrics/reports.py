"""Makes the report over a window. Pure: cells in, figures out."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, fields
from enum import StrEnum
from typing import Any

from app.metrics.cells import MetricsCell

_PARTS = (0.5, 0.95, 0.99)


class TimeWindow(StrEnum):
    """The length of time that a report covers."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_SHAPES = {
    TimeWindow.HOUR: ("minutes", 60, 60),
    TimeWindow.DAY: ("minutes", 600, 144),
    TimeWindow.MONTH: ("hours", 3600, 720),
}
"""The table, the seconds of a step, and the number of steps."""


@dataclass(frozen=True, slots=True)
class ApiUse:
    """The requests to one provider."""

    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one server, or of one of its tools, over a window."""

    server: str
    tool: str = ""
    """Empty: the whole server."""
    calls: int = 0
    errors: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    cache_hits: int = 0
    cache_misses: int = 0
    apis: Mapping[str, ApiUse] = field(default_factory=dict)
    cpu_percent: float = 0.0
    """The mean of the process tree; the last measurement is in ServerView."""
    rss_bytes: int = 0
    """The largest of the window."""

    @property
    def error_rate(self) -> float:
        """From 0 to 1."""
        return self.errors / self.calls if self.calls else 0.0

    @property
    def cache_hit_ratio(self) -> float | None:
        """From 0 to 1; None without lookups."""
        looked_up = self.cache_hits + self.cache_misses
        return self.cache_hits / looked_up if looked_up else None


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a chart; `at` is its beginning."""

    at: float
    calls: int
    errors: int
    p50: float | None
    p95: float | None
    p99: float | None
    cache_hits: int
    cache_misses: int
    api_calls: int
    cpu_percent: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the metrics page shows for one choice of window, server and tool."""

    window: TimeWindow
    step_s: int
    total: Summary
    servers: tuple[Summary, ...]
    tools: tuple[Summary, ...]
    points: tuple[Point, ...]
    """Oldest first, without gaps: a step without calls has zeros."""


def source(window: TimeWindow, now: float) -> tuple[str, int]:
    """The table for a window, and its start in seconds since the epoch."""
    table, step, count = _SHAPES[window]
    return table, _first_step(now, step, count)


def make(
    window: TimeWindow, now: float, cells: Iterable[tuple[int, tuple[str, str], MetricsCell]]
) -> Report:
    """The report over `cells`, each with its time and its server and tool."""
    _, step, count = _SHAPES[window]
    first = _first_step(now, step, count)
    merged: dict[tuple[str, str], MetricsCell] = {}
    steps: dict[int, dict[str, MetricsCell]] = {}
    for at, key, cell in cells:
        merged.setdefault(key, MetricsCell()).add(cell)
        steps.setdefault(at - at % step, {}).setdefault(key[0], MetricsCell()).add(cell)
    servers: dict[str, MetricsCell] = {}
    for (server, _tool), cell in merged.items():
        servers.setdefault(server, MetricsCell()).add(cell)
    tools = {key: cell for key, cell in merged.items() if key[1]}
    return Report(
        window,
        step,
        _summary("", "", servers.values()),
        tuple(_summary(name, "", [cell]) for name, cell in sorted(servers.items())),
        tuple(_summary(*key, [cell]) for key, cell in sorted(tools.items())),
        tuple(
            _point(at, steps.get(at, {}).values())
            for at in range(first, first + step * count, step)
        ),
    )


def csv_rows(report: Report) -> Iterator[tuple[Any, ...]]:
    """The steps of a report as rows of a table, the header first."""
    yield ("time", *(each.name for each in fields(Point)[1:]))
    for point in report.points:
        local = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(point.at))
        values = astuple(point)[1:]
        yield (local, *("" if value is None else round(value, 3) for value in values))


def _first_step(now: float, step: int, count: int) -> int:
    newest = int(now) - int(now) % step
    return newest - step * (count - 1)


def _summary(server: str, tool: str, processes: Collection[MetricsCell]) -> Summary:
    cell, figures = _added(processes)
    apis = {name: ApiUse(*use) for name, use in sorted(cell.apis.items())}
    kinds = dict(sorted(cell.kinds.items(), key=lambda kind: -kind[1]))
    return Summary(server, tool, kinds=kinds, apis=apis, **figures)


def _point(at: int, processes: Collection[MetricsCell]) -> Point:
    cell, figures = _added(processes)
    return Point(at, api_calls=sum(use[0] for use in cell.apis.values()), **figures)


def _added(processes: Collection[MetricsCell]) -> tuple[MetricsCell, dict[str, Any]]:
    """The cells added up, and the fields that a summary and a point share."""
    cell = MetricsCell()
    for each in processes:
        cell.add(each)
    p50, p95, p99 = cell.percentiles(*_PARTS)
    return cell, {
        "calls": cell.calls,
        "errors": cell.errors,
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "cache_hits": cell.hits,
        "cache_misses": cell.misses,
        "cpu_percent": sum(each.cpu for each in processes),
        "rss_bytes": sum(each.rss for each in processes),
    }
