"""`lou clients`: list, connect and repair MCP clients, whether the app runs or not."""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from typing import Any

from app.cli.output import Output
from app.cli.parser import CommandParser, UsageError
from app.clients import request_handlers
from app.config.config_file import ConfigFile
from app.control.client import NotRunningError, ask
from app.errors import AppError

_CHANGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "connect",
        "write Lou's entries into the client's file",
        {
            "--replace": "replace an entry that Lou did not write",
            "--restart": "ask the client to quit first, then start it",
        },
    ),
    (
        "disconnect",
        "take out what Lou wrote, and nothing else",
        {"--all": "every client that has Lou's entries"},
    ),
    (
        "undo",
        "bring back the bytes before the last change",
        {"--force": "even if the file changed since; that is kept"},
    ),
    ("restore", "put back other entries that the client lost", {}),
)
"""Verb, summary, and switches with their purpose."""


def declare(parser: CommandParser) -> None:
    listed = parser.subcommand("list", "every client: its state, and how far it got")
    _add_client(listed, optional=True)
    listed.add_switch("--all", "also clients that are not installed")
    listed.set_defaults(run=_list)
    diff = parser.subcommand("diff", "what connect would change")
    _add_client(diff)
    diff.add_argument(
        "--of", choices=("connect", "disconnect", "undo"), default="connect", help="the change"
    )
    diff.set_defaults(run=_diff)
    by_hand = parser.subcommand("by-hand", "the entry, links and commands to use yourself")
    _add_client(by_hand)
    by_hand.set_defaults(run=_by_hand)
    for verb, summary, switches in _CHANGES:
        each = parser.subcommand(verb, summary)
        _add_client(each, optional=verb == "disconnect")
        for word, purpose in switches.items():
            each.add_switch(word, purpose)
        each.set_defaults(run=_change, verb=verb)


def _add_client(parser: CommandParser, *, optional: bool = False) -> None:
    nargs = "?" if optional else None
    help_text = "its name in `lou clients list`"
    parser.add_argument("client", nargs=nargs, default="", metavar="CLIENT", help=help_text)


def _ask(**params: Any) -> dict[str, Any]:
    try:
        return ask("clients", **params)
    except NotRunningError:
        settings = ConfigFile.of_home()
        answered = request_handlers.answer_alone(
            settings.config, params, is_known=settings.is_known
        )
        return asyncio.run(answered)


def _list(args: Namespace, output: Output) -> int:
    found = _ask(verb="list", client=args.client)
    if output.printed(found):
        return 0
    views = [
        view
        for view in found["clients"]
        if args.all or args.client or view["installed"] or view["wanted"]
    ]
    if not views:
        output.line("No MCP client was found. See all that Lou knows: lou clients list --all")
        return 0
    output.table(("CLIENT", "STATE", "PROOF", "FILE"), [_row(view) for view in views])
    for view in views:
        words = " ".join(filter(None, (view["reason"], view["hint"], view["advice"])))
        if words:
            output.line(f"\n{view['id']}: {words}")
    return 0


def _diff(args: Namespace, output: Output) -> int:
    found = _ask(verb="diff", client=args.client, action=args.of)
    return output.answer(found, found["diff"] or "Nothing would change.")


_BY_HAND = (
    ("entry", "The entry, for its file or its settings:"),
    ("links", "Links that make it ask whether to add it:"),
    ("add", "Its own commands to add it:"),
    ("remove", "Its own commands to take it out again:"),
)


def _by_hand(args: Namespace, output: Output) -> int:
    found = _ask(verb="by-hand", client=args.client)
    if output.printed(found):
        return 0
    for name, title in _BY_HAND:
        lines = [found[name]] if name == "entry" else found[name]
        if lines:
            output.line("\n".join((title, *lines, "")))
    return 0


def _change(args: Namespace, output: Output) -> int:
    if args.verb == "disconnect" and args.all == bool(args.client):
        raise UsageError("Give either a CLIENT or --all.")
    if args.verb == "disconnect" and args.all:
        return disconnect_all(output)
    options = {name: True for name in ("replace", "restart", "force") if getattr(args, name, False)}
    found = _ask(verb=args.verb, client=args.client, **options)
    if output.printed(found):
        return 0
    _show_change(found["client"], output)
    return 0


def disconnect_all(output: Output) -> int:
    """Disconnect one client after another, also when one refuses; returns the exit code."""
    done, refused = [], {}
    for view in _ask(verb="list")["clients"]:
        if not view["wanted"] and not any(file["entries"] for file in view["files"]):
            continue
        try:
            done.append(_ask(verb="disconnect", client=view["id"])["client"])
        except AppError as error:
            refused[view["id"]] = {"message": error.title, "hint": error.hint}
    if output.is_json:
        output.document({"clients": done, "refused": refused})
    elif not done and not refused:
        output.line("No client has an entry of Lou's.")
    else:
        for view in done:
            _show_change(view, output)
    for client, why in refused.items():
        output.complain(f"{client}: {why['message']} {why['hint']}".strip(), "red")
    return 1 if refused else 0


def _show_change(view: dict[str, Any], output: Output) -> None:
    state = "not connected" if view["state"] == "absent" else view["state"]
    output.line(f"{view['name']} is {state}.")
    for file in view["files"]:
        output.line(f"  {file['path']}: {file['state']}")
        if file["reason"]:
            output.line(f"    {file['reason']} {file['hint']}")
    if view["advice"]:
        output.line(view["advice"])


def _row(view: dict[str, Any]) -> tuple[str, ...]:
    files = [file["path"] for file in view["files"]]
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    state = view["state"] if view["installed"] or view["wanted"] else "not installed"
    return view["id"], state, _proof(view["proof"]), (files[0] + more if files else "")


def _proof(steps: list[dict[str, Any]]) -> str:
    reached = [step for step in steps if step["at"]]
    if not reached:
        return ""
    last = reached[-1]
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(last["at"]))
    return f"{last['title'].lower()} {at}"
