"""The dialog that brings servers over from the clients on this computer.

In: what the clients have in their files. Out: servers in config.json, their secrets in the keyring.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PySide6.QtWidgets import QCheckBox, QWidget

from app.clients.files.locations import Places
from app.clients.imports import client_source, foreign_servers, server_import
from app.clients.imports.server_import import ServerImport
from app.core import Core
from app.errors import AppError
from app.ui.dialogs.confirm import FittedDialog, result_of
from app.ui.page_context import PageContext
from app.ui.theme import Theme
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, Scrolled
from app.ui.widgets.layouts import holder, vertical
from app.ui.widgets.text import Elided, heading, label
from app.ui.wording import counted

_WARNING = (
    "Each runs as you, with all that you may read and write. Secrets in the file move into your "
    "keyring. The client's own file stays as it is: take its entries out there once all works here."
)
_HIGHEST = 420
_OURS = "It is Lou's own entry."


@dataclass(frozen=True, slots=True)
class FoundServer:
    """One server of a client: the text to import, and what that would add."""

    client: str
    client_name: str
    name: str
    text: str
    plan: ServerImport

    @property
    def refusal(self) -> str:
        """Why it cannot be brought over; empty when it can."""
        return next(iter(self.plan.skipped.values()), "") if not self.plan.entries else ""


async def found_servers(core: Core) -> list[FoundServer]:
    """The servers of all clients here, except Lou's own entries."""
    found: list[FoundServer] = []
    for source in await asyncio.to_thread(client_source.sources, Places.here()):
        for server in source.servers:
            text = foreign_servers.as_text([server])
            try:
                plan = await core.plan_import(text)
            except AppError:
                continue
            one = FoundServer(source.id, source.name, server.name, text, plan)
            if one.refusal != _OURS:
                found.append(one)
    return found


class TakeoverDialog(FittedDialog):
    """A tick for each server, by client; those that cannot be brought over say why."""

    def __init__(
        self, theme: Theme, parent: QWidget | None, found: Sequence[FoundServer], client: str
    ) -> None:
        super().__init__(parent, "Bring servers over")
        self._ticks: list[tuple[QCheckBox, FoundServer]] = []
        self._begin = Button(theme, "Bring over", self.accept, kind="main")
        rows = vertical(spacing=8)
        for name, servers in groupby(found, key=lambda server: server.client_name):
            rows.addWidget(heading(name, "strong"))
            card = Card()
            for server in servers:
                self._add(card, server, is_wanted=client in ("", server.client))
            rows.addWidget(card)
        title = heading("Bring servers over")
        warning = label(_WARNING, tone="soft", wrap=True)
        servers_part = Scrolled(holder(rows), most=_HIGHEST)
        buttons = (Button(theme, "Cancel", self.reject), self._begin)
        self.lay_out(title, warning, servers_part, buttons=buttons, grows=servers_part)
        self.resize(600, 520)
        self._show_button()

    def chosen(self) -> list[FoundServer]:
        return [server for tick, server in self._ticks if tick.isChecked()]

    def _add(self, card: Card, server: FoundServer, *, is_wanted: bool) -> None:
        tick = QCheckBox(server.name)
        tick.setEnabled(not server.refusal)
        tick.setChecked(is_wanted and not server.refusal)
        tick.toggled.connect(lambda _on: self._show_button())
        card.inside.addWidget(tick)
        for described in server_import.preview(server.plan):
            command = Elided(" ".join(described["command"]), tone="soft")
            card.inside.addWidget(command)
        notes = [*_notes(server.plan), server.refusal]
        text = " ".join(note for note in notes if note)
        if text:
            card.inside.addWidget(label(text, tone="soft", wrap=True))
        self._ticks.append((tick, server))

    def _show_button(self) -> None:
        count = len(self.chosen())
        self._begin.setEnabled(count > 0)
        self._begin.setText(f"Bring {counted(count, 'server')} over" if count else "Bring over")


def _notes(plan: ServerImport) -> list[str]:
    moved = [f"Moves into the keyring: {', '.join(plan.secrets)}."] if plan.secrets else []
    return [*moved, *(note for notes in plan.notes.values() for note in notes)]


async def take_over(context: PageContext, parent: QWidget | None, client: str = "") -> None:
    """Show what the clients have, add what the user chooses, and offer to undo it."""
    found = await found_servers(context.core)
    if not any(not server.refusal for server in found):
        why = "No client on this computer has a server that Lou does not have yet."
        raise AppError(why, "Add one by hand, or paste a configuration.", code="nothing_found")
    dialog = TakeoverDialog(context.theme, parent, found, client)
    chosen = await result_of(dialog, dialog.chosen)
    if not chosen:
        return
    added: list[str] = []
    keys: list[str] = []
    try:
        for server in chosen:
            done = await context.core.import_servers(server.text)
            added += done.entries
            keys += done.secrets
    finally:
        if added:
            _announce(context, added, keys)


def _announce(context: PageContext, added: list[str], keys: list[str]) -> None:
    async def undo() -> None:
        for name in added:
            await context.core.remove_server(name)
        for key in keys:
            await context.core.unset_key(key)

    context.go(f"servers {added[0]}")
    title = f"{counted(len(added), 'server')} brought over."
    context.offer(title, "", "Undo", lambda: context.tasks.start(undo()))
