"""The clients that Lou knows, as rows: where each keeps its servers and how it behaves.

`resources/clients.json` holds the rows. In their texts `<command>` stands for the bridge,
`<server>` for its arguments, `<name>` for the name of the entry, `<entry>` for the entry as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from app.errors import ClientConfigError, did_you_mean
from app.formats.spans import Layout
from app.system import paths

Platform = Literal["linux", "macos", "windows"]
Words = Mapping[str, tuple[str, ...]]
"""Texts by platform."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How a running client is recognised: its process name, and a text in its path or arguments."""

    name: str
    has: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """One client: a row of `resources/clients.json`."""

    id: str
    name: str
    tier: int
    evidence: str
    layout: Layout
    files: Words
    detect: Words
    commands: tuple[str, ...]
    pick: Literal["first", "every"]
    """Of several candidate files: only the first that exists, or every one."""
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
    """Its names in the MCP handshake."""
    limits: Mapping[str, int] = field(default_factory=dict)
    rewrites: bool = False
    """It reads its file at start and overwrites the whole file while it runs."""
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
        """Whether it has a file that Lou can edit."""
        return self.layout.format != "paste"

    def calls_itself(self, name: str) -> bool:
        """Whether `name`, from a handshake, is this client."""
        return name.casefold() in {known.casefold() for known in self.handshake}


@cache
def clients() -> tuple[Client, ...]:
    """Every client, the most important first."""
    return load(paths.resource("clients.json"))


def load(path: Path) -> tuple[Client, ...]:
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [_client(row) for row in found["clients"]]
    return tuple(sorted(rows, key=lambda row: row.tier))


def client(id: str, rows: tuple[Client, ...] | None = None) -> Client:
    """The client with this id; raises ClientConfigError when there is none."""
    known = clients() if rows is None else rows
    for row in known:
        if row.id == id:
            return row
    ids = [row.id for row in known]
    raise ClientConfigError(
        f"No client is called {id!r:.60}.",
        did_you_mean(id, ids) or f"Known are: {', '.join(ids)}.",
        code="unknown_client",
    )


_AS_THEY_ARE = (
    "id", "name", "tier", "evidence", "pick", "entry", "env_key", "name_limit", "reload",
    "reload_words", "list_changed",
)  # fmt: skip
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
