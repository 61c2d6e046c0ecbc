"""One run of the tray application: joins core, tray and window, and stops them in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QPixmapCache

from app.core import Core
from app.ui import icons, mac_application, translation
from app.ui.dialog_registry import DialogRegistry
from app.ui.dialogs.problem import Problems
from app.ui.notifications import Notifications
from app.ui.page_context import CallHistory, PageContext
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.tray import Tray
from app.views import Notice
from servers.contract import code_pages

if TYPE_CHECKING:
    from app.config.config_model import Config
    from app.ui.window import Window

_TRAY_HINT = "Lou keeps running in the tray"
_TRAY_HINT_TEXT = "Your servers stay on. Open or quit Lou from its icon."
_NO_TRAY = "This desktop shows no tray icon."
_NO_TRAY_TEXT = (
    "Closing the window keeps it in the task bar. Start Lou again, from the menu or by typing lou, "
    "to bring it back; Ctrl+Q quits. On GNOME the extension AppIndicator brings tray icons."
)
_TRIM_AFTER_S = 5.0


class TraySession:
    """Owns the core and the window. `run` returns when the user quits."""

    def __init__(
        self,
        core: Core,
        theme: Theme,
        tray: Tray,
        problems: Problems,
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._core = core
        translation.choose(core.settings.config.settings.language)
        self._theme = theme
        self._tray = tray
        self._problems = problems
        self._tasks = Tasks(problems.show, loop)
        self._loop = loop
        self._trim_timer: asyncio.TimerHandle | None = None
        self._window: Window | None = None
        self._quit_requested = asyncio.Event()
        self._is_log_out = False
        self._has_ended = False
        self._on_end: Callable[[], object] = lambda: None
        self._is_started = self._is_prepared = False
        self._early_page = ""
        self._tray_hint_shown = False
        self.context = PageContext(
            core, theme, self._tasks, self.go, CallHistory(core.calls), self._offer
        )
        self._dialogs = DialogRegistry(self.context)
        problems.go = self.go

    async def run(self) -> None:
        """Start the core, run until the user quits, and stop everything; raises as `Core.start`."""
        core = self._core
        core.raise_wanted.subscribe(self._raise_window)
        core.quit_wanted.subscribe(lambda _who: self.quit())
        await core.start()
        try:
            self._show_start()
            await self._quit_requested.wait()
        finally:
            await self._end()
            self._has_ended = True
            self._on_end()

    def go(self, place: str) -> None:
        """Open a page or a dialog by the first word of `place`, or quit."""
        name, _, thing = place.partition(" ")
        if name == "quit":
            self.quit()
            return
        self._prepare_widgets()
        if not self._dialogs.open(name, thing, self._window):
            self.window.open("" if name == "window" else name, thing)
        mac_application.come_forward()

    @property
    def window(self) -> Window:
        """The window; created at first use."""
        if self._window is None:
            from app.ui.window import Window  # noqa: PLC0415 - nothing of it is needed for the tray

            self._prepare_widgets()
            self._window = Window(self.context, self._may_hide_window)
            self._problems.parent = self._window
        return self._window

    def _prepare_widgets(self) -> None:
        """Load what the icon alone does without."""
        if not self._is_prepared:
            self._is_prepared = True
            self._theme.style_widgets()
            translation.translate_qt()

    def quit(self) -> None:
        """End Lou and its servers."""
        self._quit_requested.set()

    def log_out(self) -> None:
        """Quit quickly, because the desktop session ends."""
        self._is_log_out = True
        self._quit_requested.set()

    def log_out_and_wait(self) -> None:
        """As `log_out`, and return when Lou has ended; the system limits the time."""
        if self._has_ended:
            return
        self.log_out()
        waiting = QEventLoop()
        self._on_end = waiting.quit
        waiting.exec()

    def _raise_window(self, place: str) -> None:
        """Show the window for a second start; waits until the core has started."""
        self._early_page = place or "window"
        if self._is_started:
            self.go(self._early_page)

    def _show_start(self) -> None:
        self._is_started = True
        core = self._core
        core.settings.changed.subscribe(self._settings_changed)
        self._settings_changed(core.settings.config)
        self._tray.attach(self.context)
        self._notifications = Notifications(self.context, self._tray, self._show_in_window)
        for notice in core.lasting():  # they came before notifications existed
            self._notifications.show(notice)
        if core.last_crash:
            self._notifications.show(core.last_crash)
        if not core.settings.config.settings.welcome_seen and core.settings.is_known:
            self.go("welcome")
        elif self._early_page or not self._tray.is_there:
            self.go(self._early_page or ("window" if core.settings.is_known else "servers"))
        if not self._tray.is_there:
            self.window.show_notice(Notice("no_tray", _NO_TRAY, _NO_TRAY_TEXT))
        self._trim_memory_soon()

    async def _end(self) -> None:
        if self._trim_timer:
            self._trim_timer.cancel()
        if self._window is not None:
            self._window.keep_geometry()
            self._window.hide()
        self._dialogs.close()
        self._tray.icon.setToolTip(tr("Lou is stopping"))
        await self._tasks.stop()
        await self._core.stop(quick=self._is_log_out)

    def _settings_changed(self, config: Config) -> None:
        self._theme.choose(config.settings.theme)

    def _show_in_window(self, notice: Notice) -> None:
        """Show `notice` in the window, on a desktop without a tray."""
        if notice not in self._core.lasting():  # the window shows those by itself
            self.window.show_notice(notice)

    def _offer(self, title: str, text: str, button: str, act: Callable[[], object]) -> None:
        self.window.show_offer(title, text, button, act)

    def _trim_memory_soon(self) -> None:
        if self._trim_timer:
            self._trim_timer.cancel()
        self._trim_timer = self._loop.call_later(_TRIM_AFTER_S, self._trim_memory)

    def _trim_memory(self) -> None:
        if self._window is None or not self._window.isVisible():
            QPixmapCache.clear()  # it wakes every 10 s for as long as it has something to drop
            code_pages.give_back_code()

    def _may_hide_window(self) -> bool:
        """Whether the window may hide; without a tray the user could not open it again."""
        if not self._core.settings.config.settings.keep_running:
            self.quit()
            return True
        if not self._tray.is_there:
            self.window.showMinimized()
            return False
        if not self._tray_hint_shown:
            self._tray_hint_shown = True
            self._tray.icon.showMessage(_TRAY_HINT, _TRAY_HINT_TEXT, icons.app_icon(), 6_000)
        self._trim_memory_soon()
        return True
