"""The clients Lou knows, as rows: where each keeps its servers and what it does with them.

`resources/clients.json` holds the rows. In its texts `<command>` is the bridge, `<server>` the
server it opens, `<name>` the name of the entry, `<entry>` the entry as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from app.errors import ClientConfigError
from app.formats.spans import Layout
from app.system import paths

Platform = Literal["linux", "macos", "windows"]
Words = Mapping[str, tuple[str, ...]]
"""Platform to texts."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How a running client is recognised: its process name, and text its path or words hold."""

    name: str
    has: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """One row."""

    id: str
    name: str
    tier: int
    evidence: str
    layout: Layout
    files: Words
    detect: Words
    commands: tuple[str, ...]
    pick: Literal["first", "every"]
    """Of several candidate files, the one in use, or each one that applies."""
    entry: Mapping[str, Any]
    env_key: str
    name_pattern: re.Pattern[str]
    name_limit: int
    reload: Literal["restart", "session", "save", "refresh"]
    """What makes the client read a new entry."""
    reload_words: str
    list_changed: bool | None
    """Whether it honours notifications/tools/list_changed; None when nobody knows."""
    handshake: tuple[str, ...]
    """What it calls itself in the MCP handshake."""
    limits: Mapping[str, int] = field(default_factory=dict)
    rewrites: bool = False
    """It caches its file at start and writes the whole of it back while it runs."""
    bundle: bool = False
    off_key: str = ""
    processes: Mapping[str, tuple[Trace, ...]] = field(default_factory=dict)
    quit: Words = field(default_factory=dict)
    open: Words = field(default_factory=dict)
    cli: Words = field(default_factory=dict)
    link: str = ""
    note: str = ""

    @property
    def has_file(self) -> bool:
        """Whether it keeps a file that others may edit."""
        return self.layout.format != "paste"

    def calls_itself(self, name: str) -> bool:
        """Whether `name` of a handshake means this client."""
        return name.casefold() in {known.casefold() for known in self.handshake}


@cache
def clients() -> tuple[Client, ...]:
    """Every row, most important first."""
    return load(paths.resource("clients.json"))


def load(path: Path) -> tuple[Client, ...]:
    """The rows in the file at `path`."""
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [_client(row) for row in found["clients"]]
    return tuple(sorted(rows, key=lambda row: row.tier))


def client(id: str, rows: tuple[Client, ...] | None = None) -> Client:  # noqa: A002 - the row's own word
    """The row called `id`.

    Raises:
        ClientConfigError: there is none.
    """
    known = clients() if rows is None else rows
    for row in known:
        if row.id == id:
            return row
    raise ClientConfigError(
        f"No client is called {id!r:.60}.",
        f"Known are: {', '.join(row.id for row in known)}.",
        code="unknown_client",
    )


_AS_THEY_ARE = (
    "id",
    "name",
    "tier",
    "evidence",
    "pick",
    "entry",
    "env_key",
    "name_limit",
    "reload",
    "reload_words",
    "list_changed",
)
_OPTIONAL = ("limits", "rewrites", "bundle", "off_key", "link", "note")


def _client(row: Mapping[str, Any]) -> Client:
    return Client(
        **{key: row[key] for key in _AS_THEY_ARE},
        **{key: row[key] for key in _OPTIONAL if key in row},
        layout=Layout(
            row["format"],
            tuple(row.get("root", ("mcpServers",))),
            row["shape"] == "list",
            row["bom"],
        ),
        files=_words(row, "files"),
        detect=_words(row, "detect"),
        commands=tuple(row.get("commands", ())),
        name_pattern=re.compile(row["name_pattern"]),
        handshake=tuple(row["handshake"]),
        processes={
            platform: tuple(Trace(**trace) for trace in traces)
            for platform, traces in row.get("processes", {}).items()
        },
        quit=_words(row, "quit"),
        open=_words(row, "open"),
        cli=_words(row, "cli"),
    )


def _words(row: Mapping[str, Any], key: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(texts) for name, texts in row.get(key, {}).items()}
