"""The welcome step that connects a client: a button for Claude Desktop, a link for the others."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from app.clients.views import ClientView
from app.ui import client_wording
from app.ui.page_context import PageContext
from app.ui.pages.client_actions import ClientActions
from app.ui.pages.welcome_step import WelcomeStep
from app.ui.theme import fixed_font
from app.ui.translation import tr

_CLAUDE = "claude-desktop"
_BY_HAND = "For a client that Lou cannot connect by itself, this is the entry to paste:"


class ConnectStep(WelcomeStep):
    """Done once any client is connected."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context.theme, "3", "Connect a client")
        self._context = context
        self._actions = ClientActions(context, self)
        self._entry = QPlainTextEdit()
        self._entry.setReadOnly(True)
        self._entry.setFont(fixed_font())
        self._entry.setAccessibleName(tr("The entry for your client"))
        self._entry.setFixedHeight(self._entry.fontMetrics().lineSpacing() * 10 + 16)
        self._entry.hide()
        self.below.addWidget(self._entry)
        self._connect = self.add_button(
            "Connect Claude Desktop...", self._connect_claude, kind="main"
        )
        self._others = self.add_button(
            "Other clients...", lambda: context.go("clients"), icon="clients"
        )
        self._by_hand = self.add_button("By hand", self._show_entry, kind="quiet")
        self._copy = self.add_button("Copy", self._copy_entry, icon="copy")
        self._copy.hide()

    def pull(self) -> None:
        """Show the current state of the clients."""
        views = self._actions.clients.views()
        if not views:
            self.show_state("The clients are being looked for.", done=False)
            return
        connected = [view for view in views if client_wording.is_connected(view)]
        claude = next((view for view in views if view.id == _CLAUDE), None)
        self._connect.setVisible(claude is not None and client_wording.can_connect(claude))
        self.show_state(_connect_text(connected, views), done=bool(connected))

    def _connect_claude(self) -> None:
        self._actions.connect(self._actions.clients.view(_CLAUDE))

    def _show_entry(self) -> None:
        self._entry.setPlainText(self._actions.clients.by_hand.snippet(_CLAUDE))
        self._entry.show()
        self._copy.show()
        self._by_hand.hide()

    def _copy_entry(self) -> None:
        QGuiApplication.clipboard().setText(self._entry.toPlainText())


def _connect_text(connected: list[ClientView], views: tuple[ClientView, ...]) -> str:
    if connected:
        names = ", ".join(view.name for view in connected)
        advice = next((view.advice for view in connected if view.advice), "")
        return f"Connected: {names}. {advice}".strip()
    found = [view.name for view in views if view.installed]
    here = f"Found here: {', '.join(found)}. " if found else ""
    return (
        f"{here}Lou adds one entry for each server to the client's own file, and shows it to you "
        "before it writes. The entries hold no key."
    )
