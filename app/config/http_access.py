"""Lou's own servers over HTTP: whether, on which port, and the entry of a client. Pure.

In: a `Config`. Out: a changed one, or the text for a client that takes only an address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.config.config_model import Config
from app.errors import SettingsError
from servers.contract import manifest
from servers.contract.server_settings import (
    EVERY,
    HTTP_TOKEN_KEY,
    SettingValueError,
    value_of,
    wants_http,
)

FIRST_PORT = 8765
_PORTS = range(1024, 65_536)
_SETTING = "http"


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """How one server is reached over HTTP; `port` is the one to use even while it is off."""

    server: str
    is_on: bool
    port: int
    origins: tuple[str, ...] = ()
    """Of the web pages and apps that may use it with the token, besides its own."""

    @property
    def url(self) -> str:
        """The address for clients, on this computer only."""
        return f"http://127.0.0.1:{self.port}/mcp"


def access(config: Config, server: str) -> HttpAccess:
    """How an embedded server is reached now."""
    found = config.settings.of(server).get(_SETTING)
    names = [each.name for each in manifest.SERVERS]
    port = found.get("port") if isinstance(found, Mapping) else None
    if not isinstance(port, int) or port not in _PORTS:
        port = FIRST_PORT + names.index(server)
    try:
        origins = value_of(EVERY["http.allowed_origins"], config.settings.of(server))
    except SettingValueError:
        origins = ()
    is_on = wants_http(config.settings.of(server))
    return HttpAccess(server, is_on, port, origins)


def origin_of(text: str) -> str:
    """The origin that a browser sends for a page at `text`; raises SettingsError for no address."""
    found = _ADDRESS.match(text.strip().lower())
    if found is None or "*" in found["host"]:
        shown = json.dumps(text[:60], ensure_ascii=False)
        raise SettingsError(f"{shown} is no origin.", "Write one like https://app.example.")
    scheme, host, port = found["scheme"], found["host"], found["port"] or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise SettingsError(f"{host} is no name of a host.", "Check it.") from None
    return f"{scheme}://{host}" + (f":{port}" if port not in {"", _USUAL.get(scheme)} else "")


_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:,;]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:[/?#]\S*)?\Z"
)
_USUAL = {"http": "80", "https": "443"}


def with_origins(config: Config, server: str, texts: Sequence[str]) -> Config:
    """`config` with the origins that may use HTTP of a server; raises as `origin_of` does."""
    origins = list(dict.fromkeys(map(origin_of, texts)))
    found = config.settings.of(server).get(_SETTING)
    kept = dict(found) if isinstance(found, Mapping) else {"enabled": False}
    return _with_http(config, server, {**kept, "allowed_origins": origins})


def switched(config: Config, server: str, *, on: bool, port: int) -> Config:
    """`config` with HTTP of an embedded server switched; its entry gets the token as a key.

    Allowed origins stay for when it is switched on again.

    Raises:
        SettingsError: the port cannot be used.
    """
    others = {each.name for each in manifest.SERVERS} - {server}
    taken = [name for name in others if (one := access(config, name)).is_on and one.port == port]
    if on and (port not in _PORTS or taken):
        why = f"{taken[0]} has it" if taken else "it must be between 1024 and 65535"
        raise SettingsError(f"Port {port} cannot be used: {why}.", "Choose another port.")
    entry = config.servers[server]
    variables = {name: text for name, text in entry.env.items() if name != HTTP_TOKEN_KEY}
    found = config.settings.of(server).get(_SETTING)
    http = dict(found) if isinstance(found, Mapping) else {}
    http.pop("enabled", None)
    if on:
        variables[HTTP_TOKEN_KEY] = f"${{keyring:{HTTP_TOKEN_KEY}}}"
        http["port"] = port
    elif http.get("allowed_origins"):
        http["enabled"] = False
    else:
        http = {}
    return _with_http(config.with_server(server, replace(entry, env=variables)), server, http)


def _with_http(config: Config, server: str, http: Mapping[str, Any]) -> Config:
    own = {name: value for name, value in config.settings.of(server).items() if name != _SETTING}
    own |= {_SETTING: dict(http)} if http else {}
    return config.with_settings(servers={**config.settings.servers, server: own})


def client_entry(config: Config, token: str = "") -> str:
    """The servers that are on, as JSON for a client that takes addresses."""
    shown = token or "<the token>"
    entries = {
        f"lou-{each.server}": {
            "type": "http",
            "url": each.url,
            "headers": {"Authorization": f"Bearer {shown}"},
        }
        for each in (access(config, known.name) for known in manifest.SERVERS)
        if each.is_on
    }
    return json.dumps({"mcpServers": entries}, indent=2)
