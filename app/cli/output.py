"""What all commands share: common arguments, and answers printed for people or as JSON."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from servers.contract import harmless


def add_json(parser: ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_server(parser: ArgumentParser, *, optional: bool = False) -> None:
    """The name of a server."""
    parser.add_argument("server", nargs="?" if optional else None, default="", help="its name")


class Output:
    """Where a command prints. With `is_json`, stdout gets one document and nothing else."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json

    def document(self, document: Any) -> None:
        """Print the one document."""
        self.line(json.dumps(document, indent=2, ensure_ascii=False))

    def line(self, text: str = "") -> None:
        """Print a line."""
        safe = harmless.spelled(text)
        sys.stdout.write(f"{safe}\n".encode(_encoding(), "replace").decode(_encoding()))
        sys.stdout.flush()

    def complain(self, text: str) -> None:
        """Print an error or a warning to stderr."""
        sys.stderr.write(f"{harmless.spelled(text)}\n")

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows in aligned columns."""
        table = [[harmless.cell(cell) for cell in row] for row in (headers, *rows)]
        widths = [max(harmless.width(row[at]) for row in table) for at in range(len(headers))]
        for row in table:
            cells = (
                cell + " " * (width - harmless.width(cell))
                for cell, width in zip(row, widths, strict=True)
            )
            self.line("  ".join(cells).rstrip())


def amount(size: int) -> str:
    """Bytes as a person reads them; empty for none."""
    if not size:
        return ""
    return f"{size / 1_000_000:.0f} MB" if size < 1_000_000_000 else f"{size / 1e9:.1f} GB"


def milliseconds(value: float | None) -> str:
    """A time in milliseconds, with one decimal below 100."""
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def part(value: float | None) -> str:
    """A ratio from 0 to 1 as a percentage."""
    return "-" if value is None else f"{value * 100:.1f} %"


def duration(seconds: float) -> str:
    """A length of time in its two largest units."""
    whole = int(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    shown = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or "0 s"


def _encoding() -> str:
    return sys.stdout.encoding or "utf-8"
