"""The welcome step of what is offered once: an entry in the menu, and news of newer versions."""

from __future__ import annotations

import asyncio

from app.system import desktop_entry
from app.ui.page_context import PageContext
from app.ui.pages.welcome_step import WelcomeStep

_MENU = (
    "Lou is not in the menu of your desktop yet. It can add an entry and an icon for you alone; "
    "`lou desktop remove` takes them away."
)
_IN_MENU = "Lou is in the menu of your desktop."
_NEWS_ON = "Lou tells you about new versions. Settings switches it off."
_NEWS_OFF = "Lou asks nobody for new versions. Settings switches it on."


class ExtrasStep(WelcomeStep):
    """Hidden while there is nothing to offer; what was answered is told until the page is left."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context.theme, "5", "If you like")
        self._context = context
        self._answers: dict[str, str] = {}
        """What was done, as a sentence, by question."""
        self._menu = self.add_button("Add Lou to the menu", context.starter(self._add_to_menu))
        self._yes = self.add_button("Tell me about new versions", lambda: self._ask_for_news(True))
        self._no = self.add_button("Do not ask", lambda: self._ask_for_news(False), kind="quiet")
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

    def _ask_for_news(self, wanted: bool) -> None:
        self._context.tasks.start(self._keep_answer(wanted))

    async def _keep_answer(self, wanted: bool) -> None:
        self._context.core.settings.update(
            lambda config: config.with_settings(ask_for_updates=wanted, update_question_seen=True)
        )
        self._answers["news"] = _NEWS_ON if wanted else _NEWS_OFF
        self.pull()
