"""Push buttons with an icon in the colours of the theme."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from app.ui import icons
from app.ui.theme import Theme
from app.ui.translation import tr


class Button(QPushButton):
    """A button that keeps its icon in the colours of the theme.

    `kind` is empty, main (the one thing to do here), quiet (no frame) or danger.
    """

    def __init__(
        self,
        theme: Theme,
        text: str,
        on_click: Callable[[], object] | None = None,
        *,
        icon: str = "",
        kind: str = "",
    ) -> None:
        super().__init__(tr(text))
        self._theme = theme
        self._icon = icon
        self.setProperty("kind", kind)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setIconSize(QSize(16, 16))
        theme.changed.connect(self._draw_icon)
        self._draw_icon()
        if on_click is not None:
            self.clicked.connect(lambda _checked: on_click())

    def setText(self, text: str) -> None:
        super().setText(tr(text))

    def setIconName(self, icon: str) -> None:
        self._icon = icon
        self._draw_icon()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press it with Enter, too, which Qt does in dialogs alone."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def _draw_icon(self) -> None:
        if not self._icon:
            return
        names = {"main": "on_accent", "danger": "bad"}
        colour = names.get(str(self.property("kind")), "text")
        self.setIcon(icons.icon(self._icon, self._theme.colours[colour], 16))


def copier(read: Callable[[], str]) -> Callable[[], None]:
    """What copies the text that `read` returns, for a button; an empty one is not copied."""

    def copy() -> None:
        if text := read():
            QGuiApplication.clipboard().setText(text)

    return copy


def with_keys(name: str, keys: str) -> str:
    """`name` in the chosen language, and behind it the `keys` that do the same."""
    return f"{tr(name)} ({tr(keys)})" if keys else tr(name)


def icon_button(
    theme: Theme,
    icon: str,
    name: str,
    on_click: Callable[[], object] | None = None,
    *,
    keys: str = "",
) -> Button:
    """A button with an icon alone; `name` is what it does, for the tooltip and a screen reader."""
    made = Button(theme, "", on_click, icon=icon, kind="quiet")
    made.setToolTip(with_keys(name, keys))
    made.setAccessibleName(tr(name))
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made
