"""Containers: card, message strip, placeholder, and a scroll area of limited height."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui import icons
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, icon_button
from app.ui.widgets.layouts import FREE, MIDDLE, Item, holder, horizontal, vertical
from app.ui.widgets.text import heading, label, restyle, show_text, show_toned

_BAR = 10
"""The width of a scroll bar, as `lou.qss` has it."""
GUTTER = 14
"""What a scroll area takes at the right of its content, whether its bar is seen or not."""
_LEAST = 150
"""The height of scrolled content that is seen in the smallest dialog, in pixels."""
_PAGE_WIDTH = 760


class Card(QFrame):
    """A framed container of `parts`, one below the other; `inside` is its layout.

    `look` is plain, good, warn or bad.
    """

    def __init__(
        self, *parts: Item, look: str = "plain", margin: int = 14, spacing: int = 8
    ) -> None:
        super().__init__()
        self.setProperty("card", look)
        margins = (margin, margin - 2, margin, margin - 2)
        self.inside = vertical(*parts, margins=margins, spacing=spacing)
        self.setLayout(self.inside)


def separator() -> QFrame:
    """A thin line between two widgets."""
    made = QFrame()
    made.setProperty("line", "true")
    return made


class IconLabel(QLabel):
    """An icon of `size` pixels in a colour of the theme, also after that has changed."""

    def __init__(self, theme: Theme, size: int, icon: str = "", tone: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._size = size
        theme.changed.connect(self._draw)
        self.show_icon(icon, tone)

    def show_icon(self, icon: str, tone: str) -> None:
        """Show the icon called `icon` in the colour called `tone`."""
        self._icon, self._tone = icon, tone
        self._draw()

    def _draw(self) -> None:
        if self._icon:
            colour = self._theme.colours[self._tone]
            drawn = icons.pixmap(self._icon, colour, self._size, self.devicePixelRatioF())
            self.setPixmap(drawn)


class Strip(Card):
    """A message with an optional button, `closable` or not; hidden until `show_message`."""

    def __init__(self, theme: Theme, *, name: str = "", closable: bool = False) -> None:
        super().__init__(look="warn", margin=12, spacing=2)
        self.setObjectName(name)
        self._action: Callable[[], object] | None = None
        self._icon = IconLabel(theme, 20)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._title = heading("", "strong", wrap=True)
        self._text = label(wrap=True, selectable=True)
        self._button = Button(theme, "", self._clicked)
        words = vertical(self._title, self._text, spacing=2)
        row = horizontal(self._icon, (words, 1), (self._button, MIDDLE), spacing=10)
        if closable:
            close = icon_button(theme, "close", "Close this message", self.hide, keys="Esc")
            row.addWidget(close, 0, MIDDLE)
        self.inside.addLayout(row)
        self.hide()

    def show_message(
        self,
        title: str,
        text: str,
        *,
        tone: str = "warn",
        button: str = "",
        on_click: Callable[[], object] | None = None,
    ) -> None:
        """Show the message; `tone` is warn, bad or good. `on_click` is what the button does."""
        self._action = on_click
        restyle(self, "card", tone)
        self._title.setText(title)
        show_text(self._text, text)
        self._button.setText(button)
        self._button.setVisible(bool(button and on_click))
        self._icon.show_icon("check" if tone == "good" else "alert", tone)
        self.setAccessibleName(f"{tr(title)} {tr(text)}".strip())
        self.show()

    def _clicked(self) -> None:
        if self._action is not None:
            self._action()


class Empty(QWidget):
    """The placeholder of a view without content: an icon, a title and a text."""

    def __init__(self, theme: Theme, icon: str, title: str, text: str) -> None:
        super().__init__()
        sign = IconLabel(theme, 36, icon, "faint")
        sign.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title = heading(title)
        self._text = label(text, tone="soft", wrap=True)
        column = QVBoxLayout(self)
        column.setSpacing(6)
        column.addStretch(2)
        column.addWidget(sign)
        for part in (self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        column.addStretch(3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_text(self, title: str, text: str) -> None:
        self._title.setText(title)
        show_toned(self._text, text, "soft")


class ScrollArea(QScrollArea):
    """`inside` with a scroll bar for its height; `name` is what a screen reader calls it.

    Its content ends `GUTTER` left of its right edge, so that it ends on the line of what stands
    above and below in a layout that is wider by as much.
    """

    def __init__(self, inside: QWidget | None, name: str) -> None:
        super().__init__()
        self.setAccessibleName(tr(name))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setViewportMargins(0, 0, GUTTER - _BAR, 0)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(lambda least, most: bar.setEnabled(most > least))
        bar.setEnabled(False)  # then it is not drawn
        if inside:
            self.setWidget(inside)

    def minimumSizeHint(self) -> QSize:
        least, inside = super().minimumSizeHint(), self.widget()
        width = inside.minimumSizeHint().width() + GUTTER if inside else 0
        return QSize(max(width, least.width()), least.height())


def indented(part: Item) -> QHBoxLayout:
    """`part`, which ends where the content of a `ScrollArea` of the same layout ends."""
    return horizontal(part, margins=(0, 0, GUTTER, 0))


def scroll_page(page: QWidget, top: QWidget, inside: QVBoxLayout, name: str) -> None:
    """Lay out `page`: `top`, and below it `inside` in a scroll area called `name`."""
    inside.setContentsMargins(0, 0, 0, 20)
    inside.setSpacing(10)
    column = holder(inside)
    column.setMaximumWidth(_PAGE_WIDTH)
    scroll = ScrollArea(column, name)
    scroll.setAlignment(Qt.AlignmentFlag.AlignLeft)
    parts = (indented(top), (scroll, 1))
    page.setLayout(vertical(*parts, margins=(20, 18, 20 - GUTTER, 0), spacing=14))


def scroll_area_around(widget: QWidget) -> QScrollArea | None:
    above: QWidget | None = widget.parentWidget()
    while above and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return above if isinstance(above, QScrollArea) else None


class Scrolled(ScrollArea):
    """Scrolls `inside` vertically; takes its height up to `most` pixels."""

    def __init__(self, inside: QWidget, *, most: int, name: str = "The whole") -> None:
        self._most = most
        self._holder = holder(vertical(inside, FREE, margins=(0, 4, 0, 4)))
        super().__init__(self._holder, name)

    def sizeHint(self) -> QSize:
        wanted = self._holder.sizeHint()
        width = max(self.width() - GUTTER, self._holder.minimumSizeHint().width())
        height = self._holder.heightForWidth(width)  # -1 for one that does not depend on it
        height = wanted.height() if height < 0 else height
        return QSize(wanted.width() + GUTTER, min(height, self._most))

    def minimumSizeHint(self) -> QSize:
        width = self._holder.minimumSizeHint().width() + GUTTER
        return QSize(width, min(self.sizeHint().height(), _LEAST))
