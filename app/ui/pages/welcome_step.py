"""One step of the Welcome page: a number or tick, a title, a text and buttons."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt

from app.ui import icons
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.layouts import FREE, TOP, horizontal, vertical
from app.ui.widgets.text import heading, label

_SIGN = 26


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
        self._buttons = horizontal(FREE, spacing=8)
        words = vertical(self._title, self._words, self.below, self._buttons, spacing=6)
        self.inside.addLayout(horizontal((self._sign, TOP), (words, 1), spacing=14))
        theme.changed.connect(self._draw)
        self._draw()

    def add_button(
        self, words: str, on_click: Callable[[], object], *, icon: str = "", kind: str = ""
    ) -> Button:
        made = Button(self._theme, words, on_click, icon=icon, kind=kind)
        self._buttons.insertWidget(self._buttons.count() - 1, made)
        return made

    def show_state(self, words: str, *, done: bool) -> None:
        """Show the text `words`; a `done` step has a tick."""
        self._words.setText(words)
        self._words.setVisible(bool(words))
        if done != self._done:
            self._done = done
            self._draw()

    def _draw(self) -> None:
        colours = self._theme.colours
        back = colours.good if self._done else colours.chosen
        ink = colours.card if self._done else colours.text
        self._sign.setStyleSheet(
            f"#sign {{ background: {back}; color: {ink}; border-radius: {_SIGN // 2}px; }}"
        )
        if self._done:
            ratio = self.devicePixelRatioF()
            self._sign.setPixmap(icons.pixmap("check", ink, 16, ratio))
        else:
            self._sign.setText(self._number)
        self._sign.setAccessibleName(tr("done" if self._done else f"step {self._number}"))
