"""Adds and removes servers of the user in a `Config`. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.config import config_model
from app.config.config_model import Config
from app.errors import SettingsError
from servers.contract import manifest


def added(config: Config, name: str, found: Any) -> Config:
    """`config` with one more server; raises SettingsError if entry or name cannot be used."""
    entry = config_model.parse_entry(name, found)
    if name in config.servers:
        raise SettingsError(
            f"There is a server called {name} already.",
            "Choose another name, or remove it first.",
            code="name_taken",
        )
    if entry.command == config_model.EMBEDDED_COMMAND:
        raise SettingsError(
            "The servers that come with Lou are there already.",
            "Switch them on with `lou enable`.",
            code="bad_entry",
        )
    return config.with_server(name, entry)


def edited(config: Config, name: str, new_name: str, found: Any) -> Config:
    """`config` with the entry of a server of the user replaced, in its place, and maybe renamed.

    What the parsed entry does not say of switches stays: whether it is on, and its tools.

    Raises:
        SettingsError: the entry or the name cannot be used, or the server comes with Lou.
    """
    _check_own(name, "edited")
    before = config.servers.get(name)
    if before is None:
        raise SettingsError(f"There is no server called {name}.", "Add it again.", code="gone")
    others = {each: entry for each, entry in config.servers.items() if each != name}
    entry = added(replace(config, servers=others), new_name, found).servers[new_name]
    entry = replace(entry, disabled=before.disabled, disabled_tools=before.disabled_tools)
    servers = {
        new_name if each == name else each: entry if each == name else known
        for each, known in config.servers.items()
    }
    own = {
        new_name if each == name else each: part for each, part in config.settings.servers.items()
    }
    return replace(config, servers=servers).with_settings(servers=own)


def removed(config: Config, name: str) -> Config:
    """`config` without a server of the user; raises SettingsError for one that comes with Lou."""
    _check_own(name, "removed")
    return config.without_server(name)


def _check_own(name: str, what: str) -> None:
    if manifest.embedded(name):
        raise SettingsError(
            f"{name} comes with Lou and cannot be {what}.",
            f"Switch it off with `lou disable {name}`.",
            code="embedded",
        )
