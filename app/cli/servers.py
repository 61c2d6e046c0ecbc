"""`lou servers`: servers of the user's own."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from app.cli.arguments import add_json
from app.cli.output import Output
from app.errors import AppError
from app.wire import Wire


def declare(parser: ArgumentParser) -> None:
    """Add, remove, import."""
    words = parser.add_subparsers(required=True, metavar="WORD")
    _declare_add(words.add_parser("add", help="add a server: lou servers add NAME -- COMMAND ..."))
    remove = words.add_parser("remove", help="stop a server and forget it")
    remove.add_argument("name", help="its name")
    add_json(remove)
    remove.set_defaults(run=_remove)
    take = words.add_parser("import", help="take over the servers of a client's configuration")
    take.add_argument("file", help="its JSON file, or - for stdin")
    add_json(take)
    take.set_defaults(run=_import)


def _declare_add(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="1 to 32 of a-z, 0-9, - and _")
    parser.usage = "lou servers add NAME [options] (-- COMMAND [ARG ...] | --url URL)"
    parser.add_argument("--url", default="", help="a server that runs elsewhere")
    for option, what in (("--env", "a variable of its environment"), ("--header", "for its URL")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            type=_pair,
            metavar="NAME=VALUE",
            help=f"{what}; a key is written ${{keyring:NAME}}",
        )
    parser.add_argument("--cwd", default="", help="the folder it runs in")
    parser.add_argument("--disabled", action="store_true", help="do not start it yet")
    add_json(parser)
    parser.set_defaults(run=_add)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _add(given: Namespace, output: Output) -> int:
    words = given.rest
    if bool(words) == bool(given.url):
        output.complain("Give either a command or a --url.")
        return 2
    entry: dict[str, Any] = {"disabled": given.disabled, "env": dict(given.env)}
    if words:
        entry |= {"command": words[0], "args": words[1:], "cwd": given.cwd}
    else:
        entry |= {"url": given.url, "headers": dict(given.header)}
    with Wire() as wire:
        server = wire.ask("add_server", name=given.name, entry=entry)
    if output.is_json:
        output.document(server)
    else:
        output.line(f"{given.name} is added and {server['state']}.")
    return 0


def _remove(given: Namespace, output: Output) -> int:
    with Wire() as wire:
        wire.ask("remove_server", name=given.name)
    if output.is_json:
        output.document({"name": given.name, "removed": True})
    else:
        output.line(f"{given.name} is removed.")
    return 0


def _import(given: Namespace, output: Output) -> int:
    try:
        text = sys.stdin.read() if given.file == "-" else Path(given.file).read_text("utf-8-sig")
    except (OSError, ValueError) as failure:
        raise AppError(
            f"{given.file} cannot be read: {failure}.", "Give a readable file."
        ) from None
    with Wire() as wire:
        found = wire.ask("import_servers", text=text)
    if output.is_json:
        output.document(found)
        return 0
    output.line(f"Added: {', '.join(found['added']) or 'none'}.")
    if found["keys"]:
        output.line(f"Moved into the keyring: {', '.join(found['keys'])}.")
    for name, why in found["skipped"].items():
        output.line(f"Left out {name}: {why}")
    return 0
