"""`lou metrics`: prints counts, times, errors, cache hits, API calls, CPU and memory."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from app.cli.output import Output, amount, milliseconds, part
from app.cli.parser import CommandParser
from app.control.client import ask

_WINDOWS = {"hour": "the last hour", "day": "the last day", "month": "the last 30 days"}


def declare(parser: CommandParser) -> None:
    """A server or all, and how far back."""
    parser.add_server(optional=True)
    parser.add_argument("--window", choices=tuple(_WINDOWS), default="hour", help="how far back")
    parser.set_defaults(run=_metrics)


def _metrics(args: Namespace, output: Output) -> int:
    found = ask("metrics", server=args.server, window=args.window)
    if output.printed(found):
        return 0
    output.line(f"In {_WINDOWS[args.window]}:\n")
    headers = ("SERVER", "TOOL", "CALLS", "ERRORS", "P50 MS", "P95 MS", "P99 MS", "CPU", "MEMORY")
    rows = [_row(each) for each in (*found["servers"], *found["tools"])]
    output.table(headers, sorted(rows))
    for each in found["servers"]:
        for line in _details(each):
            output.line(f"{each['server']}: {line}")
    return 0


def _row(figures: dict[str, Any]) -> tuple[str, ...]:
    is_server = not figures["tool"]
    return (
        figures["server"],
        figures["tool"],
        f"{figures['calls']:,}",
        part(figures["error_rate"]) if figures["calls"] else "-",
        milliseconds(figures["p50"]),
        milliseconds(figures["p95"]),
        milliseconds(figures["p99"]),
        f"{figures['cpu_percent']:.1f} %" if is_server else "",
        amount(figures["rss_bytes"]) if is_server else "",
    )


def _details(figures: dict[str, Any]) -> list[str]:
    lines = []
    if figures["kinds"]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in figures["kinds"].items())
        lines.append(f"errors by kind: {kinds}")
    if figures["cache_hit_ratio"] is not None:
        lines.append(f"cache hits: {part(figures['cache_hit_ratio'])}")
    if figures["apis"]:
        uses = (f"{name} {use['calls']}" for name, use in figures["apis"].items())
        lines.append(f"API calls: {', '.join(uses)}")
    return lines
