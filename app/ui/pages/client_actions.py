"""Actions on a client. A change of its file is shown as a diff and written when the user agrees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.clients.service import Clients
from app.clients.views import ClientView
from app.system import files, version
from app.ui.dialogs.changes import agree
from app.ui.dialogs.confirm import confirm
from app.ui.page_context import PageContext, open_url
from app.ui.translation import tr
from app.ui.widgets.file_dialog import FileDialog

_LINK_SCHEMES = ("cursor", "vscode", "vscode-insiders", "vscodium", "goose", "lmstudio", "https")


class ClientActions:
    """Starts actions; dialogs open over the window of `parent`."""

    def __init__(self, context: PageContext, parent: QWidget) -> None:
        self._context = context
        self._parent = parent

    @property
    def clients(self) -> Clients:
        return self._context.core.clients

    def connect(self, client: ClientView) -> None:
        """Write Lou's entries, after the user agreed."""
        self._context.tasks.start(self._connect(client))

    def connect_all(self, ids: Sequence[str]) -> None:
        """The same for several clients, one after the other; a view is read when its turn comes."""

        async def connect() -> None:
            for client in await self.clients.refresh(*ids):
                if client.id in ids:
                    await self._connect(client)

        self._context.tasks.start(connect())

    def disconnect(self, client: ClientView) -> None:
        """Remove Lou's entries, after the user agreed."""
        self._context.tasks.start(self._change(client, "disconnect"))

    def undo(self, client: ClientView) -> None:
        """Restore the file from before the last change, after the user agreed."""
        self._context.tasks.start(self._change(client, "undo"))

    def restore(self, client: ClientView) -> None:
        """Restore the user's own entries that the client lost."""
        self._context.tasks.start(self.clients.restore(client.id))

    def restart(self, client: ClientView) -> None:
        """Ask the client to quit, and start it again."""
        self._context.tasks.start(self.clients.connect(client.id, restart=True))

    def copy_entry(self, client: ClientView) -> None:
        QGuiApplication.clipboard().setText(self.clients.by_hand.snippet(client.id))

    def copy_commands(self, client: ClientView) -> None:
        """Copy the client's own commands to the clipboard, for a terminal."""
        lines = self.clients.by_hand.commands(client.id)
        QGuiApplication.clipboard().setText("\n".join(lines))

    def open_links(self, client: ClientView) -> None:
        for url in map(QUrl, self.clients.by_hand.links(client.id)):
            if url.scheme() in _LINK_SCHEMES:
                open_url(url)

    def save_bundle(self) -> None:
        """Ask for a folder and save a bundle for each server that is on."""
        dialog = FileDialog(self._parent, tr("Save the bundles"), self._save_bundles)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.open()

    def _save_bundles(self, folder: Path) -> None:
        async def save() -> None:
            for server in self._context.core.servers():
                if server.wanted:
                    made = self.clients.by_hand.bundle(
                        server.name, server.title, server.purpose, version.current()
                    )
                    _write(folder / f"lou-{server.name}.mcpb", made)

        self._context.tasks.start(save())

    async def _connect(self, client: ClientView) -> None:
        replaces = client.state == "foreign"
        if replaces:
            title = f"{client.name} has an entry that Lou did not write."
            text = f"{client.reason} You see the difference before anything is written."
            if not await confirm(
                self._context.theme, self._parent.window(), title, text, yes="Replace it..."
            ):
                return
        shown = await self.clients.diff(client.id, "connect")
        agreed = await agree(
            self._context.theme, self._parent.window(), client, action="connect", diff=shown
        )
        if agreed:
            await self.clients.connect(client.id, replace_foreign=replaces, restart=agreed.restart)

    async def _change(self, client: ClientView, action: str) -> None:
        diff = await self.clients.diff(client.id, action)
        agreed = await agree(
            self._context.theme, self._parent.window(), client, action=action, diff=diff
        )
        if not agreed:
            return
        if action == "undo":
            await self.clients.undo(client.id)
        else:
            await self.clients.disconnect(client.id)


def _write(path: Path, content: bytes) -> None:
    with files.export(path) as file:
        file.write(content)
