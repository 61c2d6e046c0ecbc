"""The user's own servers: how one is added, and how those of another client are taken over."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from app import config as meaning
from app.config import Config, ServerEntry
from app.errors import SettingsError
from servers.contract import manifest

_NAMES = ("mcpServers", "servers", "context_servers", "mcp_servers")
_OURS = "lou-connect"


@dataclass(frozen=True, slots=True)
class Taken:
    """Entries that can be added, and the secrets that were in them in plain text."""

    entries: Mapping[str, ServerEntry] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    """The name of an entry that was left out, and why."""

    def joined(self, config: Config) -> Config:
        """`config` with the entries."""
        return replace(config, servers={**config.servers, **self.entries})


def added(config: Config, name: str, found: Any) -> Config:
    """`config` with one more server.

    Raises:
        SettingsError: the entry or the name cannot be used.
    """
    entry = meaning.parse_entry(name, found)
    if name in config.servers:
        raise SettingsError(
            f"There is a server called {name} already.",
            "Choose another name, or remove it first.",
            code="name_taken",
        )
    if entry.command == meaning.EMBEDDED_COMMAND:
        raise SettingsError(
            "The servers that come with Lou are there already.",
            "Switch them on with `lou enable`.",
            code="bad_entry",
        )
    return config.with_server(name, entry)


def removed(config: Config, name: str) -> Config:
    """`config` without a server of the user's own.

    Raises:
        SettingsError: it comes with Lou.
    """
    if manifest.embedded(name):
        raise SettingsError(
            f"{name} comes with Lou and cannot be removed.",
            f"Switch it off with `lou disable {name}`.",
            code="embedded",
        )
    return config.without_server(name)


def taken_over(config: Config, text: str, keys: Iterable[str] = ()) -> Taken:
    """The servers in another client's configuration, with their secrets taken out.

    No secret takes the name of one of `keys`, of a key that Lou knows or of one that is in use.

    Raises:
        SettingsError: it is no such configuration.
    """
    entries: dict[str, ServerEntry] = {}
    secrets: dict[str, str] = {}
    used = {name for entry in config.servers.values() for name in entry.references()}
    used |= {*keys, *(key.name for key in manifest.KEYS)}
    skipped: dict[str, str] = {}
    for given, found in _servers_in(text).items():
        name = re.sub(r"[^a-z0-9_-]+", "-", given.lower()).strip("-")[:32]
        try:
            entry = meaning.parse_entry(name, found)
        except SettingsError as refused:
            skipped[given] = refused.title
            continue
        if name in config.servers or name in entries:
            skipped[given] = "A server of this name is there already."
        elif _OURS in entry.command:
            skipped[given] = "It is Lou's own entry."
        else:
            entries[name], own = _without_secrets(name, entry, used | secrets.keys())
            secrets.update(own)
    return Taken(entries, secrets, skipped)


def _key_name(text: str, used: Set[str]) -> str:
    """A name of a key that says what `text` says and is not used yet."""
    plain = re.sub(r"[^A-Z0-9_]|^(?=[0-9])", "_", text.upper())[:60]
    others = (f"{plain}_{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain((plain,), others) if name not in used)


def _servers_in(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise SettingsError(
            f"This is not JSON: {broken}.", "Choose a client's JSON configuration.", code="bad_file"
        ) from None
    for name in _NAMES:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            return dict(found[name])
    raise SettingsError(
        "No servers were found in this file.",
        "It should have an object called `mcpServers`.",
        code="bad_file",
    )


def _without_secrets(
    name: str, entry: ServerEntry, used: Set[str]
) -> tuple[ServerEntry, dict[str, str]]:
    secrets: dict[str, str] = {}

    def kept(variable: str, text: str) -> str:
        if not text or meaning.REFERENCE.search(text) or not meaning.is_secret_name(variable):
            return text
        key = _key_name(f"{name}_{variable}", used | secrets.keys())
        secrets[key] = text
        return f"${{keyring:{key}}}"

    env = {variable: kept(variable, text) for variable, text in entry.env.items()}
    headers = {variable: kept(variable, text) for variable, text in entry.headers.items()}
    return replace(entry, env=env, headers=headers), secrets
