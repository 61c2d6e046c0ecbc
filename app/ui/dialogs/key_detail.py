"""The selected key in the key dialog: its purpose, and buttons to set, test or remove it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QFileDialog, QWidget

from app.errors import VaultError
from app.keys.service import LARGEST_FILE
from app.ui import wording
from app.ui.dialogs.confirm import confirm
from app.ui.models.lists import state_of
from app.ui.page_context import PageContext, open_url
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.file_dialog import FileDialog
from app.ui.widgets.layouts import FREE, horizontal, vertical
from app.ui.widgets.secret import SecretEntry
from app.ui.widgets.text import heading, label, show_toned
from app.views import KeyView
from servers.contract import key_text
from servers.contract.key_text import NotAKeyError

_TONES = {
    "accepted": "good",
    "rejected": "bad",
    "missing": "warn",
    "unreachable": "warn",
    "unknown": "soft",
}
_REPLACING = {
    "ENCRYPTION_KEY": "The tracker seals with the new one from now on. The present one stays "
    "behind it, and still opens what it has sealed. A recovery key saved before does not hold "
    "the new one: save another.",
}
_LOSING = {
    "ENCRYPTION_KEY": "Without it nobody can ever read again what the tracker has sealed with it. "
    "Save a recovery key first: with that everything can be opened again.",
}


class KeyDetail(QWidget):
    """Shows the key given to `show_key`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._key: KeyView | None = None
        theme = context.theme
        self._title = heading("", wrap=True)
        self._state = label(tone="soft")
        self._purpose = label(wrap=True)
        self._used_by = label(tone="soft", wrap=True)
        self._get = Button(theme, "Get a key", self._open_page, icon="open", kind="quiet")
        self._entry = SecretEntry(theme, "The key")
        self._entry.changed.connect(self._show_buttons)
        self._entry.entered.connect(self._save_clicked)
        self._entry.refused.connect(
            lambda: self._show_verdict("That is too long to be a key.", "bad")
        )
        self._file = Button(theme, "From a file...", self._choose_file, icon="folder")
        self._save = Button(theme, "Save", self._save_clicked, kind="main")
        self._export = Button(theme, "Save a recovery key...", self._choose_place, icon="save")
        self._test = Button(theme, "Test", self._test_clicked, icon="check")
        self._remove = Button(theme, "Remove", self._remove_clicked, icon="trash", kind="danger")
        self._verdict = label(wrap=True, selectable=True, name="verdict")
        self._usable = True
        self._busy = False
        self._testing: asyncio.Task[None] | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        words = (self._title, self._state, self._purpose, self._used_by)
        get = horizontal(self._get, FREE)
        changes = (self._save, self._test, self._file, self._export)
        buttons = horizontal(*changes, FREE, self._remove, spacing=8)
        parts = (*words, get, 6, self._entry, buttons, self._verdict, FREE)
        self.setLayout(vertical(*parts, margins=(20, 2, 0, 4), spacing=8))

    def set_usable(self, usable: bool) -> None:
        """Enable the buttons when the vault can be read and written."""
        self._usable = usable
        self._show_buttons()

    def show_key(self, key: KeyView) -> None:
        """Show `key`; text typed for another key is cleared."""
        if self._key is None or self._key.name != key.name:
            self._entry.clear()
            self._verdict.setText("")
        self._key = key
        self._title.setText(key.title)
        since = f", {wording.ago(key.changed_at, time.time())}" if key.changed_at else ""
        show_toned(
            self._state,
            state_of(key) + (since if key.is_set else ""),
            "good" if key.is_set else "soft",
        )
        self._purpose.setText(key.purpose)
        used_by = ", ".join(server.capitalize() for server in key.servers)
        self._used_by.setText(f"Used by {used_by} as {key.name}." if used_by else key.name)
        self._get.setVisible(key.url.startswith("https://"))
        self._get.setToolTip(key.url)
        hint = "Paste a new key" if key.is_set else "Paste the key"
        self._entry.setPlaceholderText(tr(hint))
        self._file.setVisible(key.name == "FIREBASE_CREDENTIALS")
        self._show_buttons()

    def forget(self) -> None:
        """Clear the text that was typed and not saved."""
        self._entry.clear()

    def focus_entry(self) -> None:
        self._entry.setFocus()

    def _show_buttons(self) -> None:
        key = self._key
        if key is None:
            return
        free = self._usable and not self._busy
        has_text = self._entry.has_text()
        self._entry.setEnabled(free)
        self._file.setEnabled(free)
        self._export.setVisible(key.generated and key.is_set)
        self._export.setEnabled(free)
        self._save.setEnabled(free and has_text)
        self._save.setText("Replace" if key.is_set else "Save")
        self._test.setVisible(key.can_be_tested)
        self._test.setText("Stop" if self._testing else "Test")
        can_test = free and (has_text or key.is_set)
        self._test.setEnabled(can_test or self._testing is not None)
        self._remove.setVisible(key.is_set)
        self._remove.setEnabled(free)

    def _save_clicked(self) -> None:
        if self._key and self._save.isEnabled():
            self._work(self._do_replace(self._key, self._entry.peek()), "Saving...")

    async def _do_replace(self, key: KeyView, value: str) -> None:
        loss = _REPLACING.get(key.name, "") if key.is_set else ""
        title = f"Replace the key for {key.title}?"
        if loss and not await confirm(
            self._context.theme, self.window(), title, loss, yes="Replace"
        ):
            self._show_verdict("It is as it was.", "soft")
            return
        await self._do_save(key.name, value)

    async def _do_save(self, name: str, value: str) -> None:
        mended = await self._context.core.set_key(name, value)
        self._entry.forget(value)
        self._show_verdict(" ".join(["Saved. Servers that use it have it now.", *mended]), "good")

    def _test_clicked(self) -> None:
        if self._testing:
            self._testing.cancel()
        elif self._key:
            value = self._entry.peek() or None
            self._testing = self._work(
                self._do_test(self._key.name, value), "Asking the provider..."
            )
            self._show_buttons()

    async def _do_test(self, name: str, value: str | None) -> None:
        verdict = await self._context.core.test_key(name, value)
        self._show_verdict(verdict.message, _TONES.get(verdict.verdict, "soft"))

    def _remove_clicked(self) -> None:
        if self._key:
            self._context.tasks.start(self._do_remove(self._key))

    async def _do_remove(self, key: KeyView) -> None:
        loss = _LOSING.get(key.name, "What needs it stops working until it is set again.")
        title = f"Remove the key for {key.title}?"
        if await confirm(self._context.theme, self.window(), title, loss, yes="Remove"):
            await self._context.core.unset_key(key.name)
            self._show_verdict("Removed.", "soft")

    def _choose_place(self) -> None:
        title, name = tr("Save a recovery key"), "lou-recovery-key.txt"
        dialog = FileDialog(self, title, self._export_to, name=name, saves=True)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.open()

    def _export_to(self, path: Path) -> None:
        if self._key:
            self._work(self._do_export(self._key.name, path), "Saving...")

    async def _do_export(self, name: str, path: Path) -> None:
        await self._context.core.export_key(name, path)
        self._show_verdict(f"The recovery key is in {path.name}. Keep it to yourself.", "good")

    def _choose_file(self) -> None:
        title, kinds = tr("Choose the service account file"), "JSON files (*.json);;All files (*)"
        FileDialog(self, title, self._read_file, kinds=kinds).open()

    def _read_file(self, path: Path) -> None:
        if self._key:
            self._work(self._do_save_file(self._key.name, path), "Saving...")

    async def _do_save_file(self, name: str, path: Path) -> None:
        await self._do_save(name, await asyncio.to_thread(_text_of, path))

    def _open_page(self) -> None:
        if self._key and self._key.url.startswith("https://"):
            open_url(QUrl(self._key.url))

    def _work(self, work: Coroutine[Any, Any, None], words: str) -> asyncio.Task[None]:
        self._busy = True
        self._show_verdict(words, "soft")
        self._show_buttons()

        task = self._context.tasks.start(
            work, on_error=lambda error: self._show_verdict(str(error), "bad")
        )
        task.add_done_callback(self._worked)
        return task

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._busy = False
        if task is self._testing:
            self._testing = None
            if task.cancelled():
                self._show_verdict("Stopped.", "soft")
        self._show_buttons()

    def _show_verdict(self, words: str, tone: str) -> None:
        show_toned(self._verdict, words, tone)


def _text_of(path: Path) -> str:
    """The text of the file, which must be small enough to be a key."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        text = key_text.decoded(content)
    except (OSError, NotAKeyError) as failure:
        title = f"{path.name} cannot be read."
        raise VaultError(title, "Choose the JSON file of the service account.") from failure
    if len(content) > LARGEST_FILE:
        raise VaultError(f"{path.name} is too large.", "Choose the JSON file of the account.")
    return text.strip()
