"""The second ways into a client: its install link, and the words of its own command.

Neither reports back; that the entry arrived is read from the client's file, or seen when the
client opens its first session.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from app.clients.catalog import Client
from app.errors import ClientConfigError

_SAFE_NAME = re.compile(r"[\w\-. ]+")
_PLACEHOLDER = re.compile(r"<([a-z-]+):(url|base64)>")


def link(client: Client, name: str, entry: Mapping[str, Any]) -> str:
    """The link that asks the client to add the entry; empty when it has none."""
    _check_name(name)
    words = {
        "name": name,
        "entry": json.dumps(entry, ensure_ascii=False),
        "named-entry": json.dumps({"name": name, **entry}, ensure_ascii=False),
    }

    def fill(match: re.Match[str]) -> str:
        word = words[match[1]]
        if match[2] == "base64":
            return quote(base64.b64encode(word.encode()).decode(), safe="")
        return quote(word, safe="")

    return _PLACEHOLDER.sub(fill, client.link)


def command(client: Client, verb: str, name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The client's own command for `add` or `remove`; empty when it has none that says it all."""
    _check_name(name)
    pattern = client.cli.get(verb, ())
    whole = {"<entry>", "<named-entry>"} & {*pattern}
    if verb == "add" and client.env_key in entry and not whole:
        return ()
    launch, *words = _launch(entry)
    filled = {
        "<name>": name,
        "<entry>": json.dumps(entry, ensure_ascii=False),
        "<named-entry>": json.dumps({"name": name, **entry}, ensure_ascii=False),
        "<command>": launch,
        "<server>": words[0] if words else "",
    }
    return tuple(filled.get(word, word) for word in pattern)


def _launch(entry: Mapping[str, Any]) -> tuple[str, ...]:
    found = entry.get("command", entry.get("cmd", ""))
    if isinstance(found, list):
        return tuple(found)
    return (found, *entry.get("args", ()))


def _check_name(name: str) -> None:
    if not _SAFE_NAME.fullmatch(name) or name.startswith("-"):
        raise ClientConfigError(
            f"{name!r:.60} cannot be part of a link.", "Rename the server.", code="bad_name"
        )
