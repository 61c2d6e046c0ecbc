"""Counts finished tool calls, and reports each to the app.

In: each finished call. Out: one `call` event a call for the app, later one with what it asked and
got (`call_details`), and totals for Prometheus. Lou's own calls do not count in the totals.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict

from servers.contract import messages
from servers.host.call_details import CallDetails, Emit
from servers.host.tools.calls import FinishedCall

_BOUNDS_S = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meter:
    """Totals since the start of this process."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.details = CallDetails(emit)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.buckets: dict[str, list[int]] = {}

    def record(self, call: FinishedCall) -> None:
        if not call.own:
            self._count(call)
        facts = {
            "call": call.id,
            "tool": call.tool,
            "ms": round(call.ms, 3),
            "outcome": call.outcome,
            "error": call.kind,
            "client": call.client,
            "version": call.version,
            "at": time.time(),
            "bytes": call.size,
            "own": call.own,
        }
        self._emit(messages.CALL, facts)
        self.details.add(call, facts)

    def _count(self, call: FinishedCall) -> None:
        self.calls[call.tool, call.outcome] += 1
        self.seconds[call.tool] += call.ms / 1000
        buckets = self.buckets.setdefault(call.tool, [0] * (len(_BOUNDS_S) + 1))
        buckets[bisect_left(_BOUNDS_S, call.ms / 1000)] += 1

    def prometheus(self, server: str, sessions: int) -> str:
        """The totals in Prometheus' text format."""
        label = f'server="{server}"'
        lines = [
            "# TYPE lou_sessions gauge",
            f"lou_sessions{{{label}}} {sessions}",
            "# TYPE lou_calls_total counter",
        ]
        for (tool, verdict), count in sorted(self.calls.items()):
            lines.append(f'lou_calls_total{{{label},tool="{tool}",outcome="{verdict}"}} {count}')
        lines.append("# TYPE lou_call_seconds histogram")
        for tool in sorted(self.buckets):
            lines.extend(self._histogram(f'{label},tool="{tool}"', tool))
        return "\n".join(lines) + "\n"

    def _histogram(self, label: str, tool: str) -> list[str]:
        lines, total = [], 0
        for bound, count in zip((*_BOUNDS_S, "+Inf"), self.buckets[tool], strict=True):
            total += count
            lines.append(f'lou_call_seconds_bucket{{{label},le="{bound}"}} {total}')
        lines.append(f"lou_call_seconds_sum{{{label}}} {self.seconds[tool]:.6f}")
        lines.append(f"lou_call_seconds_count{{{label}}} {total}")
        return lines
