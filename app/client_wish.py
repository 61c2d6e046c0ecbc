"""What clients should have of Lou: an entry for each server that is on."""

from __future__ import annotations

from app.clients.entries import installed_bridge
from app.clients.plan import Wish
from app.config import Config


def wish(config: Config) -> Wish:
    """The entries that ought to be in a client's file.

    Raises:
        ClientConfigError: the bridge is not installed.
    """
    on = tuple(name for name, entry in config.servers.items() if not entry.disabled)
    off = tuple(name for name, entry in config.servers.items() if entry.disabled)
    return Wish(on, installed_bridge(), off)
