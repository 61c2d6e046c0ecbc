"""The selected client: state, progress of the connection, files and actions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.clients.views import ClientView, FileView
from app.ui import client_wording, wording
from app.ui.page_context import PageContext, show_in_folder
from app.ui.pages.client_actions import ClientActions
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, Strip
from app.ui.widgets.flow import bar
from app.ui.widgets.layouts import FREE, vertical
from app.ui.widgets.steps import Steps
from app.ui.widgets.text import Elided, heading, label, show_text, show_toned


class ClientDetail(QWidget):
    """Shows the client given to `show_client`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._actions = ClientActions(context, self)
        self._client: ClientView | None = None
        theme = context.theme
        self._title = heading("", "title")
        self._state = label()
        self._sentence = label(wrap=True)
        self._strip = Strip(theme)
        self._lost = Strip(theme)
        self._steps = Steps(theme, "The connection")
        self._progress = label(tone="soft", wrap=True, name="progress")
        why = self._do(lambda client: context.go(f"doctor {client.id}"))
        self._why = Button(theme, "Why does it not see Lou?", why, icon="doctor", kind="quiet")
        self._files = vertical()
        self._notes = label(tone="soft", wrap=True)
        self._connect = Button(theme, "Connect...", self._do(self._actions.connect), kind="main")
        self._disconnect = Button(theme, "Disconnect...", self._do(self._actions.disconnect))
        self._undo = Button(theme, "Undo...", self._do(self._actions.undo), icon="undo")
        self._restart = Button(theme, "Restart it", self._do(self._actions.restart), icon="restart")
        self._copy = Button(
            theme, "Copy the entry", self._do(self._actions.copy_entry), icon="copy", kind="quiet"
        )
        self._link = Button(
            theme, "Install link", self._do(self._actions.open_links), icon="open", kind="quiet"
        )
        self._command = Button(
            theme, "Copy its command", self._do(self._actions.copy_commands), icon="copy",
            kind="quiet",
        )  # fmt: skip
        self._bundle = Button(
            theme, "Save a bundle...", self._actions.save_bundle, icon="save", kind="quiet"
        )
        self._lay_out()

    def _lay_out(self) -> None:
        changes = bar(self._connect, self._restart, self._disconnect, self._undo)
        how_far = heading("How far it is", "strong")
        proof = Card(how_far, self._steps, self._progress, bar(self._why))
        by_hand = bar(self._copy, self._command, self._link, self._bundle)
        state = (bar(self._title, self._state), self._sentence, self._strip, self._lost, changes)
        column = (*state, proof, Card(self._files, by_hand), self._notes, FREE)
        self.setLayout(vertical(*column, margins=(20, 4, 0, 20), spacing=12))

    def show_client(self, client: ClientView) -> None:
        if client == self._client:
            return
        self._client = client
        state_text = client_wording.state_text(client)
        self._title.setText(client.name)
        show_toned(self._state, state_text.words, state_text.tone)
        self._sentence.setText(client_wording.sentence(client))
        self._show_strips(client)
        self._show_buttons(client)
        self._steps.show_steps([(step.title, _when(step.at)) for step in client.proof])
        progress = client_wording.progress(client)
        show_text(self._progress, "\n".join(progress))
        self._why.setVisible(client.installed or client.wanted)
        self._show_files(client.files)
        is_said = client.reload_words.rstrip(".") in client.advice or not client.wanted
        reload = "" if is_said else client.reload_words
        notes = [*client_wording.abilities(client), reload, client.note]
        if client.list_changed is False:
            notes.append("Switched tools show there after its restart.")
        self._notes.setText(" ".join(part for part in notes if part))

    def _show_strips(self, client: ClientView) -> None:
        is_trouble = bool(client.reason) and not client.missing
        self._strip.setVisible(is_trouble)
        if is_trouble:
            self._strip.show_message(
                client.reason,
                client_wording.hint(client),
                tone="bad" if client.state == "unreadable" else "warn",
                button="Show the file" if client_wording.is_broken(client) else "",
                on_click=self._do(_show_broken_file),
            )
        self._lost.setVisible(bool(client.lost))
        if client.lost:
            names = ", ".join(client.lost)
            others = wording.counted(len(client.lost), "other entry", "other entries")
            title = f"{client.name} lost {others}."
            self._lost.show_message(
                title,
                f"Lou has them in its last good copy: {names}.",
                button="Put them back",
                on_click=self._do(self._actions.restore),
            )

    def _show_buttons(self, client: ClientView) -> None:
        can_connect = client_wording.can_connect(client)
        self._connect.setVisible(can_connect)
        self._connect.setText(client_wording.verb(client))
        self._restart.setVisible(client.needs_restart and client.running and client.can_quit)
        self._restart.setText(f"Restart {client.name}")
        self._disconnect.setVisible(client.wanted or client.state in ("connected", "outdated"))
        self._undo.setVisible(client.can_undo)
        self._link.setVisible(client.has_link)
        self._command.setVisible(client.has_command)
        self._bundle.setVisible(client.has_bundle)

    def _show_files(self, files: tuple[FileView, ...]) -> None:
        while self._files.count():
            item = self._files.takeAt(0)
            widget = item.widget() if item else None
            if widget:
                widget.deleteLater()
        self._files.addWidget(heading("Its file" if len(files) < 2 else "Its files", "strong"))
        for file in files:
            self._files.addWidget(Elided(file.path, middle=True))
            self._files.addWidget(label(_file_text(file), tone="soft", wrap=True))
        if not files:
            self._files.addWidget(label("It has none that Lou may edit.", tone="soft"))

    def _do(self, action: Callable[[ClientView], None]) -> Callable[[], None]:
        def act() -> None:
            if self._client:
                action(self._client)

        return act


def _show_broken_file(client: ClientView) -> None:
    for file in client.files[:1]:
        show_in_folder(Path(file.path))


def _file_text(file: FileView) -> str:
    if not file.exists:
        return "It does not exist yet; Lou would make it."
    place = f" (line {file.line}, column {file.column})" if file.line else ""
    entries = ", ".join(file.entries)
    text = f"Lou's entries: {entries}." if entries else f"No entry of Lou's.{place}"
    off = (
        f" Switched off by the client: {', '.join(file.switched_off)}." if file.switched_off else ""
    )
    kept = f" {wording.counted(file.backups, 'copy', 'copies')} kept." if file.backups else ""
    return text + off + kept


def _when(at: float) -> str:
    return wording.moment(at, time.time()) if at else ""
