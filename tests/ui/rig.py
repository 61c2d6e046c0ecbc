"""The whole window in this process, over a real core with real servers, without a screen."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QWidget

from app.core import Core
from app.errors import AppError
from app.ui.dialogs.problem import Problems
from app.ui.event_loop import EventLoop
from app.ui.session import TraySession
from app.ui.theme import Theme
from app.ui.tray import Tray
from app.ui.window import Window
from tests import desktop as desktops
from tests.patience import PATIENCE_S, late
from tests.qt_loop import qt_loop

T = TypeVar("T")


@dataclass
class Rig:
    """`until` and `run` turn Qt's loop, and with it asyncio's; nothing happens between them."""

    app: QApplication
    loop: EventLoop
    home: Path
    core: Core
    theme: Theme
    tray: Tray
    session: TraySession
    problems: list[AppError]
    desktop: desktops.Desktop | None = None
    life: asyncio.Task[None] | None = None

    @property
    def window(self) -> Window:
        return self.session.window

    def run(self, work: Coroutine[Any, Any, T], seconds: float = PATIENCE_S) -> T:
        """What `work` returns."""
        task = self.loop.create_task(work)
        self.until(task.done, seconds, "the work did not end")
        return task.result()

    def until(
        self,
        condition: Callable[[], object],
        seconds: float = PATIENCE_S,
        what: Callable[[], str] = str,
    ) -> float:
        """Turn the loop until `condition` holds; returns how long that took.

        Raises:
            AssertionError: it did not hold within `seconds`; says what `what` returns then.
        """
        began = time.monotonic()
        while not condition():
            assert time.monotonic() < began + seconds, late(condition, seconds, what())
            QTest.qWait(1)
        return time.monotonic() - began

    def page(self, name: str) -> QWidget:
        """The page called `name`, on the screen."""
        self.session.go(name)
        page = self.window.page(name)
        self.until(page.isVisible)
        return page

    def close_dialogs(self) -> list[list[str]]:
        """Close each dialog of the window; returns the words of each."""
        left = [each for each in self.window.findChildren(QDialog) if each.isVisible()]
        words = [[part.text() for part in each.findChildren(QLabel)] for each in left]
        for each in left:
            each.reject()
        return words

    def activate(self, window: QWidget | None = None) -> None:
        """Make a window, or Lou's own, the active one, which keys and the focus need.

        Where a menu was open, Qt may give the window the focus, yet take it for inactive, and
        then activates it only after another one was active.
        """
        wanted = window or self.window
        wanted.activateWindow()
        if not wanted.isActiveWindow():
            other = QWidget()
            other.show()
            other.activateWindow()
            self.until(other.isActiveWindow)
            other.close()
            wanted.activateWindow()
        self.until(wanted.isActiveWindow)

    def state(self, server: str) -> str:
        return self.core.server(server).state

    def start(self) -> None:
        self.life = self.loop.create_task(self.session.run())
        self.until(lambda: len(self.core.servers()) >= 2 or self.life.done())
        if self.life.done():
            self.life.result()

    def stop(self) -> None:
        assert self.life is not None
        self.session.quit()
        self.until(self.life.done, what=lambda: "Lou does not end")
        self.life.result()


class KeptProblems(Problems):
    """Shows problems, and keeps them for the tests to look at."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.kept: list[AppError] = []

    def show(self, error: AppError) -> None:
        """Keep `error` and show it."""
        self.kept.append(error)
        super().show(error)


@contextlib.contextmanager
def rig(
    app: QApplication,
    *,
    with_keyring: bool = True,
    ready: bool = True,
    within: str = ".",
    **settings: Any,
) -> Iterator[Rig]:
    """A running application in a private home; the environment is put back afterwards.

    The home is the folder `within` of one that the keyring has, whose paths must be short.
    """
    base = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
    home = base / within
    home.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("XDG_", "LOU_"))]:
        del os.environ[name]
    os.environ.update(HOME=str(home), LOU_HOME=str(home / "lou"))
    try:
        with contextlib.ExitStack() as stack:
            desktop = stack.enter_context(desktops.session(base)) if with_keyring else None
            os.environ["HOME"] = str(home)
            made = stack.enter_context(_built(app, home, {"welcome_seen": True, **settings}))
            made.desktop = desktop
            made.start()
            if ready:
                made.until(lambda: all(made.state(n) == "ready" for n in ("search", "tracker")))
            yield made
            made.stop()
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def _built(app: QApplication, home: Path, settings: dict[str, Any]) -> Iterator[Rig]:
    app.setQuitOnLastWindowClosed(False)
    with qt_loop(app, already_running=True) as loop:  # the tests turn it
        loop.set_default_executor(ThreadPoolExecutor(4))
        yield from _session(app, loop, home, settings)


def _session(
    app: QApplication, loop: EventLoop, home: Path, settings: dict[str, Any]
) -> Iterator[Rig]:
    theme = Theme(app)
    tray = Tray(theme)
    core = Core("tray")
    core.settings.update(lambda config: config.with_settings(**settings))
    problems = KeptProblems(theme)
    session = TraySession(core, theme, tray, problems, loop=loop)
    try:
        yield Rig(app, loop, home, core, theme, tray, session, problems.kept)
    finally:
        tray.close()
        session.window.deleteLater()
        QTest.qWait(1)
        gc.collect()
