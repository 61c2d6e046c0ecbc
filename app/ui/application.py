"""Starts the tray application: shows the icon, then imports and runs the core."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QMessageLogContext,
    QSocketNotifier,
    Qt,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from app.errors import AppError
from app.ui import icons, memory_footprint
from app.ui.event_loop import EventLoop
from app.ui.garbage import Garbage
from app.ui.mac_application import Application, leave_dock
from app.ui.theme import Theme
from app.ui.tray import Tray

if TYPE_CHECKING:
    from app.control.instance_lock import InstanceLock
    from app.ui.session import TraySession

log = logging.getLogger(__name__)

_THREADS = 4
_APP_ID = "Lou.Tray"
"""The AppUserModelID; the shortcut of the setup program has the same one."""
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def main(lock: InstanceLock) -> int:
    """Run until the user quits, then release `lock`; returns the exit code."""
    memory_footprint.share_one_heap()
    qInstallMessageHandler(_log_qt)
    app = Application(["lou"])
    app.setApplicationName("lou")
    app.setApplicationDisplayName("Lou")
    app.setDesktopFileName("lou")
    app.setQuitOnLastWindowClosed(False)
    leave_dock()
    _name_to_windows()
    garbage = Garbage()
    theme = Theme(app)
    tray = Tray(theme)
    app.setWindowIcon(icons.app_icon())
    loop = EventLoop(app)
    threads = ThreadPoolExecutor(_THREADS, "lou")
    loop.set_default_executor(threads)
    asyncio.set_event_loop(loop)
    try:
        with loop, threads:
            return int(loop.run_until_complete(_run(app, theme, tray, garbage)))
    finally:
        garbage.stop()
        lock.release()


def show_refusal(title: str, hint: str) -> None:
    """Tell a person who started Lou from an icon why it does not start; waits until they read it.

    Without a screen nobody would close the message, so none is shown.
    """
    from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415 - the tray does without

    app = QApplication(["lou"])
    if app.platformName() in {"offscreen", "minimal"}:
        return
    app.setApplicationDisplayName("Lou")
    app.setWindowIcon(icons.app_icon())
    theme = Theme(app)
    theme.style_widgets()
    box = QMessageBox(QMessageBox.Icon.Critical, "Lou does not start", title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setInformativeText(hint)
    box.exec()
    del theme


async def _run(app: Application, theme: Theme, tray: Tray, garbage: Garbage) -> int:
    from app.core import Core  # noqa: PLC0415 - after the icon is on the screen
    from app.ui.dialogs.problem import Problems  # noqa: PLC0415
    from app.ui.session import TraySession  # noqa: PLC0415

    problems = Problems(theme)
    core = Core("tray")
    core.heartbeat.every(2, garbage.collect)
    session = TraySession(core, theme, tray, problems, loop=asyncio.get_running_loop())
    _listen_to_session_end(app, session)
    app.on_quit = session.quit
    release = _listen_to_signals(session.quit)
    try:
        await session.run()
    except AppError as error:
        log.exception("Lou could not start")
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        release()
        tray.close()
    return 0


def _listen_to_session_end(app: QApplication, session: TraySession) -> None:
    """End Lou when the user logs off or the machine shuts down.

    Windows asks first, when another program may still refuse, and ends the process when the message
    that follows has been handled. Qt tells of that one by `aboutToQuit`.
    """
    if sys.platform == "win32":
        from app.system import console_close  # noqa: PLC0415 - on Windows only

        app.aboutToQuit.connect(session.log_out_and_wait)
        loop = asyncio.get_running_loop()
        console_close.listen(lambda: loop.call_soon_threadsafe(session.log_out))
    else:
        app.commitDataRequest.connect(lambda _manager: session.log_out())


def _listen_to_signals(quit_: Callable[[], None]) -> Callable[[], None]:
    """Call `quit_` on the signals that ask for an end; returns a function that stops listening.

    Python runs signal handlers only between bytecodes, and Qt waits in C. A signal therefore writes
    into a socket that Qt watches.
    """
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    for name in _SIGNALS:
        if number := getattr(signal, name, None):
            signal.signal(number, lambda _number, _frame: quit_())
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: ours.recv(64))

    def release() -> None:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before)
        ours.close()
        theirs.close()

    return release


def _name_to_windows() -> None:
    """Let Windows group the windows and show notifications under Lou's name, not Python's."""
    if sys.platform == "win32":
        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(_APP_ID)


def _log_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logging.getLogger(f"qt.{context.category}").log(_LEVELS.get(kind, logging.WARNING), "%s", text)
