"""What the supervisor gives to each watch, and where a watch tells its news."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from app.supervision.launch_command import Launch
from app.views import Trouble
from servers.contract.envelope import Event


@dataclass(frozen=True, slots=True)
class RunnerContext:
    """What every watch of one supervisor shares."""

    prepare: Callable[[str], Awaitable[Launch | Trouble]]
    swept: Callable[[], Awaitable[None]]
    """Returns when what an earlier app left behind is gone."""
    run_folder: Path
    redact: Callable[[str], str]
    changed: Callable[[str], None]
    message: Callable[[tuple[str, Event]], None]
    stderr: Callable[[tuple[str, str]], None]
    gave_up: Callable[[tuple[str, Trouble]], None]
    counted: Callable[[], None]
    woke: Callable[[float], None]
    """A timer fired so many seconds late."""
