"""`lou logs`: prints the last log lines of one server or of all, and follows new ones."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from app.cli.output import Output
from app.cli.parser import CommandParser
from app.control.client import ControlClient, NotRunningError

_MOST = 5_000
_STYLES = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


def declare(parser: CommandParser) -> None:
    """A server, filters, and whether to follow."""
    parser.add_server(optional=True)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with new lines")
    parser.add_count(50, _MOST, "lines")
    parser.add_argument(
        "--level",
        type=str.upper,
        choices=tuple(_STYLES),
        default="",
        metavar="LEVEL",
        help=f"only this level and higher: {', '.join(_STYLES)}",
    )
    parser.add_argument("--text", default="", help="only lines with this text")
    parser.set_defaults(run=_logs)


def _logs(args: Namespace, output: Output) -> int:
    query = {"server": args.server, "limit": args.n, "level": args.level, "text": args.text}
    with ControlClient() as control:
        lines = control.ask("logs", follow=args.follow, **query)["lines"]
        if output.is_json and not args.follow:
            output.document({"lines": lines})
            return 0
        for line in lines:
            _show(line, output)
        return _follow(control, args, output) if args.follow else 0


def _follow(control: ControlClient, args: Namespace, output: Output) -> int:
    try:
        for event in control.events():
            if args.text.lower() in event.data["message"].lower():
                _show(event.data, output)
    except KeyboardInterrupt:
        return 0
    raise NotRunningError


def _show(line: dict[str, Any], output: Output) -> None:
    if output.is_json:  # a stream has no end: one document a line
        output.line(json.dumps(line, ensure_ascii=False))
        return
    message = line["message"].replace("\n", "\n    ")
    output.line(
        f"{line['at']}  {line['server']:<10} {line['level']:<8} {line['logger']}: {message}",
        _STYLES.get(line["level"], ""),
    )
