"""What Lou writes into a client's file, and how it recognises its own entries.

An entry names the bridge, a server and the client, since not every client says in its handshake who
it is: no key, no token, no port. It is Lou's when Lou wrote its launch: the command, the arguments
and the names of the variables. Anything else in an entry, such as a switch or a permission, belongs
to the client and survives a repair.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.clients.catalog import Client
from app.errors import ClientConfigError
from servers.contract import endpoint
from servers.contract.greeting import light_sha256

_PREFIX = "lou-"
_HALF = re.compile(r"[\ud800-\udfff]")
_ODD = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Bridge:
    """How a client starts the bridge; `home` is LOU_HOME when Lou itself runs with one."""

    command: str
    home: str = ""
    is_missing: bool = False
    arguments: tuple[str, ...] = ()
    """What stands before the server's name: on Windows the script that Python runs."""

    def check(self) -> None:
        """Raise ClientConfigError if it is missing, or its path is not valid text."""
        if _HALF.search("".join((self.command, self.home, *self.arguments))):
            raise ClientConfigError(
                "The path of Lou holds bytes that are no characters, so no file can name it.",
                "Move Lou, and its home, to folders with ordinary names.",
                code="no_bridge",
            )
        if self.is_missing:
            raise ClientConfigError(
                f"The bridge is missing: {self.command}.", "Install Lou again.", code="no_bridge"
            )

    def words(self, server: str) -> tuple[str, ...]:
        return (*self.arguments, server)


def installed_bridge() -> Bridge:
    if sys.platform == "win32":
        return windows_bridge(Path(sys.executable), _base_python(), endpoint.home())
    beside = Path(sys.executable).with_name("lou-connect")
    found = str(beside) if beside.is_file() else shutil.which(beside.name)
    return Bridge(str(Path(found or beside).absolute()), endpoint.home(), is_missing=not found)


def _base_python() -> Path:
    """The Python that this one's environment was made with; itself, if it is no environment."""
    base = Path(getattr(sys, "_base_executable", sys.executable))  # of the Store, an alias
    is_environment = sys.prefix != sys.base_prefix
    if is_environment and base.is_relative_to(sys.prefix):
        return Path(sys.base_prefix, "python.exe")
    return base


def windows_bridge(executable: Path, base: Path, home: str) -> Bridge:
    """The bridge on Windows, where `base` is the Python that `executable` of an environment starts.

    The setup program brings a launcher. pip and pipx cannot: their launchers, and the python.exe of
    an environment, start a second process, which would take twice the time and could be left over.
    """
    launcher = executable.with_name("lou-connect.exe")
    if launcher.is_file():
        return Bridge(str(launcher), home)
    python = base.with_name("python.exe")  # a pythonw.exe may run the tray
    script = Path(endpoint.__file__).absolute().parents[1] / "bridge" / "__main__.py"
    is_missing = not (python.is_file() and script.is_file())
    return Bridge(str(python), home, is_missing, ("-I", "-S", "-E", str(script)))


def entry_name(client: Client, server: str) -> str:
    """The name of `server`'s entry: `lou-` and the server's name, if the client accepts that.

    A shortened name ends in a tag of the full name, so that no two servers share one.
    """
    name = _PREFIX + server
    if len(name) <= client.name_limit and client.name_pattern.fullmatch(name):
        return name
    tag = f"-{zlib.crc32(server.encode()) & 0xFFFF:04x}"
    cleaned = _ODD.sub("-", name).strip("-")
    return cleaned[: client.name_limit - len(tag)].rstrip("-") + tag


def entries(client: Client, servers: Sequence[str], bridge: Bridge) -> dict[str, dict[str, Any]]:
    """The entry of each server by its name, in the order of `servers`."""
    return {
        (name := entry_name(client, server)): _entry(client, name, server, bridge)
        for server in servers
    }


def launch(client: Client, entry: Any) -> str:
    """A digest of the command that the entry runs; equal for equal commands."""
    if not isinstance(entry, Mapping):
        return ""
    known = {key: entry.get(key) for key in _launch_keys(client)}
    names = entry.get(client.env_key)
    environment = sorted(names.items()) if isinstance(names, Mapping) else []
    text = json.dumps([known, environment], sort_keys=True, default=str)
    return str(light_sha256()(text.encode("utf-8", "backslashreplace")).hexdigest()[:32])


def repaired(client: Client, found: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """`wanted`, with what the client or the user added to the entry that was `found`."""
    if not isinstance(found, Mapping):
        return dict(wanted)
    keys = {*_launch_keys(client), client.env_key}
    kept = {key: value for key, value in found.items() if key not in keys}
    return {**wanted, **kept}


def switched_off(client: Client, entry: Any) -> bool:
    if not client.off_key or not isinstance(entry, Mapping):
        return False
    default = client.off_key == "enabled"
    return bool(entry.get(client.off_key, default)) is not default


def _entry(client: Client, name: str, server: str, bridge: Bridge) -> dict[str, Any]:
    words = {"<command>": bridge.command, "<name>": name}
    entry: dict[str, Any] = _filled(client.entry, words, (*bridge.words(server), client.id))
    if bridge.home:
        entry[client.env_key] = {**entry.get(client.env_key, {}), "LOU_HOME": bridge.home}
    return entry


def _filled(value: Any, words: Mapping[str, str], arguments: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return words.get(value, value)
    if isinstance(value, Mapping):
        return {key: _filled(each, words, arguments) for key, each in value.items()}
    if isinstance(value, list):
        spread = (arguments if each == "<server>" else (each,) for each in value)
        return [_filled(each, words, ()) for group in spread for each in group]
    return value


def _launch_keys(client: Client) -> tuple[str, ...]:
    return tuple(
        key
        for key, value in client.entry.items()
        if isinstance(value, (str, list)) and ("<command>" in value or "<server>" in value)
    )
