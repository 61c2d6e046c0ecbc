"""Adds and removes servers of the user in a `Config`. Pure."""

from __future__ import annotations

from typing import Any

from app.config import config_model
from app.config.config_model import Config
from app.errors import SettingsError
from servers.contract import manifest


def added(config: Config, name: str, found: Any) -> Config:
    """`config` with one more server, from a parsed entry.

    Raises:
        SettingsError: the entry or the name cannot be used.
    """
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


def removed(config: Config, name: str) -> Config:
    """`config` without a server of the user.

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
