"""The dialog that asks for the passphrase of the key file, twice when it is new."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.keys.vault import SHORTEST_PASSPHRASE
from app.ui.dialogs.confirm import FittedDialog, result_of
from app.ui.theme import Theme
from app.ui.widgets.buttons import Button
from app.ui.widgets.secret import SecretEntry
from app.ui.widgets.text import heading, label

_NEW = (
    "Lou keeps your keys in a file that this passphrase encrypts, and asks for it after each "
    "start. Nobody can read the keys without it: if you forget it, they have to be entered again."
)
_KNOWN = "Your keys are in a file that is encrypted with your passphrase."


class PassphraseDialog(FittedDialog):
    """Holds the typed passphrase until `take`."""

    def __init__(self, theme: Theme, parent: QWidget | None, *, new: bool) -> None:
        super().__init__(parent, "Lou")
        self.setMinimumWidth(460)
        self._is_new = new
        self._first = SecretEntry(
            theme, "Passphrase", f"At least {SHORTEST_PASSPHRASE} characters" if new else ""
        )
        self._again = SecretEntry(theme, "Passphrase again", "The same again")
        self._problem = label(tone="bad", wrap=True, name="problem")
        self._save = Button(theme, "Use it" if new else "Unlock", self._accept_if_good, kind="main")
        title = "Choose a passphrase" if new else "Unlock your keys"
        self.lay_out(
            heading(title),
            label(_NEW if new else _KNOWN, wrap=True),
            self._first,
            *([self._again] if new else []),
            self._problem,
            buttons=(Button(theme, "Cancel", self.reject), self._save),
        )
        self._first.entered.connect(self._accept_if_good)
        self._again.entered.connect(self._accept_if_good)
        self._first.setFocus()

    def take(self) -> str:
        self._again.clear()
        return self._first.take()

    def _accept_if_good(self) -> None:
        problem = self._problem_now()
        self._problem.setText(problem)
        if not problem:
            self.accept()

    def _problem_now(self) -> str:
        typed = self._first.peek()
        if not typed:
            return "Type the passphrase."
        if self._is_new and len(typed) < SHORTEST_PASSPHRASE:
            least = SHORTEST_PASSPHRASE
            return f"Use at least {least} characters; a few words make a good passphrase."
        if self._is_new and typed != self._again.peek():
            return "The two are not the same."
        return ""


async def ask_passphrase(theme: Theme, parent: QWidget | None, *, new: bool) -> str:
    """Show the dialog; returns the passphrase, or an empty text when cancelled."""
    dialog = PassphraseDialog(theme, parent, new=new)
    return await result_of(dialog, dialog.take) or ""
