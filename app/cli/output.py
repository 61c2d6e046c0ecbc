"""Answers printed for people, with colours where a terminal shows them, or as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from servers.contract import harmless

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_STYLE_OF_WORD: Mapping[str, str] = {
    **dict.fromkeys(("ready", "on", "set", "ok", "connected"), "green"),
    **dict.fromkeys(("failed", "error", "timeout", "unreadable", "foreign"), "red"),
    **dict.fromkeys(("blocked", "unhealthy", "backoff", "outdated", "refused"), "yellow"),
    **dict.fromkeys(("off", "-", "cancelled", "not installed"), "dim"),
}
_STATES = frozenset({"STATE", "OUTCOME", ""})
"""The headings of columns whose words have a colour of their own."""


class OutputError(Exception):
    """Nothing more can be printed: its reader left, or the disk is full; the cause says which."""


class Output:
    """Where a command prints. With `is_json`, stdout gets one document and nothing else."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json

    def document(self, document: Any) -> None:
        self.line(json.dumps(document, indent=2, ensure_ascii=False))

    def answer(self, document: Any, text: str) -> int:
        """Print the document with `--json`, else the text; returns the exit code of success."""
        if not self.printed(document):
            self.line(text)
        return 0

    def printed(self, document: Any) -> bool:
        """Print the document with `--json`; False when it is to be shown as text."""
        if self.is_json:
            self.document(document)
        return self.is_json

    def line(self, text: str = "", style: str = "") -> None:
        """Print a line, in one of `_STYLES` if stdout shows them."""
        safe = _painted(harmless.spelled(text), "" if self.is_json else style, sys.stdout)
        write(f"{safe}\n")

    def complain(self, text: str, style: str = "") -> None:
        """Print an error or a warning to stderr."""
        _write(sys.stderr, f"{_painted(harmless.spelled(text), style, sys.stderr)}\n")

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows in aligned columns."""
        table = [[harmless.cell(cell) for cell in row] for row in (headers, *rows)]
        widths = [max(harmless.width(row[at]) for row in table) for at in range(len(headers))]
        lines: list[str] = []
        for number, row in enumerate(table):
            cells = [
                cell + " " * (width - harmless.width(cell))
                for cell, width in zip(row, widths, strict=True)
            ]
            cells[-1] = cells[-1].rstrip()
            if number:
                cells = [
                    _painted(cell, _STYLE_OF_WORD.get(cell.strip(), ""), sys.stdout)
                    if header in _STATES
                    else cell
                    for header, cell in zip(headers, cells, strict=True)
                ]
            text = "  ".join(cells).rstrip()
            lines.append(text if number else _painted(text, "bold", sys.stdout))
        write("".join(f"{line}\n" for line in lines))


def write(text: str) -> None:
    """Write to stdout, with ? for what its encoding lacks; raises OutputError if that fails."""
    encoding = sys.stdout.encoding or "utf-8"
    _write(sys.stdout, text.encode(encoding, "replace").decode(encoding))


def amount(size: int) -> str:
    """Bytes as a person reads them; empty for none."""
    if not size:
        return ""
    return f"{size / 1_000_000:.0f} MB" if size < 1_000_000_000 else f"{size / 1e9:.1f} GB"


def data_size(size: int) -> str:
    """Bytes of one answer, as a person reads them."""
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


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


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as failure:
        raise OutputError from failure


def _painted(text: str, style: str, stream: TextIO) -> str:
    """`text` in a style, if `stream` is a terminal that shows it and nobody said NO_COLOR."""
    if not text or not style or not _shows_colours(stream):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _shows_colours(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    if os.name != "nt":
        return True
    return bool(os.environ.get("WT_SESSION") or os.environ.get("ANSICON"))  # others show the codes
