"""`lou enable`, `lou disable` and `lou restart`: they return when the change is observed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from app.cli.arguments import add_json, add_server
from app.cli.output import Output
from app.cli.status import words_of
from app.control.client import AT_ONCE_S, ControlClient


def declare(parser: ArgumentParser) -> None:
    """A server, and a tool unless it is a restart."""
    word = parser.prog.split()[-1]
    add_server(parser)
    if word != "restart":
        parser.add_argument("tool", nargs="?", default="", help="one tool instead of the server")
    add_json(parser)
    parser.set_defaults(run=_restart if word == "restart" else _switch, on=word == "enable")


def _switch(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        server = wire.ask("enable", server=given.server, on=given.on, tool=given.tool)
    if given.tool:
        said = f"{given.tool} of {given.server} is {'on' if given.on else 'off'}."
        return _tell(server, output, said, is_done=True)
    return _tell(server, output, "", is_done=server["state"] == ("ready" if given.on else "off"))


def _restart(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        server = wire.ask("restart", server=given.server)
        for notice in wire.ask("status", within_s=AT_ONCE_S).get("notices", ()):
            output.complain(words_of(notice))
    return _tell(server, output, "", is_done=server["state"] == "ready")


def _tell(server: dict[str, Any], output: Output, said: str, *, is_done: bool) -> int:
    if output.is_json:
        output.document(server)
    elif is_done:
        output.line(said or f"{server['name']} is {server['state']}.")
    if not is_done:
        output.complain(f"{server['name']} is {server['state']}.")
        if server["trouble"]:
            output.complain(words_of(server["trouble"]))
    return 0 if is_done else 1
