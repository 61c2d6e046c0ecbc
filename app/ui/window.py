"""The main window: a navigation list and the current page. Pages are created when first shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.system import paths
from app.ui import icons, wording
from app.ui.page_context import PageContext
from app.ui.page_registry import PAGES, PageSpec, offered_pages
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Strip
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label, scaled, set_tone
from app.views import Notice

_SMALLEST = QSize(860, 500)
"""Fits a laptop of 1366 x 768 at 150 %."""
_FIRST = QSize(1060, 720)
_WIDEST_SIDE = 240
_TONES = {
    wording.Overall.WELL: "good",
    wording.Overall.BUSY: "busy",
    wording.Overall.ATTENTION: "warn",
    wording.Overall.OFF: "soft",
}


class SelectablePage(Protocol):
    """A page that can select one of its items by name."""

    def choose(self, name: str) -> None:
        """Select the item called `name`."""


class Window(QWidget):
    """The main window. `may_hide` decides whether closing hides it."""

    def __init__(self, context: PageContext, may_hide: Callable[[], bool]) -> None:
        super().__init__()
        self._context = context
        self._may_hide = may_hide
        self._pages: dict[str, QWidget] = {}
        self._shown: tuple[PageSpec, ...] = ()
        self._opened = ""
        self.setWindowTitle("Lou")
        self.setWindowIcon(icons.app_icon())
        self.setMinimumSize(_SMALLEST)
        self._navigation = QListWidget()
        self._stack = QStackedWidget()
        self._strip = Strip(context.theme)
        self._strip.setObjectName("notice")
        self._lasting = Strip(context.theme)
        self._lasting.setObjectName("lasting")
        self._state = label(tone="soft", wrap=True)
        self._lay_out()
        self._fill_navigation()
        context.theme.changed.connect(self._draw_icons)
        self._navigation.currentRowChanged.connect(self._row_chosen)
        core = context.core
        WhileVisible(self, self._refresh, listen=(core.servers_changed, core.settings.changed))
        WhileVisible(self, self._show_lasting, listen=(core.lasting_changed,))
        for number in range(1, 10):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self, self._chooser(number - 1))
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        QShortcut(QKeySequence.StandardKey.Quit, self, lambda: context.go("quit"))
        self._geometry = QSettings(
            str(paths.state_folder() / "window.ini"), QSettings.Format.IniFormat
        )
        saved = self._geometry.value("geometry")
        if not (isinstance(saved, QByteArray) and self.restoreGeometry(saved)):
            self.resize(_FIRST.boundedTo(self.screen().availableSize()))

    def open(self, name: str = "", thing: str = "") -> None:
        """Show the window on the page `name`, with its item `thing` selected."""
        if name:
            self._show_page(name)
        elif not self._opened:
            self._show_page(self._shown[0].name)
        self.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        page = self._stack.currentWidget()
        if thing and hasattr(page, "choose"):
            cast("SelectablePage", page).choose(thing)

    def show_notice(self, notice: Notice) -> None:
        """Show `notice` above the page until the user clicks its button."""
        place = f"{notice.action or 'window'} {notice.server}".strip()

        def act() -> None:
            self._strip.hide()
            self._context.go(place)

        self._strip.show_message(
            notice.title,
            notice.text,
            tone="bad" if notice.severity == "error" else "warn",
            button=wording.fix(notice.action) or "Close",
            on_click=act,
        )

    def page(self, name: str) -> QWidget:
        """The page called `name`; created at first use."""
        known = self._pages.get(name)
        if known is None:
            spec = next(spec for spec in PAGES if spec.name == name)
            known = self._pages[name] = spec.make(self._context)
            self._stack.addWidget(known)
        return known

    def keep_geometry(self) -> None:
        """Save the position and size of the window."""
        self._geometry.setValue("geometry", self.saveGeometry())
        self._geometry.sync()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.keep_geometry()
        if self._may_hide():
            event.accept()
        else:
            event.ignore()

    def _lay_out(self) -> None:
        self._navigation.setObjectName("navigation")
        self._navigation.setAccessibleName("Pages")
        self._navigation.setIconSize(QSize(20, 20))
        self._navigation.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side = QWidget()
        side.setObjectName("side")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side.setFixedWidth(min(scaled(196, side), _WIDEST_SIDE))
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 18, 0, 14)
        column.setSpacing(12)
        name = heading("Lou", "title")
        name.setContentsMargins(20, 0, 0, 0)
        self._state.setContentsMargins(20, 0, 12, 0)
        keys = Button(
            self._context.theme,
            "Keys...",
            lambda: self._context.go("keys"),
            icon="keys",
            kind="quiet",
        )
        column.addWidget(name)
        column.addWidget(self._navigation, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 0, 12, 0)
        foot.addWidget(keys)
        foot.addStretch()
        column.addLayout(foot)
        column.addWidget(self._state)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._lasting)
        right.addWidget(self._strip)
        right.addWidget(self._stack, 1)
        row.addLayout(right, 1)

    def _fill_navigation(self) -> None:
        self._shown = offered_pages(self._context, self._opened)
        self._navigation.clear()
        for spec in self._shown:
            self._navigation.addItem(QListWidgetItem(spec.title))
        self._draw_icons()

    def _draw_icons(self) -> None:
        colour = self._context.theme.colours.text
        for row, spec in enumerate(self._shown):
            self._navigation.item(row).setIcon(icons.icon(spec.icon, colour, 20))

    def _row_chosen(self, row: int) -> None:
        if row >= 0:
            self._show_page(self._shown[row].name)

    def _chooser(self, row: int) -> Callable[[], None]:
        return lambda: self._navigation.setCurrentRow(min(row, len(self._shown) - 1))

    def _show_page(self, name: str) -> None:
        page = self.page(name)
        self._opened = name
        if self._stack.currentWidget() is not page:
            self._stack.setCurrentWidget(page)
        self._offer_pages()

    def _refresh(self) -> None:
        servers = self._context.core.servers()
        self._state.setText(wording.summary(servers))
        set_tone(self._state, _TONES[wording.overall(servers)])
        self._offer_pages()

    def _show_lasting(self) -> None:
        """Show the lasting notices above the page while they hold."""
        notices = self._context.core.lasting()
        if not notices:
            self._lasting.hide()
            return
        first = notices[0]
        self._lasting.show_message(
            first.title,
            " ".join([first.text, *(each.title for each in notices[1:])]),
            tone="bad" if first.severity == "error" else "warn",
            button=wording.fix(first.action),
            on_click=lambda: self._context.go(first.action),
        )

    def _offer_pages(self) -> None:
        """Update the navigation to the offered pages and the open page."""
        self._navigation.blockSignals(True)
        if offered_pages(self._context, self._opened) != self._shown:
            self._fill_navigation()
        names = [spec.name for spec in self._shown]
        self._navigation.setCurrentRow(names.index(self._opened) if self._opened in names else 0)
        self._navigation.blockSignals(False)
