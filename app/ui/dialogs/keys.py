"""The key dialog: a list of all keys and the selected one; also unlocks and moves the vault."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from app.keys.vault import VaultState
from app.ui.dialogs.confirm import FittedDialog
from app.ui.dialogs.key_detail import KeyDetail
from app.ui.dialogs.passphrase import ask_passphrase
from app.ui.models.lists import keys_model
from app.ui.page_context import PageContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, ScrollArea, Strip, indented
from app.ui.widgets.layouts import horizontal, splitter, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.rows import RowList
from app.ui.widgets.text import heading, label, scaled

_LOOK_MS = 2_000
_TROUBLES = {
    VaultState.LOCKED: (
        "Your keys are locked.",
        "Unlock them to use or change them. Servers that need a key wait until then.",
        "Unlock",
    ),
    VaultState.ABSENT: (
        "This computer has no keyring that Lou can use.",
        "Lou never keeps a key unencrypted. Your keys can be kept in a file that a passphrase of "
        "yours encrypts.",
        "Use a passphrase...",
    ),
    VaultState.HUNG: (
        "The keyring does not answer.",
        "Lou goes on by itself as soon as it does. Your keys can also be kept in a file that a "
        "passphrase of yours encrypts.",
        "Use a passphrase...",
    ),
}


class KeysDialog(FittedDialog):
    """A list of keys beside the selected one."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(None, "Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
        self._context = context
        self.setMinimumSize(640, 440)
        self.resize(840, 560)
        self._model = keys_model()
        self._list = RowList(context.theme, "Keys", self._model)
        self._list.setMinimumWidth(scaled(310, self))
        self._detail = KeyDetail(context)
        self._strip = Strip(context.theme)
        self._where = label(tone="soft", wrap=True)
        self._lay_out()
        self._list.activated.connect(lambda _index: self._detail.focus_entry())
        self._list.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        self.finished.connect(lambda _result: self._detail.forget())
        core = context.core
        listen = (core.keys_changed, core.vault_changed, core.settings.changed)
        self._live = WhileVisible(self, self._pull, listen=listen)
        WhileVisible(self, self._probe_vault, every_ms=_LOOK_MS)

    def choose(self, name: str) -> None:
        self._model.show_rows(self._context.core.keys())
        if self._list.choose(name):
            self._detail.focus_entry()

    def showEvent(self, event: QShowEvent) -> None:
        self._list.setFocus()
        super().showEvent(event)

    def _lay_out(self) -> None:
        close = Button(self._context.theme, "Close", self.close)
        scroll = ScrollArea(self._detail, "The chosen key")
        parts = splitter(self._list, scroll, sizes=(310, 500), grows=1)
        foot = indented(horizontal((self._where, 1), close))
        column = (heading("Keys", "title"), indented(self._strip), (parts, 1), foot)
        self.setLayout(vertical(*column, margins=(20, 18, 20 - GUTTER, 16), spacing=12))

    def _pull(self) -> None:
        chosen = self._list.chosen()
        self._model.show_rows(self._context.core.keys())
        self._show_vault_state(self._context.core.vault.state())
        row = max(0, self._model.row_of(chosen))
        if row == self._list.currentIndex().row():
            self._show_chosen()
        else:
            self._list.setCurrentIndex(self._model.index(row))
        store = self._context.core.settings.config.settings.key_store
        place = "an encrypted file" if store == "file" else "the keyring"
        is_absent = self._context.core.vault.state() is VaultState.ABSENT
        self._where.setText(
            "All keys are optional."
            if is_absent
            else f"All keys are optional. They are kept in {place} and never shown."
        )

    def _probe_vault(self) -> None:
        """Check a closed vault; keyrings send no event when another program opens them."""
        vault = self._context.core.vault
        if vault.state() is not VaultState.OPEN:
            self._context.tasks.start(vault.probe())

    def _show_vault_state(self, state: VaultState) -> None:
        trouble = _TROUBLES.get(state)
        self._detail.set_usable(trouble is None)
        if trouble is None:
            self._strip.hide()
            return
        title, hint, button = trouble
        self._strip.show_message(title, hint, button=button, on_click=self._action)

    def _action(self) -> None:
        locked = self._context.core.vault.state() == VaultState.LOCKED
        self._context.tasks.start(unlock(self._context, self) if locked else self._move_to_file())

    async def _move_to_file(self) -> None:
        await keep_keys_in(self._context, self, "file")
        self._live.refresh_soon()

    def _show_chosen(self) -> None:
        chosen = self._list.currentIndex()
        if chosen.isValid():
            self._detail.show_key(self._model.rows[chosen.row()])


async def keep_keys_in(context: PageContext, parent: QWidget | None, kind: str) -> None:
    """Move the keys to the store `kind`; asks for a passphrase where the store is a file."""
    passphrase = ""
    if kind == "file":
        is_new = not context.core.key_store.is_made(kind)
        passphrase = await ask_passphrase(context.theme, parent, new=is_new)
        if not passphrase:
            return
    await context.core.use_key_store(kind, passphrase)


async def unlock(context: PageContext, parent: QWidget | None, _thing: str = "") -> None:
    """Unlock the vault: a keyring shows its own prompt, a key file needs its passphrase."""
    core = context.core
    if core.settings.config.settings.key_store != "file":
        await core.unlock()
        return
    passphrase = await ask_passphrase(context.theme, parent, new=False)
    if passphrase:
        await core.unlock(passphrase)
