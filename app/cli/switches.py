"""`lou enable`, `lou disable` and `lou restart`: return when the new state is observed."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from app.cli.output import Output
from app.cli.parser import CommandParser
from app.cli.status import words_of
from app.control.client import AT_ONCE_S, ControlClient, ask


def declare(parser: CommandParser) -> None:
    """A server; except for a restart also a tool."""
    command = parser.prog.split()[-1]
    parser.add_server()
    if command != "restart":
        parser.add_argument(
            "tool", nargs="?", default="", metavar="TOOL", help="one tool instead of the server"
        )
    parser.set_defaults(run=_restart if command == "restart" else _switch, on=command == "enable")


def _switch(args: Namespace, output: Output) -> int:
    server = ask("enable", server=args.server, on=args.on, tool=args.tool)
    if args.tool:
        text = f"{args.tool} of {args.server} is {'on' if args.on else 'off'}."
        return _print(server, output, text, is_done=True)
    return _print(server, output, "", is_done=server["state"] == ("ready" if args.on else "off"))


def _restart(args: Namespace, output: Output) -> int:
    with ControlClient() as control:
        server = control.ask("restart", server=args.server)
        for notice in control.ask("status", within_s=AT_ONCE_S).get("notices", ()):
            output.complain(words_of(notice))
    return _print(server, output, "", is_done=server["state"] == "ready")


def _print(server: dict[str, Any], output: Output, text: str, *, is_done: bool) -> int:
    if output.is_json:
        output.document(server)
    elif is_done:
        output.line(text or f"{server['name']} is {server['state']}.")
    if not is_done:
        output.complain(f"{server['name']} is {server['state']}.")
        if server["trouble"]:
            output.complain(words_of(server["trouble"]))
    return 0 if is_done else 1
