"""The ways into a client that a person takes: pasting the entry, a link, a command, a bundle."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

from app.clients import bundle, catalog, links
from app.clients.catalog import Client, Platform
from app.clients.planning.entries import entries
from app.clients.planning.plan import DesiredEntries, snippet


class ManualSetup:
    """What to hand over for each client, as the wish of the moment has it."""

    def __init__(
        self, rows: tuple[Client, ...], wish: Callable[[], DesiredEntries], platform: Platform
    ) -> None:
        self._rows = rows
        self._wish = wish
        self._platform = platform

    def snippet(self, id: str) -> str:  # noqa: A002 - the row's own word
        """The entries as the client's own file would hold them, to paste."""
        return snippet(self._row(id), self._checked())

    def links(self, id: str) -> tuple[str, ...]:  # noqa: A002 - the row's own word
        """The client's install links, one for each server; none when it has no such links."""
        row = self._row(id)
        found = (links.link(row, name, entry) for name, entry in self._entries(row))
        return tuple(filter(None, found))

    def commands(self, id: str, verb: str = "add") -> tuple[str, ...]:  # noqa: A002
        """Lines for a terminal: the client's own command to `add` or `remove` each server."""
        row = self._row(id)
        found = (links.command(row, verb, name, entry) for name, entry in self._entries(row))
        quoted = subprocess.list2cmdline if self._platform == "windows" else shlex.join
        return tuple(quoted(words) for words in found if words)

    def bundle(self, server: str, title: str, purpose: str, version: str) -> bytes:
        """An .mcpb bundle for one server."""
        return bundle.build(server, title, purpose, bridge=self._checked().bridge, version=version)

    def _row(self, id: str) -> Client:  # noqa: A002 - the row's own word
        return catalog.client(id, self._rows)

    def _entries(self, row: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        wish = self._checked()
        return entries(row, wish.servers, wish.bridge).items()

    def _checked(self) -> DesiredEntries:
        wish = self._wish()
        wish.bridge.check()
        return wish
