"""Reads the user's entry of a server.

In: the configuration of a relay. Out: a command or a URL, with the keys filled in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from servers.host.tools.service import Configuration, StartRefusedError
from servers.relay.child import PRIVATE_UMASK, Command

_REFERENCE = re.compile(r"\$\{keyring:([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A Streamable HTTP server."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def read(name: str, configuration: Configuration) -> Command | WebAddress:
    """A server's command or URL; raises StartRefusedError for a wrong entry or a missing key."""
    entry = configuration.settings.get("upstream")
    if not isinstance(entry, Mapping) or not (entry.get("command") or entry.get("url")):
        raise _wrong(name, "it names neither a command nor a url")
    keys = _Keys(name, configuration.keys)
    if entry.get("url"):
        return WebAddress(_web(name, keys.fill(str(entry["url"]))), keys.fill_all(entry, "headers"))
    arguments = entry.get("args") or []
    if not isinstance(arguments, list):
        raise _wrong(name, "`args` is not a list")
    argv = (str(entry["command"]), *map(str, arguments))
    umask = int(entry.get("umask", PRIVATE_UMASK))
    return Command(argv, keys.fill_all(entry, "env"), entry.get("cwd") or None, umask)


class _Keys:
    """Replaces references such as `${keyring:NAME}` by the keys."""

    def __init__(self, name: str, keys: Mapping[str, str]) -> None:
        self._name = name
        self._keys = keys

    def fill(self, text: str) -> str:
        return _REFERENCE.sub(self._value, text)

    def fill_all(self, entry: Mapping[str, Any], member: str) -> dict[str, str]:
        found = entry.get(member) or {}
        if not isinstance(found, Mapping) or not all(isinstance(t, str) for t in found.values()):
            raise _wrong(self._name, f"`{member}` is not an object of texts")
        return {key: self.fill(text) for key, text in found.items()}

    def _value(self, reference: re.Match[str]) -> str:
        key = reference[1]
        if key not in self._keys:
            message = f"The key {key} that {self._name} needs is not set."
            raise StartRefusedError("missing_key", message, "Set it on Lou's keys page.")
        return self._keys[key]


def _web(name: str, url: str) -> str:
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise _wrong(name, "its `url` does not begin with http:// or https:// and a host")
    return url


def _wrong(name: str, why: str) -> StartRefusedError:
    return StartRefusedError(
        "wrong_entry", f"The entry of {name} is wrong: {why}.", "Correct it in Lou."
    )
