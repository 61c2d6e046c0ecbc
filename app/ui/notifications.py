"""Shows the core's notices as desktop notifications, each cause at most once in ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QSystemTrayIcon

from app.ui import wording
from app.ui.page_context import PageContext
from app.ui.tray import Tray
from app.views import Notice

_REPEAT_AFTER_S = 600.0
"""A notice is not repeated within this time."""
_SHOWN_MS = 10_000
_SIGNS = {
    "info": QSystemTrayIcon.MessageIcon.Information,
    "warning": QSystemTrayIcon.MessageIcon.Warning,
    "error": QSystemTrayIcon.MessageIcon.Critical,
}


class Notifications:
    """Shows notices at the tray, or through `show_in_window` on a desktop without one."""

    def __init__(
        self,
        context: PageContext,
        tray: Tray,
        show_in_window: Callable[[Notice], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._tray = tray
        self._show_in_window = show_in_window
        self._clock = clock
        self._shown: dict[tuple[str, str], float] = {}
        self._place = "window"
        context.core.notices.subscribe(self.show)
        tray.icon.messageClicked.connect(lambda: context.go(self._place))

    def show(self, notice: Notice) -> None:
        """Show `notice`, unless it was shown recently or notifications are switched off."""
        now, key = self._clock(), (notice.code, notice.server)
        if now - self._shown.get(key, -_REPEAT_AFTER_S) < _REPEAT_AFTER_S:
            return
        if not self._context.core.settings.config.settings.notifications:
            return
        self._shown[key] = now
        if not self._tray.is_there:
            self._show_in_window(notice)
            return
        self._place = f"{notice.action or 'window'} {notice.server}".strip()
        self._tray.icon.showMessage(
            wording.notice_text(notice.title),
            wording.notice_text(notice.text),
            _SIGNS.get(notice.severity, QSystemTrayIcon.MessageIcon.Warning),
            _SHOWN_MS,
        )
