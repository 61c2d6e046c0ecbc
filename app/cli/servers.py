"""`lou servers`: adds, removes and imports servers of the user's own."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.cli.output import Output
from app.cli.parser import CommandParser, UsageError
from app.clients import catalog
from app.clients.files.locations import Places
from app.clients.imports import client_source, foreign_servers, server_import
from app.clients.imports.foreign_servers import ForeignServer
from app.clients.imports.placeholders import names_in
from app.control.client import ControlClient, ask
from app.errors import AppError


def declare(parser: CommandParser) -> None:
    _declare_add(parser.subcommand("add", "add a server"))
    remove = parser.subcommand("remove", "stop a server and delete its entry")
    remove.add_argument("name", metavar="SERVER", help="its name")
    remove.set_defaults(run=_remove)
    importing = parser.subcommand("import", "take over the servers of a client's configuration")
    importing.usage = "lou servers import (FILE | - | --from CLIENT) [--yes] [--json]"
    importing.add_argument(
        "file", nargs="?", default="", metavar="FILE", help="its file, or - for stdin"
    )
    importing.add_argument(
        "--from",
        dest="client",
        default="",
        metavar="CLIENT",
        help="a client's own file: its name in `lou clients list`",
    )
    importing.add_switch("--yes", "add them without asking")
    importing.set_defaults(run=_import)


def _declare_add(parser: CommandParser) -> None:
    parser.add_argument("name", metavar="NAME", help="1 to 32 of a-z, 0-9, - and _")
    parser.usage = "lou servers add NAME [options] (-- COMMAND [ARG ...] | --url URL)"
    parser.add_argument("--url", default="", metavar="URL", help="a server that runs elsewhere")
    for option, purpose in (
        ("--env", "a variable of its environment"),
        ("--header", "for its URL"),
    ):
        parser.add_argument(
            option,
            action="append",
            default=[],
            type=_pair,
            metavar="NAME=VALUE",
            help=f"{purpose}; a key is written ${{keyring:NAME}}",
        )
    parser.add_argument("--cwd", default="", metavar="FOLDER", help="the folder it runs in")
    parser.add_switch("--disabled", "do not start it yet")
    parser.set_defaults(run=_add)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _add(args: Namespace, output: Output) -> int:
    words = args.rest
    if bool(words) == bool(args.url):
        raise UsageError("Give either a command or a --url.")
    entry: dict[str, Any] = {"disabled": args.disabled, "env": dict(args.env)}
    if words:
        entry |= {"command": words[0], "args": words[1:], "cwd": args.cwd}
    else:
        entry |= {"url": args.url, "headers": dict(args.header)}
    server = ask("add_server", name=args.name, entry=entry)
    return output.answer(server, f"{args.name} is added and {server['state']}.")


def _remove(args: Namespace, output: Output) -> int:
    ask("remove_server", name=args.name)
    return output.answer({"name": args.name, "removed": True}, f"{args.name} is removed.")


def _import(args: Namespace, output: Output) -> int:
    if bool(args.file) == bool(args.client):
        raise UsageError("Give either a file, - for stdin, or --from CLIENT.")
    found = _found_in(args)
    text = foreign_servers.as_text(found)
    variables = {name: os.environ[name] for name in names_in(text) if os.environ.get(name)}
    with ControlClient() as control:
        if args.yes:
            return _show_added(
                control.ask("import_servers", text=text, variables=variables), output
            )
        planned = control.ask("import_servers", text=text, variables=variables, preview=True)
        if output.is_json or not sys.stdin.isatty():
            return _not_agreed(planned, output)
        _show(planned, output)
        if not planned["servers"]:
            return 0
        if input("Add them? [y/N] ").strip().lower() not in {"y", "yes"}:
            output.line("Nothing was added.")
            return 0
        return _show_added(control.ask("import_servers", text=text, variables=variables), output)


def _found_in(args: Namespace) -> list[ForeignServer]:
    if args.client:
        return client_source.servers_of(catalog.client(args.client), Places.here())
    try:
        given = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as failure:
        raise AppError(f"{args.file} cannot be read: {failure}.", "Give a readable file.") from None
    return server_import.found_in(client_source.text_of(given))


def _show(planned: Mapping[str, Any], output: Output) -> None:
    for server in planned["servers"]:
        output.line("\n".join((*server_import.lines(server), "")))
    _print_rest(planned, output, "Move into the keyring")


def _print_rest(found: Mapping[str, Any], output: Output, moved: str) -> None:
    if found["keys"]:
        output.line(f"{moved}: {', '.join(found['keys'])}.")
    for name, why in found["skipped"].items():
        output.line(f"Left out {name}: {why}")


def _not_agreed(planned: Mapping[str, Any], output: Output) -> int:
    """There is no terminal to ask at: show what would be added, and add nothing."""
    title = "Nothing was added, because nobody was there to agree."
    hint = "Look at the servers, then add them: lou servers import ... --yes"
    if output.is_json:
        reason = {"code": "not_agreed", "message": title, "hint": hint}
        output.document({"error": reason, **planned, "added": []})
    else:
        _show(planned, output)
    output.complain(title)
    output.complain(hint)
    return 2


def _show_added(found: Mapping[str, Any], output: Output) -> int:
    if output.printed(found):
        return 0
    output.line(f"Added: {', '.join(found['added']) or 'none'}.")
    for server in found["servers"]:
        for note in server["notes"]:
            output.line(f"{server['name']}: {note}")
    _print_rest(found, output, "Moved into the keyring")
    return 0
