"""`lou keys`: values come from a prompt or from stdin, never from argv, and are never printed."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from app.cli.arguments import add_json
from app.cli.output import Output
from app.control.client import ControlClient
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


def declare(parser: ArgumentParser) -> None:
    """A word for what to do, most with the name of a key."""
    words = parser.add_subparsers(required=True, metavar="WORD")
    rows = (
        ("list", "which keys there are, and which are set", _list, False),
        ("set", "keep a key; asks for it, or reads stdin", _set, True),
        ("unset", "forget a key", _unset, True),
        ("test", "ask the key's provider", _test, True),
        ("rotate", "make a new one of a key that Lou makes", _rotate, True),
        ("export", "write a key that Lou makes to a file: a recovery key", _export, True),
        ("unlock", "open the keyring, or the sealed file", _unlock, False),
    )
    for word, summary, run, has_name in rows:
        each = words.add_parser(word, help=summary, description=summary)
        if has_name:
            each.add_argument("name", metavar="NAME", help="e.g. TAVILY_API_KEY")
        if word == "export":
            each.add_argument("file", metavar="FILE", type=Path, help="a new file")
        if word in {"set", "unset"}:
            each.add_argument("--yes", action="store_true", help="also a key that Lou made")
        add_json(each)
        each.set_defaults(run=run)
    store = words.add_parser("store", help="where to keep keys")
    store.add_argument("kind", choices=("system", "file"), help="the keyring, or a sealed file")
    add_json(store)
    store.set_defaults(run=_store)


def _list(given: Namespace, output: Output) -> int:
    del given
    with ControlClient() as wire:
        found = wire.ask("keys")
    if output.is_json:
        output.document(found)
        return 0
    rows = [
        (key["name"], "set" if key["is_set"] else "-", ", ".join(key["servers"]), key["purpose"])
        for key in found["keys"]
    ]
    output.table(("KEY", "", "USED BY", "FOR"), rows)
    output.line(f"\n{_OPEN.get(found['state'], '')}".rstrip())
    return 0


def _set(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        _warn_of_loss(wire, given)
        value = _secret(f"{given.name}: ")
        mended = wire.ask("set_key", name=given.name, value=value)["mended"]
    document: dict[str, object] = {"name": given.name, "set": True}
    if mended:
        document["mended"] = mended
    return _done(output, document, " ".join([f"{given.name} is set.", *mended]))


def _unset(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        _warn_of_loss(wire, given)
        wire.ask("unset_key", name=given.name)
    return _done(output, {"name": given.name, "set": False}, f"{given.name} is forgotten.")


def _test(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        found = wire.ask("test_key", name=given.name)
    _done(output, {"name": given.name, **found}, f"{found['verdict']}: {found['message']}")
    if found["verdict"] in {"accepted", "unknown"}:
        return 0
    output.complain(found["message"])
    return 1


def _rotate(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        wire.ask("rotate_key", name=given.name)
    said = f"{given.name} has a new value; the old one still opens what it sealed."
    return _done(output, {"name": given.name, "rotated": True}, said)


def _export(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        wire.ask("export_key", name=given.name, path=str(given.file.absolute()))
    said = (
        f"The recovery key is in {given.file}. Keep it where others cannot read it. To go back to "
        f"it: lou keys set {given.name} --yes < {given.file}"
    )
    return _done(output, {"name": given.name, "file": str(given.file.absolute())}, said)


def _warn_of_loss(wire: ControlClient, given: Namespace) -> None:
    """A key that Lou made is given up only by somebody who knows what that means."""
    is_made = any(
        key["name"] == given.name and key["generated"] and key["is_set"]
        for key in wire.ask("keys")["keys"]
    )
    if is_made and not given.yes:
        said = {
            _set: f"Another {given.name} would seal from now on; the present one stays behind it.",
            _unset: f"Without {given.name} nobody can ever read again what was sealed with it.",
        }
        raise AppError(
            said[given.run],
            f"Keep a copy first: lou keys export {given.name} FILE. Then say it again with --yes.",
        )


def _unlock(given: Namespace, output: Output) -> int:
    del given
    with ControlClient() as wire:
        is_file = wire.ask("keys")["store"] == "file"
        passphrase = _secret("Passphrase: ") if is_file else ""
        found = wire.ask("unlock", passphrase=passphrase)
    return _done(output, found, _OPEN[found["state"]])


def _store(given: Namespace, output: Output) -> int:
    passphrase = ""
    if given.kind == "file":
        passphrase = _secret("New passphrase: ")
        if sys.stdin.isatty() and passphrase != getpass.getpass("Once more: "):
            raise AppError("The passphrases differ.", "Try again.")
    with ControlClient() as wire:
        found = wire.ask("key_store", kind=given.kind, passphrase=passphrase)
    where = "a sealed file" if given.kind == "file" else "the keyring"
    return _done(output, found, f"Keys are kept in {where} now.")


def _secret(prompt: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    try:
        return key_text.decoded(sys.stdin.buffer.read()).rstrip("\r\n")
    except NotAKeyError as wrong:
        raise AppError(wrong.words, wrong.hint) from None


def _done(output: Output, document: dict[str, object], said: str) -> int:
    if output.is_json:
        output.document(document)
    else:
        output.line(said)
    return 0
