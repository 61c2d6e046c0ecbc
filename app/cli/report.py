"""`lou report`: lists what a bug report holds, then saves it as a zip."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from app.cli.output import Output, amount
from app.cli.parser import CommandParser
from app.control.client import ControlClient
from app.doctor import report
from app.errors import AppError


def declare(parser: CommandParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="the zip; else lou-report-TIME.zip here"
    )
    parser.add_switch("--yes", "save it without asking")
    parser.add_switch("--show", "print its texts instead of saving it")
    parser.set_defaults(run=_report)


def _report(args: Namespace, output: Output) -> int:
    found = report.texts(_answers())
    if args.show:
        if output.printed(found):
            return 0
        for name, text in found.items():
            output.line(f"==> {name} <==\n{text}")
        return 0
    target = args.file or Path(time.strftime("lou-report-%Y%m%d-%H%M%S.zip"))
    if not output.is_json:
        output.line("The report holds these texts, without keys and without addresses:")
        output.table(("FILE", "SIZE"), [(name, _size(text)) for name, text in found.items()])
    if not args.yes and not output.is_json and sys.stdin.isatty():
        output.line(f"Save it as {target}? Read it first: lou report --show. [Y/n]")
        if sys.stdin.readline().strip().lower() not in {"", "y", "yes"}:
            return 1
    report.save(found, target)
    document = {"file": str(target.absolute()), "texts": list(found)}
    text = f"Saved as {target}. Nothing was sent to anybody: attach it where you ask."
    return output.answer(document, text)


def _answers() -> dict[str, Any]:
    """What a running Lou says of itself; without one, only that."""
    try:
        with ControlClient() as control:
            return {method: control.ask(method) for method in ("status", "doctor")}
    except AppError as refused:
        return {"status": {"error": refused.title}}


def _size(text: str) -> str:
    return amount(len(text.encode())) if len(text) > 500_000 else f"{len(text.encode()):,} bytes"
