"""What every page and dialog works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the tray is on the screen before the core is imported
    from app.core import Core
    from app.ui.call_history import CallHistory
    from app.ui.tasks import Tasks
    from app.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class PageContext:
    """The core, the look, the place to start work, and the way to another page.

    `go("logs")` opens a page or a dialog by the name that `Notice.action` uses; a second word says
    what of it: `go("logs search")`.
    """

    core: Core
    theme: Theme
    tasks: Tasks
    go: Callable[[str], None]
    history: CallHistory
