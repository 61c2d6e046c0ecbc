"""What a start does when Lou may run already: take the lock, or raise the window of the first."""

from __future__ import annotations

import sys

from app import instance
from app.errors import AppError
from app.instance import InstanceLock
from app.wire import NotRunningError, Wire


def claim_or_raise(mode: str) -> InstanceLock | int:
    """The lock of the only Lou, or the exit code of a start that was one too many."""
    try:
        lock = instance.claim()
        if lock is not None:
            return lock
        with Wire() as wire:
            first = wire.ask("show")["mode"]
    except NotRunningError:
        sys.stderr.write(
            f"Another Lou (process {instance.holder()}) is starting or ending.\nTry again soon.\n"
        )
        return 1
    except AppError as refused:
        sys.stderr.write(f"{refused.title}\n{refused.hint}\n")
        return 1
    if first == "tray" and mode == "tray":
        return 0
    other = "in the tray" if first == "tray" else "without a window (`lou serve`)"
    sys.stderr.write(f"Lou runs already, {other}.\nStop it first: lou quit\n")
    return 1
