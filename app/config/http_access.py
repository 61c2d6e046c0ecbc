"""Lou's own servers over HTTP: whether, on which port, and the entry of a client. Pure.

In: a `Config`. Out: a changed one, or the text for a client that takes only an address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.config.config_model import Config
from app.errors import SettingsError
from servers.contract import manifest

TOKEN_KEY = "LOU_HTTP_TOKEN"  # noqa: S105 - the name of a key
FIRST_PORT = 8765
_PORTS = range(1024, 65_536)
_SETTING = "http"


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """How one server is reached over HTTP; `port` is the one to use even while it is off."""

    server: str
    is_on: bool
    port: int

    @property
    def url(self) -> str:
        """The address for clients, on this computer only."""
        return f"http://127.0.0.1:{self.port}/mcp"


def access(config: Config, server: str) -> HttpAccess:
    """How an embedded server is reached now."""
    found = config.settings.of(server).get(_SETTING)
    names = [each.name for each in manifest.SERVERS]
    port = found.get("port") if isinstance(found, Mapping) else None
    is_port = isinstance(port, int) and not isinstance(port, bool) and port in _PORTS
    usual = FIRST_PORT + names.index(server)
    return HttpAccess(server, isinstance(found, Mapping), int(port) if is_port and port else usual)


def switched(config: Config, server: str, *, on: bool, port: int) -> Config:
    """`config` with HTTP of an embedded server switched; its entry gets the token as a key.

    Raises:
        SettingsError: the port cannot be used.
    """
    others = {each.name for each in manifest.SERVERS} - {server}
    taken = [name for name in others if (one := access(config, name)).is_on and one.port == port]
    if on and (port not in _PORTS or taken):
        why = f"{taken[0]} has it" if taken else "it must be between 1024 and 65535"
        raise SettingsError(f"Port {port} cannot be used: {why}.", "Choose another port.")
    entry = config.servers[server]
    variables = {name: text for name, text in entry.env.items() if name != TOKEN_KEY}
    own = {name: value for name, value in config.settings.of(server).items() if name != _SETTING}
    if on:
        variables[TOKEN_KEY] = f"${{keyring:{TOKEN_KEY}}}"
        own[_SETTING] = {"port": port}
    changed = config.with_server(server, replace(entry, env=variables))
    return changed.with_settings(servers={**config.settings.servers, server: own})


def client_entry(config: Config, token: str = "") -> str:
    """The servers that are on, as JSON for a client that takes addresses."""
    shown = token or "<the token>"
    entries = {
        f"lou-{each.name}": {
            "type": "http",
            "url": access(config, each.name).url,
            "headers": {"Authorization": f"Bearer {shown}"},
        }
        for each in manifest.SERVERS
        if access(config, each.name).is_on
    }
    return json.dumps({"mcpServers": entries}, indent=2)
