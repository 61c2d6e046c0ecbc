"""`lou logs`: the last lines of one server or of all, and those that come."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from app.cli.arguments import add_json, add_server
from app.cli.output import Output
from app.control.client import ControlClient, NotRunningError

_MOST = 5_000
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def declare(parser: ArgumentParser) -> None:
    """What to show, and whether to go on."""
    add_server(parser, optional=True)
    parser.add_argument("-f", "--follow", action="store_true", help="show what comes, too")
    parser.add_argument("-n", type=_count, default=50, metavar="N", help="how many lines (50)")
    parser.add_argument("--level", type=str.upper, choices=_LEVELS, default="", help="from here up")
    parser.add_argument("--text", default="", help="only lines with this text")
    add_json(parser)
    parser.set_defaults(run=_logs)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 to {_MOST}")
    return int(text)


def _logs(given: Namespace, output: Output) -> int:
    asked = {"server": given.server, "limit": given.n, "level": given.level, "text": given.text}
    with ControlClient() as wire:
        lines = wire.ask("logs", follow=given.follow, **asked)["lines"]
        if output.is_json and not given.follow:
            output.document({"lines": lines})
            return 0
        for line in lines:
            _show(line, output)
        return _follow(wire, given, output) if given.follow else 0


def _follow(wire: ControlClient, given: Namespace, output: Output) -> int:
    try:
        for event in wire.events():
            if given.text.lower() in event.data["message"].lower():
                _show(event.data, output)
    except KeyboardInterrupt:
        return 0
    raise NotRunningError


def _show(line: dict[str, Any], output: Output) -> None:
    if output.is_json:  # while following there is no last line: one document for each
        output.line(json.dumps(line, ensure_ascii=False))
        return
    message = line["message"].replace("\n", "\n    ")
    output.line(
        f"{line['at']}  {line['server']:<10} {line['level']:<8} {line['logger']}: {message}"
    )
