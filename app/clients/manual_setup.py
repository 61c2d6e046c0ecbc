"""The ways into a client that a person takes: pasting the entry, a link, a command, a bundle.

In: a client's row and the desired entries. Out: text to paste, links, command lines, and the bytes
of an .mcpb bundle. None of them reports back: Lou reads from the client's file that the entry
arrived, or sees the client open its first session.
"""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from app.clients import catalog
from app.clients.catalog import Client, Platform
from app.clients.planning.entries import Bridge, entries
from app.clients.planning.plan import DesiredEntries, snippet
from app.errors import ClientConfigError

_SAFE_NAME = re.compile(r"[\w\-. ]+")
_PLACEHOLDER = re.compile(r"<([a-z-]+):(url|base64)>")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_README = "README.md"


class ManualSetup:
    """Makes what a person needs for each client, for the servers that are switched on now."""

    def __init__(
        self, rows: tuple[Client, ...], desired: Callable[[], DesiredEntries], platform: Platform
    ) -> None:
        self._rows = rows
        self._desired = desired
        self._platform = platform

    def snippet(self, id: str) -> str:
        """The entries in the format of the client's file, to paste."""
        return snippet(self._row(id), self._checked())

    def links(self, id: str) -> tuple[str, ...]:
        """The client's install links, one for each server; none when it has no such links."""
        row = self._row(id)
        found = (install_link(row, name, entry) for name, entry in self._entries(row))
        return tuple(filter(None, found))

    def commands(self, id: str, verb: str = "add") -> tuple[str, ...]:
        """Lines for a terminal: the client's own command to `add` or `remove` each server."""
        row = self._row(id)
        found = (client_command(row, verb, name, entry) for name, entry in self._entries(row))
        quoted = subprocess.list2cmdline if self._platform == "windows" else shlex.join
        return tuple(quoted(words) for words in found if words)

    def bundle(self, server: str, title: str, purpose: str, version: str) -> bytes:
        return build_bundle(server, title, purpose, bridge=self._checked().bridge, version=version)

    def _row(self, id: str) -> Client:
        return catalog.client(id, self._rows)

    def _entries(self, row: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        desired = self._checked()
        return entries(row, desired.servers, desired.bridge).items()

    def _checked(self) -> DesiredEntries:
        desired = self._desired()
        desired.bridge.check()
        return desired


def install_link(client: Client, name: str, entry: Mapping[str, Any]) -> str:
    """The link that makes the client offer to add the entry; empty when it has none."""
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


def client_command(
    client: Client, verb: str, name: str, entry: Mapping[str, Any]
) -> tuple[str, ...]:
    """The client's own command for `add` or `remove`; empty when it has none for this entry."""
    _check_name(name)
    pattern = client.cli.get(verb, ())
    whole = {"<entry>", "<named-entry>"} & {*pattern}
    if verb == "add" and client.env_key in entry and not whole:
        return ()
    launch, *words = _launch(entry)
    filled = {
        "<name>": (name,),
        "<entry>": (json.dumps(entry, ensure_ascii=False),),
        "<named-entry>": (json.dumps({"name": name, **entry}, ensure_ascii=False),),
        "<command>": (launch,),
        "<server>": words,
    }
    return tuple(each for word in pattern for each in filled.get(word, (word,)))


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


def bundle_manifest(server: str, title: str, purpose: str, *, bridge: Bridge, version: str) -> str:
    """The manifest as JSON, in version 0.3: the newest that every Claude Desktop in use accepts."""
    environment = {"LOU_HOME": bridge.home} if bridge.home else {}
    found: Mapping[str, Any] = {
        "manifest_version": "0.3",
        "name": f"lou-{server}",
        "display_name": f"Lou: {title}",
        "version": version,
        "description": purpose or f"The server {server} of Lou.",
        "author": {"name": "Lou"},
        "server": {
            "type": "binary",
            "entry_point": _README,
            "mcp_config": {
                "command": bridge.command,
                "args": list(bridge.words(server)),
                "env": environment,
            },
        },
        "tools_generated": True,
        "compatibility": {"platforms": ["darwin", "win32", "linux"]},
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def build_bundle(server: str, title: str, purpose: str, *, bridge: Bridge, version: str) -> bytes:
    """The bytes of an .mcpb bundle for one server.

    It holds no program and no secret, only a manifest that names the installed bridge. The same
    content always gives the same bytes.
    """
    text = bundle_manifest(server, title, purpose, bridge=bridge, version=version)
    readme = f"Connects Claude Desktop to the server {server} of Lou on this computer.\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in (("manifest.json", text), (_README, readme)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, content)
    return packed.getvalue()
