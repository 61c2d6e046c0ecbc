"""The main window: a navigation list and the current page. Pages are created when first shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from app.system import paths
from app.ui import icons, wording
from app.ui.navigation import Navigation
from app.ui.page_context import PageContext
from app.ui.page_registry import PAGES, offered_pages
from app.ui.translation import tr
from app.ui.widgets.card import Strip
from app.ui.widgets.layouts import horizontal, room, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import scaled
from app.views import Notice

_SMALLEST = QSize(700, 400)
_FIRST = QSize(1060, 720)
_FOLDS_BELOW = 860
_LOOKS_EVERY_MS = 5_000
"""How often the core is told that somebody looks."""
_TONES = {
    wording.Overall.WELL: "good",
    wording.Overall.BUSY: "busy",
    wording.Overall.ATTENTION: "warn",
    wording.Overall.OFF: "soft",
}


class Window(QWidget):
    """The main window. `may_hide` decides whether closing hides it."""

    def __init__(self, context: PageContext, may_hide: Callable[[], bool]) -> None:
        super().__init__()
        self._context = context
        self._may_hide = may_hide
        self._pages: dict[str, QWidget] = {}
        self._holders: dict[str, QScrollArea] = {}
        self._opened = ""
        self.setWindowTitle(tr("Lou"))
        self.setWindowIcon(icons.app_icon())
        self.setMinimumSize(_SMALLEST.width(), min(_SMALLEST.height(), room(self).height()))
        self._navigation = Navigation(context)
        self._navigation.chosen.connect(self._show_page)
        self._stack = QStackedWidget()
        self._strip, self._lasting, self._offer = (
            Strip(context.theme, name=name, closable=name != "lasting")
            for name in ("notice", "lasting", "offer")
        )
        self._lay_out()
        self._offer_pages()
        core = context.core
        WhileVisible(self, self._refresh, listen=(core.servers_changed, core.settings.changed))
        WhileVisible(self, self._show_lasting, listen=(core.lasting_changed,))
        WhileVisible(self, core.heartbeat.look, every_ms=_LOOKS_EVERY_MS)
        self._set_shortcuts()
        self._geometry = QSettings(
            str(paths.state_folder() / "window.ini"), QSettings.Format.IniFormat
        )
        saved = self._geometry.value("geometry")
        if not (isinstance(saved, QByteArray) and self.restoreGeometry(saved)):
            self.resize(_FIRST.boundedTo(room(self)))

    def open(self, name: str = "", thing: str = "") -> None:
        """Show the window on the page `name`, with its item `thing` selected."""
        if name:
            self._show_page(name)
        elif not self._opened:
            self._show_page(offered_pages(self._context, "")[0].name)
        self.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        choose = getattr(self._pages[self._opened], "choose", None)
        if thing and choose:
            choose(thing)

    def show_notice(self, notice: Notice) -> None:
        """Show `notice` above the page until the user closes it or clicks its button."""
        place = f"{notice.action or 'window'} {notice.server}".strip()

        def act() -> None:
            self._strip.hide()
            self._context.go(place)

        self._strip.show_message(
            notice.title,
            notice.text,
            tone="bad" if notice.severity == "error" else "warn",
            button=wording.fix(notice.action),
            on_click=act,
        )

    def show_offer(
        self, title: str, text: str, button: str, on_click: Callable[[], object]
    ) -> None:
        """Show what was done, above the page, with a button for what may follow."""

        def act() -> None:
            self._offer.hide()
            on_click()

        self._offer.show_message(title, text, tone="good", button=button, on_click=act)

    def page(self, name: str) -> QWidget:
        """The page called `name`; created at first use."""
        known = self._pages.get(name)
        if known is None:
            spec = next(spec for spec in PAGES if spec.name == name)
            known = self._pages[name] = spec.make(self._context)
            holder = self._holders[name] = _scrolled(known)
            self._stack.addWidget(holder)
        return known

    def keep_geometry(self) -> None:
        """Save the position and size of the window."""
        self._geometry.setValue("geometry", self.saveGeometry())
        self._geometry.sync()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._navigation.fold(event.size().width() < scaled(_FOLDS_BELOW, self))

    def closeEvent(self, event: QCloseEvent) -> None:
        self.keep_geometry()
        if self._may_hide():
            event.accept()
        else:
            event.ignore()

    def _lay_out(self) -> None:
        strips = (self._lasting, self._strip, self._offer)
        right = vertical(*strips, (self._stack, 1), spacing=0)
        self.setLayout(horizontal(self._navigation, (right, 1), spacing=0))

    def _set_shortcuts(self) -> None:
        go = self._context.go
        for number in range(1, 10):
            QShortcut(
                QKeySequence(f"Ctrl+{number}"),
                self,
                partial(self._navigation.choose_row, number - 1),
            )
        for keys, act in (
            ("Ctrl+K", lambda: go("palette")),
            ("Ctrl+,", lambda: go("settings")),
            ("F1", lambda: go("about")),
            ("Escape", self._dismiss),
            (QKeySequence.StandardKey.Close, self.close),
            (QKeySequence.StandardKey.Quit, lambda: go("quit")),
        ):
            QShortcut(QKeySequence(keys), self, act)

    def _dismiss(self) -> None:
        """Hide the last message that may be hidden."""
        for strip in (self._offer, self._strip):
            if strip.isVisible():
                strip.hide()
                return

    def _show_page(self, name: str) -> None:
        self.page(name)
        self._opened = name
        if self._stack.currentWidget() is not self._holders[name]:
            self._stack.setCurrentWidget(self._holders[name])
        self._offer_pages()

    def _refresh(self) -> None:
        servers = self._context.core.servers()
        self._navigation.show_state(wording.summary(servers), _TONES[wording.overall(servers)])
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
        self._navigation.offer(offered_pages(self._context, self._opened), self._opened)


def _scrolled(page: QWidget) -> QScrollArea:
    """`page`, which scrolls as a whole where the window is too low for it."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidgetResizable(True)
    area.setWidget(page)
    return area
