"""The dialog that shows the diff of a client's file before it is written."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QSyntaxHighlighter
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit, QWidget

from app.clients.views import ClientView
from app.ui.dialogs.confirm import FittedDialog, result_of
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.inputs import text_viewer
from app.ui.widgets.text import heading, label

_TITLES = {
    "connect": ("Connect {name}", "Write", "This is what Lou writes into its file:"),
    "disconnect": ("Disconnect {name}", "Take out", "This is what Lou takes out of its file:"),
    "undo": ("Undo the last change", "Undo", "This brings back the file as it was:"),
}

_TONES = {"+": "good", "-": "bad", "@": "faint"}
"""The colours of the lines of a diff, by their first letter."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The user agreed; `restart` says whether to restart the client around the change."""

    restart: bool = False


class ChangesDialog(FittedDialog):
    """Shows the diff of one change to one client, with a button that accepts it."""

    def __init__(
        self, theme: Theme, parent: QWidget | None, client: ClientView, *, action: str, diff: str
    ) -> None:
        title, verb, words = _TITLES[action]
        super().__init__(parent, title.format(name=client.name))
        self.resize(640, 480)
        shown = text_viewer("What changes")
        shown.setPlainText(diff)
        shown.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._marks = _Marks(shown, theme)
        self._restart = QCheckBox(tr(f"Quit {client.name} before, and open it again after"))
        self._restart.setVisible(client.running and client.can_quit)
        self._restart.setChecked(client.running and client.can_quit)
        places = ", ".join(each.path for each in client.files)
        write = Button(theme, verb, self.accept, kind="main")
        self.lay_out(
            heading(title.format(name=client.name)),
            label(words, wrap=True),
            shown,
            *([label(_running(client), tone="warn", wrap=True)] if client.running else []),
            self._restart,
            label(f"A copy of {places} is kept first.", tone="soft", wrap=True),
            buttons=(Button(theme, "Cancel", self.reject), write),
            grows=shown,
        )

    def agreed(self) -> Agreed:
        return Agreed(not self._restart.isHidden() and self._restart.isChecked())


def _running(client: ClientView) -> str:
    if client.can_quit:
        return f"{client.name} is running, and it reads its file only when it starts."
    return f"{client.name} is running. {client.reload_words}".strip()


class _Marks(QSyntaxHighlighter):
    """Colours added and removed lines."""

    def __init__(self, shown: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(shown.document())
        self._theme = theme
        theme.changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:
        tone = _TONES.get(text[:1])
        if tone:
            self.setFormat(0, len(text), self._theme.colour(tone))


async def agree(
    theme: Theme, parent: QWidget | None, client: ClientView, *, action: str, diff: str
) -> Agreed | None:
    """Show the diff; returns the choice of the user, or None when they cancelled."""
    dialog = ChangesDialog(theme, parent, client, action=action, diff=diff)
    return await result_of(dialog, dialog.agreed)
