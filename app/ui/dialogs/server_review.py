"""The dialog that shows what new servers would run, before they are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QWidget

from app.clients.imports import server_import
from app.ui.dialogs.confirm import FittedDialog, result_of
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.inputs import text_viewer
from app.ui.widgets.text import heading, label

_WARNING = (
    "A server runs as you, with all that you may read and write. Add it only if you know where it "
    "comes from."
)


class ServerReviewDialog(FittedDialog):
    """Shows the command, folder and variables of each server, with secrets masked."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None,
        servers: Sequence[Mapping[str, Any]],
        rest: str,
    ) -> None:
        one = len(servers) == 1
        super().__init__(parent, "Add a server" if one else "Add servers")
        title = f"Add {servers[0]['name']}?" if one else f"Add these {len(servers):,} servers?"
        self.resize(640, 440)
        text = "\n\n".join("\n".join(map(_said, server_import.lines(server))) for server in servers)
        shown = text_viewer("What would be added")
        shown.setPlainText(text)
        shown.setTabChangesFocus(True)
        cancel = Button(theme, "Cancel", self.reject)
        cancel.setDefault(True)
        self.lay_out(
            heading(title),
            label(_WARNING, tone="soft", wrap=True),
            shown,
            *([label(rest, wrap=True)] if rest else []),
            buttons=(cancel, Button(theme, "Add", self.accept, kind="main")),
            grows=shown,
        )


def _said(line: str) -> str:
    """The words of a line translated, and never what would run."""
    title, colon, what = line.partition(": ")
    space = " " * (len(title) - len(title.lstrip()))
    is_home = what == server_import.HOME
    return f"{space}{tr(title.strip())}{colon}{tr(what) if is_home else what}"


async def confirm_servers(
    theme: Theme, parent: QWidget | None, servers: Sequence[Mapping[str, Any]], rest: str = ""
) -> bool:
    """Show `servers` and the note `rest`; true when the user agreed to add them."""
    return bool(await result_of(ServerReviewDialog(theme, parent, servers, rest), lambda: True))
