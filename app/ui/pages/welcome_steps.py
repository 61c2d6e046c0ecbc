"""A step of the Welcome page: number or tick, title, text, buttons; the two with more in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from PySide6.QtCore import Qt

from app.clients.views import ClientView
from app.system import desktop_entry
from app.ui import client_wording, icons
from app.ui.page_context import PageContext
from app.ui.pages.client_actions import ClientActions
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, copier
from app.ui.widgets.card import Card
from app.ui.widgets.flow import Flow
from app.ui.widgets.inputs import text_viewer
from app.ui.widgets.layouts import TOP, horizontal, vertical
from app.ui.widgets.text import heading, label, show_text

_SIGN = 26
_CLAUDE = "claude-desktop"
_BY_HAND = "For a client that Lou cannot connect by itself, this is the entry to paste:"
_MENU = (
    "Lou is not in the menu of your desktop yet. It can add an entry and an icon for you alone; "
    "`lou desktop remove` takes them away."
)
_IN_MENU = "Lou is in the menu of your desktop."
_NEWS_ON = "Lou tells you about new versions. Settings switches it off."
_NEWS_OFF = "Lou asks nobody for new versions. Settings switches it on."


class WelcomeStep(Card):
    """A card whose number becomes a tick once the step is done."""

    def __init__(self, theme: Theme, number: str, title: str) -> None:
        super().__init__(margin=16)
        self._theme = theme
        self._number = number
        self.setAccessibleName(tr(title))
        self._done = False
        self._sign = label(number, name="sign")
        self._sign.setFixedSize(_SIGN, _SIGN)
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = heading(title)
        self._words = label(wrap=True, selectable=True, name="words")
        self.below = vertical(spacing=8)
        self._buttons = Flow()
        words = vertical(self._title, self._words, self.below, self._buttons, spacing=6)
        self.inside.addLayout(horizontal((self._sign, TOP), (words, 1), spacing=14))
        theme.changed.connect(self._draw)
        self._draw()

    def add_button(
        self, words: str, on_click: Callable[[], object], *, icon: str = "", kind: str = ""
    ) -> Button:
        made = Button(self._theme, words, on_click, icon=icon, kind=kind)
        self._buttons.add(made)
        return made

    def show_state(self, words: str, *, done: bool) -> None:
        """Show the text `words`; a `done` step has a tick."""
        show_text(self._words, words)
        if done != self._done:
            self._done = done
            self._draw()

    def _draw(self) -> None:
        colours = self._theme.colours
        back = colours["good" if self._done else "chosen"]
        ink = colours["card" if self._done else "text"]
        self._sign.setStyleSheet(
            f"#sign {{ background: {back}; color: {ink}; border-radius: {_SIGN // 2}px; }}"
        )
        if self._done:
            ratio = self.devicePixelRatioF()
            self._sign.setPixmap(icons.pixmap("check", ink, 16, ratio))
        else:
            self._sign.setText(self._number)
        self._sign.setAccessibleName(tr("done" if self._done else f"step {self._number}"))


_WHAT_LOU_ADDS = (
    "Lou adds one entry for each server to the client's own file, and shows it to you "
    "before it writes. The entries hold no key."
)


class ConnectStep(WelcomeStep):
    """Done once any client is connected."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context.theme, "3", "Connect a client")
        self._context = context
        self._actions, clients = ClientActions(context, self), context.core.clients
        self._entry = text_viewer("The entry for your client")
        self._entry.setFixedHeight(self._entry.fontMetrics().lineSpacing() * 10 + 16)
        self._entry.hide()
        self.below.addWidget(self._entry)
        self._connect = self.add_button(
            "Connect Claude Desktop...",
            lambda: self._actions.connect(clients.view(_CLAUDE)),
            kind="main",
        )
        self._others = self.add_button(
            "Other clients...", lambda: context.go("clients"), icon="clients"
        )
        self._by_hand = self.add_button("By hand", self._show_entry, kind="quiet")
        self._copy = self.add_button("Copy", copier(self._entry.toPlainText), icon="copy")
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
        has_other = bool(connected) or not self._connect.isHidden()
        self._others.setText("Other clients..." if has_other else "Choose a client...")
        self.show_state(_connect_text(connected, views), done=bool(connected))

    def _show_entry(self) -> None:
        self._entry.setPlainText(self._actions.clients.by_hand.snippet(_CLAUDE))
        self._entry.show()
        self._copy.show()
        self._by_hand.hide()


def _connect_text(connected: list[ClientView], views: tuple[ClientView, ...]) -> str:
    if connected:
        names = ", ".join(view.name for view in connected)
        advice = next((view.advice for view in connected if view.advice), "")
        return f"Connected: {names}. {advice}".strip()
    found = [view.name for view in views if view.installed]
    here = f"Found here: {', '.join(found)}." if found else "No client was found here yet."
    return f"{here} {_WHAT_LOU_ADDS}"


class ExtrasStep(WelcomeStep):
    """Hidden while there is nothing to offer; what was answered is told until the page is left."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context.theme, "5", "If you like")
        self._context = context
        self._answers: dict[str, str] = {}
        """What was done, as a sentence, by question."""
        self._menu = self.add_button("Add Lou to the menu", context.starter(self._add_to_menu))
        yes = context.starter(lambda: self._keep_answer(True))
        no = context.starter(lambda: self._keep_answer(False))
        self._yes = self.add_button("Tell me about new versions", yes)
        self._no = self.add_button("Do not ask", no, kind="quiet")
        self.hide()

    def pull(self) -> None:
        """Show what is still open."""
        settings = self._context.core.settings.config.settings
        offers_menu = desktop_entry.is_offered()
        is_answered = settings.update_question_seen or settings.ask_for_updates
        offers_news = bool(settings.update_address) and not is_answered
        self._menu.setVisible(offers_menu)
        self._yes.setVisible(offers_news)
        self._no.setVisible(offers_news)
        news = (
            f"Once a day Lou can ask {settings.update_address} whether a newer version is out, and "
            "says nothing of you."
        )
        lines = [*([_MENU] * offers_menu), *([news] * offers_news), *self._answers.values()]
        self.show_state("\n".join(lines), done=not (offers_menu or offers_news))
        self.setVisible(bool(lines))

    async def _add_to_menu(self) -> None:
        await asyncio.to_thread(desktop_entry.install)
        self._answers["menu"] = _IN_MENU
        self.pull()

    async def _keep_answer(self, wanted: bool) -> None:
        self._context.core.settings.update(
            lambda config: config.with_settings(ask_for_updates=wanted, update_question_seen=True)
        )
        self._answers["news"] = _NEWS_ON if wanted else _NEWS_OFF
        self.pull()
