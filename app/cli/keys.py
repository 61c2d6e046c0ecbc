"""`lou keys`: lists, sets and tests keys. Values are read from a prompt or stdin, never printed."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from pathlib import Path

from app.cli.output import Output
from app.cli.parser import CommandParser
from app.control.client import ControlClient, ask
from app.errors import AppError
from servers.contract import key_text
from servers.contract.key_text import NotAKeyError

_OPEN = {
    "open": "The keyring is open.",
    "locked": "The keyring is locked; unlock it: lou keys unlock",
    "absent": "There is no keyring here; keep keys in a sealed file: lou keys store file",
    "hung": "The keyring gives no answer.",
    "unknown": "",
}


def declare(parser: CommandParser) -> None:
    """One subcommand for each action, most with the name of a key."""
    rows = (
        ("list", "which keys there are, and which are set", _list, False),
        ("set", "keep a key; asks for it, or reads stdin", _set, True),
        ("unset", "delete a key", _unset, True),
        ("test", "test a key with its provider", _test, True),
        ("rotate", "replace a key that Lou makes by a new one", _rotate, True),
        ("export", "write a key that Lou makes to a file: a recovery key", _export, True),
        ("unlock", "open the keyring, or the sealed file", _unlock, False),
    )
    for word, summary, run, has_name in rows:
        each = parser.subcommand(word, summary)
        if has_name:
            each.add_argument("name", metavar="KEY", help="e.g. TAVILY_API_KEY")
        if word == "export":
            each.add_argument("file", metavar="FILE", type=Path, help="a new file")
        if word in {"set", "unset"}:
            each.add_switch("--yes", "also a key that Lou made")
        each.set_defaults(run=run)
    store = parser.subcommand("store", "where to keep keys")
    store.add_argument(
        "kind",
        choices=("system", "file"),
        metavar="PLACE",
        help="system (the keyring), or file (sealed)",
    )
    store.set_defaults(run=_store)


def _list(args: Namespace, output: Output) -> int:
    del args
    found = ask("keys")
    if output.printed(found):
        return 0
    rows = [
        (key["name"], "set" if key["is_set"] else "-", ", ".join(key["servers"]), key["purpose"])
        for key in found["keys"]
    ]
    output.table(("KEY", "", "USED BY", "FOR"), rows)
    output.line(f"\n{_OPEN.get(found['state'], '')}".rstrip())
    return 0


def _set(args: Namespace, output: Output) -> int:
    with ControlClient() as control:
        _require_consent(control, args)
        value = _secret(f"{args.name}: ")
        mended = control.ask("set_key", name=args.name, value=value)["mended"]
    document: dict[str, object] = {"name": args.name, "set": True}
    if mended:
        document["mended"] = mended
    return output.answer(document, " ".join([f"{args.name} is set.", *mended]))


def _unset(args: Namespace, output: Output) -> int:
    with ControlClient() as control:
        _require_consent(control, args)
        control.ask("unset_key", name=args.name)
    return output.answer({"name": args.name, "set": False}, f"{args.name} is deleted.")


def _test(args: Namespace, output: Output) -> int:
    found = ask("test_key", name=args.name)
    output.answer({"name": args.name, **found}, f"{found['verdict']}: {found['message']}")
    if found["verdict"] in {"accepted", "unknown"}:
        return 0
    output.complain(found["message"])
    return 1


def _rotate(args: Namespace, output: Output) -> int:
    ask("rotate_key", name=args.name)
    text = f"{args.name} has a new value; the old one still opens what it sealed."
    return output.answer({"name": args.name, "rotated": True}, text)


def _export(args: Namespace, output: Output) -> int:
    ask("export_key", name=args.name, path=str(args.file.absolute()))
    text = (
        f"The recovery key is in {args.file}. Keep it where others cannot read it. To go back to "
        f"it: lou keys set {args.name} --yes < {args.file}"
    )
    return output.answer({"name": args.name, "file": str(args.file.absolute())}, text)


def _require_consent(control: ControlClient, args: Namespace) -> None:
    """A key that Lou made is replaced or deleted only with --yes."""
    is_generated = any(
        key["name"] == args.name and key["generated"] and key["is_set"]
        for key in control.ask("keys")["keys"]
    )
    if is_generated and not args.yes:
        consequences = {
            _set: f"Another {args.name} would seal from now on; the present one stays behind it.",
            _unset: f"Without {args.name} nobody can ever read again what was sealed with it.",
        }
        raise AppError(
            consequences[args.run],
            f"Keep a copy first: lou keys export {args.name} FILE. Then repeat this with --yes.",
        )


def _unlock(args: Namespace, output: Output) -> int:
    del args
    with ControlClient() as control:
        is_file = control.ask("keys")["store"] == "file"
        passphrase = _secret("Passphrase: ") if is_file else ""
        found = control.ask("unlock", passphrase=passphrase)
    return output.answer(found, _OPEN[found["state"]])


def _store(args: Namespace, output: Output) -> int:
    passphrase = ""
    if args.kind == "file":
        passphrase = _secret("New passphrase: ")
        if sys.stdin.isatty() and passphrase != getpass.getpass("Once more: "):
            raise AppError("The passphrases differ.", "Try again.")
    found = ask("key_store", kind=args.kind, passphrase=passphrase)
    where = "a sealed file" if args.kind == "file" else "the keyring"
    return output.answer(found, f"Keys are kept in {where} now.")


def _secret(prompt: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    try:
        return key_text.decoded(sys.stdin.buffer.read()).rstrip("\r\n")
    except NotAKeyError as wrong:
        raise AppError(wrong.words, wrong.hint) from None
