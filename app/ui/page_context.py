"""What every page and dialog gets: core, theme, tasks, navigation, and the latest tool calls."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from servers.contract import ownership

if TYPE_CHECKING:  # the tray is on the screen before the core is imported
    from app.core import Core
    from app.system.listeners import Listeners
    from app.ui.tasks import Tasks
    from app.ui.theme import Theme
    from app.views import CallRecord

Offer = Callable[[str, str, str, Callable[[], object]], None]

_MOST_CALLS = 2_000


@dataclass(frozen=True, slots=True)
class PageContext:
    """The parts of the application that a page works with.

    `go("logs")` opens a page or a dialog by the name that `Notice.action` uses. A second word names
    the item to select there: `go("logs search")`.
    """

    core: Core
    theme: Theme
    tasks: Tasks
    go: Callable[[str], None]
    history: CallHistory
    offer: Offer
    """Shows above the page what was done: its title, its text, a button, and what that does."""

    def opener(self, place: str) -> Callable[[], None]:
        """What opens `place`, for a button."""
        return lambda: self.go(place)

    def starter(self, work: Callable[[], Coroutine[Any, Any, object]]) -> Callable[[], None]:
        """What starts `work` as a task, for a button."""

        def start() -> None:
            self.tasks.start(work())

        return start


class CallHistory:
    """The latest tool calls of any client, so that a log line can name the call that caused it."""

    def __init__(self, calls: Listeners[CallRecord]) -> None:
        self._calls: OrderedDict[str, CallRecord] = OrderedDict()
        calls.subscribe(self._add)

    def find(self, call: str) -> CallRecord | None:
        return self._calls.get(call)

    def _add(self, record: CallRecord) -> None:
        self._calls[record.id] = record
        while len(self._calls) > _MOST_CALLS:
            self._calls.popitem(last=False)


def show_in_folder(path: Path) -> None:
    """Open the folder of `path` in the desktop's file manager."""
    open_path(path.parent)


def open_path(path: Path) -> None:
    """Open a file or a folder in the desktop's program for it."""
    open_url(QUrl.fromLocalFile(str(path)))


def open_url(url: QUrl) -> None:
    """Open `url` in the desktop's program for it, which gets the umask of the user's session."""
    with ownership.UsersUmask():
        QDesktopServices.openUrl(url)
